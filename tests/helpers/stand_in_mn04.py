"""mn04 with random weights, in place of the published file, which tests do not have: all that is made of it by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.deploy.lite_interpreter import LiteInterpreter
from irmas_tf.process.checksums import checksum_of
from irmas_tf.shipped import correction, template
from irmas_tf.shipped.audioset import IRMAS_CLASSES
from irmas_tf.shipped.mn04 import Mn04
from irmas_tf.shipped.template import Template
from tests.helpers.torch_files import write_zip


def random_state(blank: Template, seed: int = 0) -> dict[str, np.ndarray]:
    """Return arrays of the names and shapes of the published file, at which a network stays in its range."""
    rng, state = np.random.default_rng(seed), {}
    for slot in blank.slots:
        if slot.source and not slot.source.startswith("head/"):
            shape = tuple(slot.shape[slot.axes.index(axis)] for axis in range(len(slot.axes)))
            fan_in = max(1, int(np.prod(shape[1:])))
            state[slot.source] = (rng.standard_normal(shape) * np.sqrt(1.6 / fan_in)).astype(np.float32)
        elif slot.norm:
            (channels,) = slot.shape
            values = {"weight": (1, 0.1), "bias": (0, 0.1), "running_mean": (0, 0.1), "running_var": (1, 0.05)}
            for name, (mean, deviation) in values.items():
                state[f"{slot.norm}.{name}"] = (mean + deviation * rng.standard_normal(channels)).astype(np.float32)
    return state


def random_head(blank: Template, seed: int = 1) -> dict[str, np.ndarray]:
    """Return a head that depends on all that it sees."""
    rng, (classes, width) = np.random.default_rng(seed), blank.head_shape
    kernel = rng.standard_normal((classes, width)) / np.sqrt(width)
    return {template.HEAD: kernel.astype(np.float32), template.OFFSET: rng.standard_normal(classes).astype(np.float32)}


def answers_to_the_check(content: bytes, blank: Template) -> dict[str, list[float]]:
    """Return what a file answers to the made signal, as a template expects it."""
    rate, samples = blank.facts["sample_rate_hz"], blank.facts["window_samples"]
    signal = template.check_signal(rate, samples / rate)[None]
    answer = LiteInterpreter(content).values(signal, [template.AUDIOSET, "embedding"])
    logits = answer[template.AUDIOSET][0][list(IRMAS_CLASSES.values())]
    embedding = answer["embedding"][0][: template.CHECKED_EMBEDDING]
    return {template.AUDIOSET: logits.tolist(), "embedding": embedding.tolist()}


def write_correction(path: Path, **changes: object) -> Path:
    """Write a correction that moves each class a little."""
    classes, size = len(IRMAS_CODES), template.EMBEDDING_SIZE
    arrays = {
        "scale": np.float32(0.9),
        "offset": np.linspace(-1, 1, classes, dtype=np.float32),
        "weight": np.random.default_rng(2).standard_normal((classes, size)).astype(np.float32) / 100,
        "feature": "mn04_embedding",
        "thresholds": np.linspace(0.3, 0.5, classes, dtype=np.float32),
        "classes": np.array(IRMAS_CODES),
        "facts": json.dumps({"figures": "right for all that a test made up", "seed": 0}),
    }
    np.savez(path, **(arrays | changes))
    return path


def make_stand_in(folder: Path, cache: Path) -> Mn04:
    """Return mn04 with random weights, whose file lies in a cache folder as the fetched one does.

    Args:
        folder: for its template and its correction.
        cache: what `irmas_tf.process.cache_folder.cache_folder` returns.
    """
    blank = template.read_template()
    state = random_state(blank)
    head = correction.untrained(0.2).head(blank.head_shape)
    expected = answers_to_the_check(blank.fill({**state, **head}), blank)
    blank.with_expected(expected).write(folder / "template.zip")
    weights = cache / "weights" / "mn04_as_mAP_432.pt"
    weights.parent.mkdir(parents=True, exist_ok=True)
    write_zip(weights, state)
    write_correction(folder / "correction.npz")
    return Mn04(folder / "template.zip", folder / "correction.npz", checksum_of(weights))
