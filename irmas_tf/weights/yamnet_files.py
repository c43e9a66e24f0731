"""The files in which YAMNet is published, read as tensors by the names of its layers. Nothing in a file is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from irmas_tf.models.weight_table import Array, WeightsError
from irmas_tf.models.yamnet import HEAD_BLOCKS, unfold_batch_norms, weight_layers, weight_table
from irmas_tf.process.bounded_npz import BoundedNpzError, read_npz

# Four million weights are 15 MB; this many could be none of YAMNet's.
_MAX_BYTES = 128 << 20
# The name of a variable at the end of a longer path, e.g. layer2/depthwise_conv/bn/beta. Google's code gives its last
# layer no name, so that Keras calls it dense, or dense_1 when it is not the first of the process.
_VARIABLE = re.compile(
    r"(?:^|/)(?:(?P<layer>layer\d+/[a-z]+_?conv(?:/bn)?|layer1/conv(?:/bn)?)|logits|dense(?:_\d+)?)"
    r"/(?P<variable>[a-z_]+)(?::0)?$"
)
_CHECKPOINT_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_CHECKPOINT_LAYER = re.compile(r"(?:^|/)layer_with_weights-(\d+)/([a-z_]+)$")


def _named(variables: Iterable[tuple[str, Any]], path: Path) -> dict[str, Any]:
    """Return the variables whose names are YAMNet's, by these names.

    Raises:
        WeightsError: two of them have the same name.
    """
    found: dict[str, Any] = {}
    for name, value in variables:
        if match := _VARIABLE.search(name):
            key = f"{match['layer'] or HEAD_BLOCKS[0]}/{match['variable']}"
            if key in found:
                raise WeightsError(f"{path}: has two variables {key!r}")
            found[key] = value
    return found


def _numbered(variables: Iterable[tuple[int, str, Any]]) -> dict[str, Any]:
    """Return variables by YAMNet's names, given the numbers of their layers; nothing if a number stands for two."""
    layers, found = weight_layers(), {}
    for number, variable, value in variables:
        if number < len(layers):
            key = f"{layers[number]}/{variable}"
            if key in found:
                return {}
            found[key] = value
    return found


def _most(by_name: dict[str, Any], by_order: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the variables by name if they are all there, or else by the layers' order if these are more."""
    if {entry.source for entry in weight_table()} <= set(by_name):
        return by_name
    ordered = by_order()
    return ordered if len(ordered) > len(by_name) else by_name


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _in_layer_order(items: Mapping[str, Any]) -> list[tuple[int, str, Any]]:
    """Return the variables in a Keras 2 weight file with the numbers of their layers, which it lists in order.

    Args:
        items: groups and datasets by their paths; nothing else is looked at.
    """
    root = next(name for name in ("model_weights", "") if name in items)  # of a whole model, or of its weights
    found, number = [], 0
    for layer in map(_text, items[root].attrs.get("layer_names", ())):
        path = f"{root}/{layer}".strip("/")
        variables = [_text(name) for name in items[path].attrs.get("weight_names", ())] if path in items else []
        for variable in variables:
            if (dataset := items.get(f"{path}/{variable}")) is not None:
                found.append((number, variable.rpartition("/")[2].removesuffix(":0"), dataset))
        number += bool(variables)
    return found


def read_keras_h5(path: Path) -> dict[str, Array]:
    """Return the variables of a Keras 2 weight file.

    Raises:
        WeightsError: the file is damaged, or takes numbers from other files.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            items: dict[str, Any] = {"": file}

            def visit(name: str, item: Any) -> None:
                # Links are not followed here, neither soft nor external ones. A dataset can still lie elsewhere.
                if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                    raise WeightsError(f"{path}: {name} takes its numbers from another file")
                items[name] = item

            file.visititems(visit)
            datasets = [(name, item) for name, item in items.items() if isinstance(item, h5py.Dataset)]
            found = _most(_named(datasets, path), lambda: _numbered(_in_layer_order(items)))
            total = sum(dataset.nbytes for dataset in found.values())
            if total > _MAX_BYTES:
                raise WeightsError(f"{path}: announces {total} bytes of weights, {_MAX_BYTES} at most are read")
            return {key: dataset[()] for key, dataset in found.items()}
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, MemoryError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path}: is a damaged HDF5 file ({error})") from error


def _numbers(keys: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """Yield layer, variable and key of checkpoint keys in which Keras numbered the layers with weights in order."""
    for key in keys:
        if match := _CHECKPOINT_LAYER.search(key.removesuffix(_CHECKPOINT_VALUE)):
            yield int(match[1]), match[2], key


def read_saved_model(folder: Path) -> dict[str, Array]:
    """Return the variables of a SavedModel from its checkpoint; its graph is not loaded, let alone run.

    Raises:
        WeightsError: the folder is no SavedModel, or its variables cannot be read.
    """
    import tensorflow as tf
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    prefix = folder / "variables" / "variables"
    if not (folder / "saved_model.pb").is_file() or not prefix.with_suffix(".index").is_file():
        raise WeightsError(f"{folder}: is not a SavedModel: it has no saved_model.pb or no variables/variables.index")
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        graph = TrackableObjectGraph.FromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
        attributes = [attribute for node in graph.nodes for attribute in node.attributes]
        keys = _most(
            _named(((a.full_name, a.checkpoint_key) for a in attributes), folder),
            lambda: _numbered(_numbers(a.checkpoint_key for a in attributes)),
        )
        return {key: reader.get_tensor(checkpoint_key) for key, checkpoint_key in keys.items()}
    except (tf.errors.OpError, RuntimeError, ValueError, KeyError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{folder}: its variables cannot be read ({error})") from error


def read_folded_npz(path: Path) -> dict[str, Array]:
    """Return the variables of a network whose batch normalisations were folded into its convolutions, unfolded.

    Raises:
        WeightsError: the file is damaged, holds objects or too much, or is converted already.
    """
    try:
        tensors = read_npz(path, max_bytes=_MAX_BYTES)
    except BoundedNpzError as error:
        raise WeightsError(f"{path}: is a damaged .npz file or holds more than weights ({error})") from error
    if "metadata" in tensors:
        raise WeightsError(f"{path}: is converted already; use it as it is")
    return unfold_batch_norms(tensors)
