"""Putting pretrained weights into networks, after checking that they belong there."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from irmas_tf import __version__
from irmas_tf.config.backbone_spec import BackboneSpec
from irmas_tf.models.pretrained import all_layers, front_end_of, published_classifier
from irmas_tf.models.weight_table import Array, WeightsError
from irmas_tf.process.bounded_text import check_columns, read_bounded
from irmas_tf.weights.model_files import describe as describe_file
from irmas_tf.weights.state_dicts import beside_network
from irmas_tf.weights.weight_file import WeightFile, read_weight_file
from irmas_tf.weights.weight_sources import PublishedWeights, is_handle, missing_weights

_MOST_NAMES_BYTES = 16 << 20  # of a list of classes
# Kept by PyTorch beside the weights, without meaning for the network.
_IGNORED_SUFFIX = ".num_batches_tracked"


def _network_tensors(spec: BackboneSpec, published: PublishedWeights) -> dict[str, Array]:
    """Return the published tensors without those of no meaning and those of the front-end, which are checked."""
    tensors = {key: value for key, value in published.tensors.items() if not key.endswith(_IGNORED_SUFFIX)}
    try:
        spec.take_front_end(tensors)
    except WeightsError as error:
        raise WeightsError(f"{published.source}: {error}") from error
    return tensors


def tensors_beside(spec: BackboneSpec, published: PublishedWeights) -> tuple[str, ...]:
    """Return the names of published tensors that belong to no module of the network, such as a training's own layers.

    Raises:
        WeightsError: the weights were trained with another front-end.
    """
    return beside_network(_network_tensors(spec, published), {entry.source for entry in spec.weight_table()})


def with_classes_of(spec: BackboneSpec, published: PublishedWeights) -> BackboneSpec:
    """Return the network with as many classes as the published weights have, which a fine-tuned head may have changed.

    Embeddings and training do not use these classes.
    """
    last = spec.head_blocks[-1] if spec.head_blocks else None
    for entry in spec.weight_table():
        if entry.variable == "bias" and spec.block_of(entry.layer) == last and entry.source in published.tensors:
            shape = published.tensors[entry.source].shape
            if len(shape) == 1 and shape[0] not in (0, spec.num_labels):
                return dataclasses.replace(spec, num_labels=shape[0], label_set=f"{shape[0]} classes of its own")
    return spec


def turned_tensors(spec: BackboneSpec, published: PublishedWeights) -> dict[str, Array]:
    """Return published tensors as Keras variables, float32, by `WeightEntry.key`.

    Raises:
        WeightsError: a tensor is missing, unknown or not finite, or the weights were trained with another front-end.
    """
    tensors = _network_tensors(spec, published)
    table = spec.weight_table()
    expected = {entry.source for entry in table}
    missing = [entry for entry in table if entry.source not in tensors]
    unknown = sorted(set(tensors) - expected - set(() if missing else beside_network(tensors, expected)))
    if missing or unknown:
        parts = []
        if missing:
            first = missing[0]
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            parts.append(f"has no {first.source!r} for layer {first.layer}, {first.variable}{more}")
        if unknown:
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            parts.append(f"has {unknown[0]!r}{more}, which the network does not have")
        how = f" ({'; '.join(published.notes)})" if published.notes else ""
        raise WeightsError(f"{published.source}: is not of {spec.name}: it {'; it '.join(parts)}{how}")
    result: dict[str, Array] = {}
    for entry in table:
        tensor = tensors[entry.source]
        if tensor.dtype.kind not in "fiu":
            raise WeightsError(f"{published.source}: layer {entry.layer}, {entry.variable}: holds no numbers")
        value = np.ascontiguousarray(entry.turn(tensor), np.float32)
        if not np.all(np.isfinite(value)):
            raise WeightsError(f"{published.source}: layer {entry.layer}, {entry.variable}: is not finite everywhere")
        result[entry.key] = value
    return result


def assign_tensors(
    model: keras.Model, spec: BackboneSpec, tensors: Mapping[str, Array], source: str, name: str | None = None
) -> int:
    """Copy tensors into the layers of a backbone and return how many numbers were copied.

    Args:
        model: contains the backbone; the published classifier's layers are filled if the model has them.
        spec: the network.
        tensors: by `WeightEntry.key`.
        source: where they come from, for messages.
        name: prefix of the layers' names; the backbone's name by default.

    Raises:
        WeightsError: a tensor is missing or has another shape than its variable, or the model lacks a layer. Nothing
            is copied then.
    """
    prefix = name or spec.name
    layers = {layer.name: layer for layer in all_layers(model)}
    pairs = []
    for entry in spec.weight_table():
        layer = layers.get(f"{prefix}_{entry.layer}")
        if layer is None:
            if spec.block_of(entry.layer) in spec.head_blocks:
                continue
            raise WeightsError(
                f"model {model.name!r} does not contain {prefix}: it has no layer {prefix}_{entry.layer}"
            )
        variable = getattr(layer, entry.variable)
        if entry.key not in tensors:
            raise WeightsError(f"{source}: has nothing for layer {layer.name}, {entry.variable}")
        value = tensors[entry.key]
        if value.shape != tuple(variable.shape):
            raise WeightsError(
                f"{source}: layer {layer.name}, {entry.variable}: the file has shape {value.shape},"
                f" the network {tuple(variable.shape)}"
            )
        pairs.append((variable, value))
    for variable, value in pairs:
        variable.assign(value)
    return sum(value.size for _, value in pairs)


def read_class_names(path: str | os.PathLike[str], count: int) -> tuple[str, ...]:
    """Return the class names in AudioSet's CSV files: columns ``index`` and ``display_name``.

    Raises:
        WeightsError: the file is no such CSV or has another number of classes.
    """
    try:
        text = read_bounded(Path(path).expanduser(), _MOST_NAMES_BYTES).decode()
        reader = csv.DictReader(io.StringIO(text, newline=""))
        check_columns(reader.fieldnames or ())
        if not {"index", "display_name"} <= set(reader.fieldnames or ()):
            raise KeyError("index")
        rows = list(reader)
        names = {int(row["index"]): row["display_name"] for row in rows}
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        wanted = "a list of classes: a CSV with columns index and display_name"
        raise WeightsError(f"{path}: {describe_file(path, wanted=wanted)}") from error
    if sorted(names) != list(range(count)) or len(rows) != count:
        raise WeightsError(f"{path}: lists {len(rows)} classes, the network has {count}")
    return tuple(names[index] for index in range(count))


def describe(spec: BackboneSpec, published: PublishedWeights, class_names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what a converted file says about its weights (`WeightFile.metadata`).

    Args:
        spec: the network.
        published: its weights; the front-end's constants among them, if there are any, have been compared with ours.
        class_names: of the published classifier, if they are known.
    """
    is_published = None
    if spec.sha256 and published.format == spec.formats[0]:
        is_published = published.sha256 == spec.sha256
    # A file of another kind, or with another checksum, does not come from there.
    may_be_published = published.format == spec.formats[0] and is_published is not False
    url = published.source if is_handle(published.source) else spec.url if may_be_published else None
    return {
        "backbone": spec.name,
        "front_end": spec.front_end,
        "front_end_verified": is_published is True or spec.carries_front_end(published.tensors),
        "labels": {"set": spec.label_set, "count": spec.num_labels, "names": list(class_names)},
        "source": {
            "file": published.source,
            "format": published.format,
            "sha256": published.sha256,
            "url": url,
            # None: no checksum is known to compare with, or it is not the published kind of file.
            "is_published_file": is_published,
        },
        "licence": spec.licence,
        "converter": f"irmas_tf {__version__}",
    }


