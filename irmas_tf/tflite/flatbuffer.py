"""A .tflite file as Python objects and back, and questions about its operations.

TensorFlow's own generated classes of the schema do the work; only their writer is mended, see `pack`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

ALIGNMENT = 16
"""Of a buffer's numbers in the file, in bytes; the schema's ``force_align``."""
_IDENTIFIER = b"TFL3"
RUNTIME_ENTRY = b"min_runtime_version"
"""Metadata entry with the version of TensorFlow whose runtime is the first that knows all operations of a file."""
_RUNTIME_BYTES = 16  # of the entry, as the converter writes it: text, then zeros


class _AlignedBuffer(schema.BufferT):
    """A buffer that is written where the schema wants it; the generated one falls on any multiple of 4."""

    def Pack(self, builder: flatbuffers.Builder) -> int:
        """Write the buffer and return its place."""
        if self.data is None or not len(self.data):
            return int(super().Pack(builder))
        content = np.asarray(self.data, np.uint8).tobytes()
        builder.StartVector(1, len(content), ALIGNMENT)
        builder.head -= len(content)
        builder.Bytes[builder.head : builder.head + len(content)] = content
        data = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, data)
        return int(schema.BufferEnd(builder))


def unpack(content: bytes) -> Any:
    """Return a .tflite file as a tree of objects, ``schema_py_generated.ModelT``."""
    return flatbuffer_utils.convert_bytearray_to_object(bytearray(content))


def pack(model: Any) -> bytes:
    """Return the .tflite file of a tree of objects, its buffers aligned; those that nothing uses are emptied."""
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    used |= {entry.buffer for entry in model.metadata or []}
    buffers = []
    for number, buffer in enumerate(model.buffers):
        aligned = _AlignedBuffer()
        aligned.data = buffer.data if number in used else None
        buffers.append(aligned)
    model.buffers = buffers
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def add_buffer(model: Any, content: bytes) -> int:
    """Append a buffer and return its number."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def builtin_code(code: Any) -> int:
    """Return the number of an ``OperatorCodeT``; small ones stand in the field of old files."""
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def custom_operations(content: bytes) -> list[str]:
    """Return the operations of a .tflite file that are not built in, among them TensorFlow's own (Flex)."""
    return [
        (code.customCode or b"custom").decode()
        for code in unpack(content).operatorCodes
        if builtin_code(code) == schema.BuiltinOperator.CUSTOM
    ]


def outputs_by_name(model: Any) -> dict[str, int]:
    """Return {name in the signature: place of the tensor} of a file's outputs, in the order of its subgraph."""
    (graph,) = model.subgraphs
    (signature,) = model.signatureDefs
    names = {int(entry.tensorIndex): entry.name.decode() for entry in signature.outputs}
    return {names[int(place)]: int(place) for place in graph.outputs}


def with_outputs_in_order(content: bytes, names: Sequence[str]) -> bytes:
    """Return a .tflite file with its outputs in the order of ``names``, all that it has; converters sort them."""
    model = unpack(content)
    places = outputs_by_name(model)
    order = sorted(places, key=names.index)
    model.subgraphs[0].outputs = np.array([places[name] for name in order], np.int32)
    model.signatureDefs[0].outputs.sort(key=lambda entry: order.index(entry.name.decode()))
    return pack(model)


def min_runtime_version(model: Any) -> str:
    """Return the version of TensorFlow that a file says it needs; empty if it says nothing."""
    texts = [bytes(model.buffers[entry.buffer].data) for entry in model.metadata or [] if entry.name == RUNTIME_ENTRY]
    return max((text.rstrip(b"\0").decode() for text in texts), key=_version_numbers, default="")


def require_runtime(model: Any, versions: Iterable[str]) -> None:
    """Raise what a file says it needs to the highest of some versions; it says so in one entry.

    The converter knows the operations that it wrote itself; this is for those that were exchanged afterwards.
    """
    version = max([min_runtime_version(model), *versions], key=_version_numbers)
    model.metadata = [entry for entry in model.metadata or [] if entry.name != RUNTIME_ENTRY]
    if version:
        entry = schema.MetadataT()
        entry.name = RUNTIME_ENTRY
        entry.buffer = add_buffer(model, version.encode().ljust(_RUNTIME_BYTES, b"\0"))
        model.metadata.append(entry)


def _version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".") if number)


def output_names(content: bytes) -> tuple[list[str], list[str]]:
    """Return (name of the first output of every operation, names of the model's outputs)."""
    (graph,) = unpack(content).subgraphs
    names = [tensor.name.decode() for tensor in graph.tensors]
    return [names[operator.outputs[0]] for operator in graph.operators], [names[place] for place in graph.outputs]
