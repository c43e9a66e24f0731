"""How the weights in a .tflite file are stored, those of the front-ends apart from those of the network."""

from __future__ import annotations

import re
from typing import NamedTuple

from tensorflow.lite.python import schema_py_generated as schema

from irmas_tf.tflite.flatbuffer import unpack
from irmas_tf.tflite.weights import KINDS, MIN_WEIGHTS, builtin_code

_TYPES = {number: name for name, number in vars(schema.TensorType).items() if isinstance(number, int)}


class StoredWeights(NamedTuple):
    """Types ("FLOAT32", "INT8") of the constants of convolutions and matrix products, as they lie in the file.

    Attributes:
        front_end: those of operations whose name a pattern finds.
        network: those of the others that have `MIN_WEIGHTS` and more.
    """

    front_end: tuple[str, ...]
    network: tuple[str, ...]


def stored_weights(content: bytes, front_end: re.Pattern[str]) -> StoredWeights:
    """Return the types of the stored weights; of those that are made floats when the file runs, what they come from."""
    model = unpack(content)
    (graph,) = model.subgraphs
    made_from = {
        int(operator.outputs[0]): int(operator.inputs[0])
        for operator in graph.operators
        if builtin_code(model.operatorCodes[operator.opcodeIndex]) == schema.BuiltinOperator.DEQUANTIZE
    }
    types: dict[bool, list[str]] = {True: [], False: []}
    for operator in graph.operators:
        if builtin_code(model.operatorCodes[operator.opcodeIndex]) not in KINDS:
            continue
        place = int(operator.inputs[1])
        tensor = graph.tensors[made_from.get(place, place)]
        data = model.buffers[tensor.buffer].data
        is_front_end = bool(front_end.search(graph.tensors[operator.outputs[0]].name.decode()))
        if data is not None and (is_front_end or tensor.shape.prod() >= MIN_WEIGHTS):
            types[is_front_end].append(_TYPES[tensor.type])
    return StoredWeights(tuple(types[True]), tuple(types[False]))


def holds(content: bytes, values: bytes) -> bool:
    """Return whether a buffer of the file has exactly these bytes."""
    return any(buffer.data is not None and bytes(buffer.data) == values for buffer in unpack(content).buffers)