def convert_weights(
    spec: BackboneSpec, published: PublishedWeights, class_names: tuple[str, ...] = ()
) -> tuple[keras.Model, WeightFile]:
    """Return the published classifier with these weights, and what to write to a weight file.

    Raises:
        WeightsError: the weights are not of this network; the message names the layer.
    """
    model = published_classifier(spec)
    tensors = turned_tensors(spec, published)
    assign_tensors(model, spec, tensors, published.source)
    return model, WeightFile(describe(spec, published, class_names), tensors)


def load_pretrained(
    model: keras.Model,
    spec: BackboneSpec,
    path: str | os.PathLike[str],
    name: str | None = None,
    *,
    flag: str = "weights",
) -> dict[str, Any]:
    """Copy the weights in a converted file into a backbone inside ``model`` and return the file's metadata.

    Args:
        model: contains the backbone; the published classifier's layers are filled if the model has them.
        spec: the network.
        path: what `irmas_tf.convert` wrote.
        name: prefix of the layers' names; the backbone's name by default.
        flag: which gave the path, for messages.

    Raises:
        WeightsError: the file is missing (the message says where the weights are published and what makes the file),
            damaged, or of another network or front-end.
    """
    if not Path(path).expanduser().exists():
        raise WeightsError(missing_weights(spec, path, flag))
    file = read_weight_file(path, spec.name)
    load_weight_file(model, spec, file, path, name)
    return file.metadata


def load_weight_file(
    model: keras.Model,
    spec: BackboneSpec,
    file: WeightFile,
    path: str | os.PathLike[str],
    name: str | None = None,
) -> None:
    """Copy the weights of a file that has been read (arguments and errors as `load_pretrained`)."""
    front_end = front_end_of(model, spec, name).identity
    if file.metadata["backbone"] != spec.name:
        raise WeightsError(f"{path}: holds weights of {file.metadata['backbone']}, not of {spec.name}")
    if file.metadata["front_end"] != front_end:
        raise WeightsError(
            f"{path}: these weights were trained with another front-end: {file.metadata['front_end']};"
            f" the model has {front_end}"
        )
    assign_tensors(model, spec, file.tensors, str(path), name)
