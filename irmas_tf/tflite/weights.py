"""Smaller weights in a float .tflite file, chosen operation by operation.

The converter's own float16 and dynamic-range quantisation know no exceptions. They round the log offset of a
spectrogram to float16 (1e-6 becomes a subnormal number), and, worse, quantise the front-end: its kernels then round the
signal itself to 8 bits, so that what is quiet beside the loudest part of a window is lost. Here the file is converted
in float, and the weights are exchanged afterwards for the same forms that the converter writes.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from irmas_tf.tflite.flatbuffer import add_buffer, builtin_code, pack, require_runtime, unpack

MIN_WEIGHTS = 1024
"""Smaller tensors stay in float32, as in the converter: they would save nothing."""


class Form(enum.Enum):
    """How an operation's weights are kept."""

    FLOAT32 = "float32"
    FLOAT16 = "float16, made float32 before they are used"
    INT8 = "int8 with a scale per channel, made float32 before they are used"
    INT8_KERNEL = "int8 with a scale per channel; the kernel rounds its input to int8 too, with the range that it has"


class _Kind(NamedTuple):
    """An operation with weights.

    Attributes:
        name: that of the schema.
        channel_axis: of its weights.
        version: of the operation that takes int8 weights with a scale per channel, and float inputs.
        runtime: the TensorFlow whose runtime is the first that knows this version.
    """

    name: str
    channel_axis: int
    version: int
    runtime: str


_CODES = schema.BuiltinOperator
KINDS = {
    _CODES.CONV_2D: _Kind("CONV_2D", 0, 5, "2.4.0"),
    _CODES.DEPTHWISE_CONV_2D: _Kind("DEPTHWISE_CONV_2D", 3, 6, "2.3.0"),
    _CODES.FULLY_CONNECTED: _Kind("FULLY_CONNECTED", 0, 12, "2.17.0"),
}
_DEQUANTIZE_VERSIONS = {Form.FLOAT16: (3, "1.15.0"), Form.INT8: (5, "2.7.0")}
"""Version of the operation that makes floats of such weights, and the first TensorFlow that knows it."""
_PRODUCT_BY_CHANNEL = (10, "2.13.0")
"""Of a product of int8 with a scale per channel. The converter writes version 4, with which runtimes before 2.10 answer
with wrong numbers and without a word; with this version they refuse the file (findings/scales_per_channel.sh), and so
do 2.10 to 2.12, which are right. TensorFlow's own table says that 2.11 knows it; its runtime does not."""


