"""The acceptance check of any artefact behind the one model protocol: facts, outputs on windows, clips of any length.

Kinds of artefacts that know more about themselves have a check of their own (a SavedModel's signatures and files, a
.tflite file's operations); this one serves all others, among them those that other packages register.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from irmas_tf.deploy.acceptance import Comparison, Report, median_milliseconds
from irmas_tf.deploy.check_signals import check_signals
from irmas_tf.deploy.export_inputs import LoadedRun
from irmas_tf.deploy.metadata import differences, shown
from irmas_tf.inference.artefacts import Artefact
from irmas_tf.inference.samples import window_values
from irmas_tf.inference.window_model import PROBABILITIES, ClassModel

PROBABILITY_TOLERANCE = 1e-4
RELATIVE_TOLERANCE = 1e-3
"""Of logits and embeddings, times the largest absolute value of the live ones (at least 1)."""


def _interface(model: ClassModel) -> str:
    """Return the classes and windows of a model, in words."""
    return f"{model.scheme.num_classes} classes {shown(model.scheme.codes)}, {model.audio}"


def check_windows(kind: Artefact, path: Path, loaded: LoadedRun, label: str = "") -> Report:
    """Return the report on an artefact.

    What it says about itself may be less than `irmas_tf.deploy.metadata.describe` does; what it says must be true.
    ``kind.tolerances``, if there is such an attribute, holds the greatest difference that passes per output, in place
    of `PROBABILITY_TOLERANCE` and `RELATIVE_TOLERANCE`.

    Args:
        kind: of the artefact.
        path: where it is.
        loaded: the run that it was made from.
        label: what the report calls it; its path by default.

    Raises:
        ValueError: it does not say what it was made from; the message names it.
    """
    report = Report(label or str(path))
    written = dict(kind.read_facts(path))
    wrong = differences(loaded.facts, {**loaded.facts, **written})
    report.add("facts and label order", not wrong, "; ".join(wrong) or "as in the run", "as in the run")
    size = sum(p.stat().st_size for p in ([path] if path.is_file() else path.rglob("*")) if p.is_file())
    report.inform("size", f"{size / 1e6:.2f} MB")
    try:
        model = kind.load(path)
    except ValueError as error:
        report.add("loading", False, str(error), "loads")
        return report
    live = loaded.live
    same = (model.scheme.codes, model.audio) == (live.scheme.codes, live.audio)
    report.add("classes and windows", same, _interface(model), _interface(live))
    levels, wanted_levels = (
        None if thresholds is None else np.round(thresholds, 6).tolist()
        for thresholds in (model.thresholds, live.thresholds)
    )
    report.add("thresholds", levels == wanted_levels, shown(levels), shown(wanted_levels))
    outputs = [name for name in model.outputs if name in live.outputs]
    report.add("outputs", PROBABILITIES in outputs, ", ".join(model.outputs), f"{PROBABILITIES} at least")
    if not report.passed:
        return report
    tolerances: Mapping[str, float] = getattr(kind, "tolerances", {})
    window, hop, rate = live.audio.window_samples, live.audio.window_hop_samples, live.audio.sample_rate_hz

    def compare(name: str, signal: np.ndarray) -> None:
        answers, wanted = window_values(model, signal, outputs), window_values(live, signal, outputs)
        comparisons = []
        for key in outputs:
            scale = max(1.0, float(np.abs(wanted.values[key]).max(initial=0.0)))
            tolerance = PROBABILITY_TOLERANCE if key == PROBABILITIES else RELATIVE_TOLERANCE * scale
            comparisons.append(Comparison(key, answers.values[key], wanted.values[key], tolerances.get(key, tolerance)))
        report.compare(name, *comparisons)

    signals = check_signals(rate, window, loaded.music)
    for name, signal in signals.items():
        compare(name, signal)
    lengths = {"one sample": 1, "one window and a sample": window + 1, "19 windows and a rest": window + 18 * hop + 1}
    for title, samples in lengths.items():
        compare(title, list(check_signals(rate, samples, loaded.music).values())[-1])
    batch = np.stack(list(signals.values()))
    again = [Comparison(key, model.values(batch, key), model.values(batch, key), 0.0) for key in outputs]
    report.compare("the same again", *again)
    latency = median_milliseconds(lambda: model.values(batch[:1], PROBABILITIES))
    report.inform("latency per window", f"{latency:.1f} ms")
    return report
