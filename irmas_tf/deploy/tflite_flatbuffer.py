"""A .tflite file as Python objects and back, and questions about its operations.

TensorFlow's own generated classes of the schema do the work; only their writer is mended, see `pack`.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

ALIGNMENT = 16
"""Of a buffer's numbers in the file, in bytes; the schema's ``force_align``."""
_IDENTIFIER = b"TFL3"


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


def output_names(content: bytes) -> tuple[list[str], list[str]]:
    """Return (name of the first output of every operation, names of the model's outputs)."""
    (graph,) = unpack(content).subgraphs
    names = [tensor.name.decode() for tensor in graph.tensors]
    return [names[operator.outputs[0]] for operator in graph.operators], [names[place] for place in graph.outputs]
