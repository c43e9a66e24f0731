"""From published weights to a safe weight file, in one call."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from irmas_tf.config.backbone_spec import BackboneSpec
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.process.places import why_not_writable
from irmas_tf.process.quiet_tensorflow import import_tensorflow
from irmas_tf.weights.state_dicts import left_out
from irmas_tf.weights.weight_file import check_name, write_weight_file
from irmas_tf.weights.weight_sources import (
    PublishedWeights,
    is_handle,
    read_published,
    require_model_file,
    where_published,
)

if TYPE_CHECKING:
    import keras

VERIFY_SECONDS = 3
_BEST_CLASSES = 3


@dataclasses.dataclass(frozen=True)
class SignalAnswer:
    """What a network answers to a signal.

    Attributes:
        signal: its name.
        embedding_norm: Euclidean norm of the embedding.
        best: (name of the class, probability) of the most probable classes, best first.
    """

    signal: str
    embedding_norm: float
    best: tuple[tuple[str, float], ...]


@dataclasses.dataclass(frozen=True)
class Conversion:
    """A weight file that was made.

    Attributes:
        path: the file.
        spec: the network.
        published: the weights as they were read.
        metadata: what the file says of itself (`irmas_tf.weights.loading.describe`).
        tensors, parameters: how many tensors it holds, and how many numbers.
        answers: to three signals, if they were asked for.
        notes: where in the file the weights were, what of it was left out, and what is unlike the published file.
    """

    path: Path
    spec: BackboneSpec
    published: PublishedWeights
    metadata: dict[str, Any]
    tensors: int
    parameters: int
    answers: tuple[SignalAnswer, ...]
    notes: tuple[str, ...] = ()


def find_backbone(name: str) -> BackboneSpec:
    """Return a pretrained network.

    Raises:
        WeightsError: there is none of that name; the message lists them.
    """
    try:
        return BACKBONES.get(name)
    except ValueError as error:
        raise WeightsError(f"--backbone: {error}") from error


def answers_to_signals(
    model: keras.Model, spec: BackboneSpec, class_names: Sequence[str] = ()
) -> tuple[SignalAnswer, ...]:
    """Return what a network answers to silence, a sine and noise of `VERIFY_SECONDS`.

    Args:
        model: waveform [batch, samples] -> ``embedding`` and ``probabilities``.
        spec: the network.
        class_names: of the published classifier, if they are known.

    Raises:
        WeightsError: an answer is not finite, or the same to everything.
    """
    samples = VERIFY_SECONDS * spec.sample_rate_hz
    time = np.arange(samples) / spec.sample_rate_hz
    signals = {
        "silence": np.zeros(samples),
        "440 Hz sine": 0.5 * np.sin(2 * np.pi * 440.0 * time),
        "noise": 0.1 * np.random.default_rng(0).standard_normal(samples),
    }
    outputs = model.predict_on_batch(np.stack(list(signals.values())).astype(np.float32))
    if not all(np.all(np.isfinite(value)) for value in outputs.values()):
        raise WeightsError(f"{spec.name}: with these weights the network's outputs are not finite")
    embedding = outputs["embedding"]
    if max(np.ptp(embedding, axis=0)) < 1e-6:
        raise WeightsError(f"{spec.name}: with these weights the network answers the same to everything")
    answers = []
    for signal, probabilities, vector in zip(signals, outputs["probabilities"], embedding, strict=True):
        order = np.argsort(probabilities)[::-1][:_BEST_CLASSES]
        best = tuple((class_names[i] if class_names else f"class {i}", float(probabilities[i])) for i in order)
        answers.append(SignalAnswer(signal, float(np.linalg.norm(vector)), best))
    return tuple(answers)


def convert(
    backbone: str,
    weights: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    labels: str | os.PathLike[str] | None = None,
    verify: bool = False,
) -> Conversion:
    """Read the published weights of a network and write them as a weight file.

    Args:
        backbone: name of the network.
        weights: published file, folder of a SavedModel, or handle of TensorFlow Hub, which alone may be downloaded.
        out: file to write, ending in ``.npz``.
        labels: CSV with index and display_name of the classes; without it names are recorded only from the class map
            that a SavedModel of TensorFlow Hub brings.
        verify: run three signals through the result, and load the written file again.

    Raises:
        WeightsError: no such network, or weights that are not its own; the message says what is wrong with them.
    """
    spec = find_backbone(backbone)
    if not weights:
        raise WeightsError(f"--weights is missing. {where_published(spec, f'weights/{spec.published_file}')}")
    if not out:
        raise WeightsError(f"--out is missing: name the weight file to write, e.g. --out=weights/{spec.name}.npz")
    # What is wrong with the files is said at once, not when TensorFlow is there.
    if reason := why_not_writable(check_name(out).parent):
        raise WeightsError(f"--out={out}: nothing can be written there ({reason}); choose another place")
    if labels and not Path(labels).expanduser().is_file():
        raise WeightsError(f"--labels={labels}: no such file")
    if not is_handle(weights):
        require_model_file(spec, weights)
    import_tensorflow("converting weights")
    published = read_published(spec, weights)
    from irmas_tf.weights.loading import (
        convert_weights,
        load_pretrained,
        read_class_names,
        tensors_beside,
        with_classes_of,
    )

    notes = list(published.notes)
    if beside := tensors_beside(spec, published):
        notes.append(left_out(beside))
    usual, spec = spec, with_classes_of(spec, published)
    if spec.num_labels != usual.num_labels:
        notes.append(f"its classifier has {spec.num_labels} classes, not {usual.num_labels}; embeddings do not use it")
    class_map = labels or published.class_map
    names = read_class_names(class_map, spec.num_labels) if class_map else ()
    model, file = convert_weights(spec, published, names)
    answers = answers_to_signals(model, spec, names) if verify else ()
    path = write_weight_file(out, file.metadata, file.tensors)
    if verify:
        load_pretrained(model, spec, path)
    parameters = sum(tensor.size for tensor in file.tensors.values())
    return Conversion(path, spec, published, file.metadata, len(file.tensors), parameters, answers, tuple(notes))