def int8_by_channel(weights: np.ndarray, channel_axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (int8 in -127..127, float32 scale of every channel); their product is within half a scale of the weights.

    Args:
        weights: float32 of any shape.
        channel_axis: the axis with a scale for each of its entries.
    """
    others = tuple(axis for axis in range(weights.ndim) if axis != channel_axis)
    peaks = np.abs(weights).max(axis=others, keepdims=True)
    scales = np.where(peaks > 0, peaks / 127.0, 1.0).astype(np.float32)
    return np.clip(np.rint(weights / scales), -127, 127).astype(np.int8), scales.reshape(-1)


def with_few_weights(content: bytes) -> list[str]:
    """Return the names of the outputs of the operations in `KINDS` that have fewer than `MIN_WEIGHTS`."""
    model = unpack(content)
    (graph,) = model.subgraphs
    return [
        graph.tensors[operator.outputs[0]].name.decode()
        for operator in graph.operators
        if builtin_code(model.operatorCodes[operator.opcodeIndex]) in KINDS
        and np.prod(graph.tensors[operator.inputs[1]].shape) < MIN_WEIGHTS
    ]


def change_weights(content: bytes, form_of: Callable[[str, str], Form]) -> bytes:
    """Return a .tflite file whose weights have other forms.

    Args:
        content: a .tflite file; the weights that are quantised already are left as they are.
        form_of: given an operation's kind ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED") and the name of its
            output, returns the form of its weights.
    """
    model = unpack(content)
    (graph,) = model.subgraphs
    changed: dict[int, int] = {}  # by tensor: that of its float32 values
    runtimes = set()
    operators = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        kind = KINDS.get(builtin_code(code))
        if kind is not None:
            place = int(operator.inputs[1])
            if kind.name == "FULLY_CONNECTED" and place not in changed and _has_scales(graph.tensors[place]):
                code.version = max(code.version, _PRODUCT_BY_CHANNEL[0])
                runtimes.add(_PRODUCT_BY_CHANNEL[1])
            form = form_of(kind.name, graph.tensors[operator.outputs[0]].name.decode())
            if place in changed:  # the same weights again
                operator.inputs[1] = changed[place]
            elif form is not Form.FLOAT32 and _is_large_float(model, graph.tensors[place]):
                _store(model, graph.tensors[place], form, kind.channel_axis)
                changed[place] = place
                if form is Form.INT8_KERNEL:
                    code.version = max(code.version, kind.version)
                    runtimes.add(kind.runtime)
                    if kind.name == "FULLY_CONNECTED":
                        operator.builtinOptions.asymmetricQuantizeInputs = True
                else:
                    version, runtime = _DEQUANTIZE_VERSIONS[form]
                    runtimes.add(runtime)
                    operators.append(_dequantize(model, graph, place, version))
                    changed[place] = operator.inputs[1] = len(graph.tensors) - 1
        operators.append(operator)
    graph.operators = operators
    require_runtime(model, runtimes)
    return pack(model)


def _is_large_float(model: Any, tensor: Any) -> bool:
    data = model.buffers[tensor.buffer].data
    return tensor.type == schema.TensorType.FLOAT32 and data is not None and len(data) >= 4 * MIN_WEIGHTS


def _has_scales(tensor: Any) -> bool:
    """Return whether a tensor is quantised with more than one scale."""
    scales = None if tensor.quantization is None else tensor.quantization.scale
    return scales is not None and len(scales) > 1


def _store(model: Any, tensor: Any, form: Form, channel_axis: int) -> None:
    """Give a constant tensor another form. Its old buffer may be that of other tensors too and is left alone."""
    weights = np.frombuffer(bytes(model.buffers[tensor.buffer].data), np.float32).reshape(tensor.shape)
    if form is Form.FLOAT16:
        stored = weights.astype(np.float16)
        tensor.type = schema.TensorType.FLOAT16
    else:
        stored, scales = int8_by_channel(weights, channel_axis)
        tensor.type = schema.TensorType.INT8
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = scales
        tensor.quantization.zeroPoint = np.zeros(len(scales), np.int64)
        tensor.quantization.quantizedDimension = channel_axis
    tensor.buffer = add_buffer(model, stored.tobytes())


def _dequantize(model: Any, graph: Any, place: int, version: int) -> Any:
    """Append a float32 tensor and return the operation that fills it from the tensor at a place."""
    stored = graph.tensors[place]
    floats = schema.TensorT()
    floats.name = stored.name + b"_float32"
    floats.shape = stored.shape
    floats.type = schema.TensorType.FLOAT32
    floats.buffer = 0  # the empty one
    graph.tensors.append(floats)
    operator = schema.OperatorT()
    operator.opcodeIndex = _dequantize_code(model, version)
    operator.inputs = np.array([place], np.int32)
    operator.outputs = np.array([len(graph.tensors) - 1], np.int32)
    operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
    operator.builtinOptions = schema.DequantizeOptionsT()
    return operator


def _dequantize_code(model: Any, version: int) -> int:
    """Return the number of the operation DEQUANTIZE in the model's list, where it is put if it is not there."""
    for number, code in enumerate(model.operatorCodes):
        if builtin_code(code) == _CODES.DEQUANTIZE:
            code.version = max(code.version, version)
            return number
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = _CODES.DEQUANTIZE
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
