"""Putting the weights of another run into a new model: its body, and its head as far as the classes are the same."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from irmas_tf.beginnings.same_classes import same_classes
from irmas_tf.beginnings.source import Source
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.run_model import load_keras_model
from irmas_tf.layers.base import FrontEnd
from irmas_tf.models.heads import LOGITS
from irmas_tf.process.bounded_json import read_json
from irmas_tf.process.checksums import checksum_of
from irmas_tf.runs.origin import licences_of

HEAD = ("head_dense", "head_bn", LOGITS)
"""Layers that may be new; all others with weights are the body, and are taken whole."""


def take_weights(model: keras.Model, config: Config, source: Source) -> dict[str, Any]:
    """Copy the weights of a source into a model and return what was taken, JSON-ready.

    The body has the statistics of its front-ends and normalisations as well as what was learnt. The head's hidden layer
    is taken if it has the same shape, and then of the last layer the rows of the classes that are the same, if both
    answer the same question (``--task``); the rest stays random.

    Args:
        model: built from ``config``, with random weights.
        config: the run's configuration.
        source: fits it (`irmas_tf.beginnings.source.find_source`).

    Raises:
        ModelError: the model cannot be read.
        ConfigError: its layers are not those of ``model``.
    """
    theirs = {layer.name: layer for layer in load_keras_model(source.model_path, source.config or config).layers}
    shown = f"--init_from={config.model.init_from}"
    taken, fresh, numbers = [], [], 0
    for layer in model.layers:
        other = theirs.get(layer.name)
        if isinstance(layer, FrontEnd):
            _require_front_end(layer, other, shown)
        if not layer.weights or layer.name == LOGITS:
            continue
        shapes = [tuple(weight.shape) for weight in layer.weights]
        other_shapes = [tuple(weight.shape) for weight in other.weights] if other is not None else None
        if shapes == other_shapes:
            layer.set_weights(other.get_weights())  # type: ignore[union-attr]  # it has shapes
            taken.append(layer.name)
            numbers += sum(weight.size for weight in layer.get_weights())
        elif layer.name in HEAD:
            fresh.append(layer.name)
        else:
            raise ConfigError(
                f"{shown}: its weights are of another network: layer {layer.name} has the shapes"
                f" {other_shapes or 'of no layer'}, and this run's {shapes}"
            )
    rows = {} if fresh else _rows_of_classes(model, theirs.get(LOGITS), config, source)
    codes = config.labels.codes
    return {
        "path": str(source.model_path.resolve()),
        "sha256": checksum_of(source.model_path),
        "run": source.run.path.resolve().name if source.run else None,
        "numbers": int(numbers),
        "layers": taken,
        "new_layers": fresh,
        "classes": rows,
        "new_classes": [code for code in codes if code not in rows],
        "licences": _licences(source),
        "trained_on": _trained_on(source),
    }


def _require_front_end(ours: FrontEnd, theirs: Any, shown: str) -> None:
    """Refuse a front-end that computes something else; names and shapes of weights would not tell."""
    identity = getattr(theirs, "identity", None)
    if identity != ours.identity:
        raise ConfigError(
            f"{shown}: its weights are of another network: {ours.name} is {identity or 'not in it'}, and in this run"
            f" {ours.identity}"
        )


def _rows_of_classes(model: keras.Model, theirs: Any, config: Config, source: Source) -> dict[str, str]:
    """Copy the last layer's rows of the classes that are the same; return our code -> theirs."""
    if theirs is None or source.config is None or source.config.model.task != config.model.task:
        return {}
    pairs = same_classes(config.labels, source.config.labels)
    kernel, bias = model.get_layer(LOGITS).get_weights()
    other_kernel, other_bias = theirs.get_weights()
    if not pairs or len(kernel) != len(other_kernel):
        return {}
    ours, others = np.array(list(pairs)), np.array(list(pairs.values()))
    kernel[:, ours], bias[ours] = other_kernel[:, others], other_bias[others]
    model.get_layer(LOGITS).set_weights([kernel, bias])
    return {config.labels.codes[own]: source.config.labels.codes[other] for own, other in pairs.items()}


def _licences(source: Source) -> list[str]:
    if source.run is None or source.config is None:
        name = source.model_path.name
        return [f"The weights began with those of {name}, whose terms hold, too; the file does not say which."]
    return licences_of(source.run, source.config)


def _trained_on(source: Source) -> dict[str, Any] | None:
    """Return what the source's run says of its data; None if it says nothing."""
    if source.run is None:
        return None
    try:
        about = read_json(source.run.data_path)
    except (OSError, ValueError):
        return None
    return about if isinstance(about, dict) else None


def in_words(taken: dict[str, Any]) -> str:
    """Return a line for the log."""
    classes, new = taken["classes"], taken["new_classes"]
    head = f"the head's rows of {len(classes)} of {len(classes) + len(new)} classes" if classes else "a new head"
    layers = f"{len(taken['layers'])} layers, {taken['numbers']:,} numbers"
    return f"begins with {taken['path']} (sha256 {taken['sha256'][:12]}): {layers}; {head}"
