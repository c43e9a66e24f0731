"""A model as a .tflite file: one window of waveform in, its probabilities out, built-in operations only.

The front-ends (spectrograms, wavelets and their normalisation) always compute in float: quantised activations in them
change the answers beyond use. What is quantised of them under ``dynamic`` are only their filters, as stored.

| quantization | weights | network computes in | front-ends |
|---|---|---|---|
| none | float32 | float32 | float32 |
| float16 | float16 | float32, or float16 where the device has it | the same |
| dynamic | int8 | int8, with ranges measured while it runs | float32, filters stored in int8 |
| int8 | int8 | int8, with ranges measured on representative windows | float32 |
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config import Config
from irmas_tf.models.probabilities import probabilities_of
from irmas_tf.serving.saved_model import ExportError

QUANTIZATIONS = ("none", "float16", "dynamic", "int8")
SIGNATURE, INPUT, OUTPUT = "serving_default", "waveform", "probabilities"

_OWN_LAYERS = "irmas_tf.layers."


def convert(
    model: keras.Model, config: Config, quantization: str = "none", representative: np.ndarray | None = None
) -> bytes:
    """Return the content of a .tflite file, without metadata.

    Args:
        model: waveform [batch, samples] -> logits [batch, classes].
        config: the run's configuration.
        quantization: one of `QUANTIZATIONS`.
        representative: windows [n, window_samples] float32 that ``int8`` takes its ranges from; of the training split,
            and signals like silence, whose ranges music does not cover.

    Raises:
        ExportError: the quantisation is unknown, or a package or the windows that it needs are not there.
    """
    if quantization not in QUANTIZATIONS:
        raise ExportError(f"--quantization={quantization}: must be one of {', '.join(QUANTIZATIONS)}")
    if quantization == "int8" and representative is None:
        raise ExportError("--quantization=int8: needs representative windows; give the --data_dir of the run")
    with tempfile.TemporaryDirectory() as folder, _quiet():
        archive = keras.export.ExportArchive()
        spec = tf.TensorSpec([1, config.audio.window_samples], tf.float32, INPUT)
        archive.add_endpoint(
            SIGNATURE, lambda waveform: {OUTPUT: probabilities_of(model(waveform, training=False), config)}, [spec]
        )
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if quantization == "none":
            return bytes(converter.convert())
        if quantization == "float16":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
            return bytes(converter.convert())
        pattern = front_end_pattern(model)
        if quantization == "dynamic":
            return _dynamic(bytes(converter.convert()), pattern)
        assert representative is not None
        return _int8(converter, pattern, representative)


def front_end_layers(model: keras.Model) -> list[str]:
    """Return the names of the layers between waveforms and the first layer of a network."""
    return [
        layer.name
        for layer in model._flatten_layers()
        if type(layer).__module__.startswith(_OWN_LAYERS) and not isinstance(layer, keras.layers.BatchNormalization)
    ]


def front_end_pattern(model: keras.Model) -> str:
    """Return a regular expression that finds the TFLite tensors of the front-ends by their names.

    Raises:
        ExportError: the model has no front-end of ours, so that nothing would be kept in float.
    """
    names = front_end_layers(model)
    if not names:
        raise ExportError("the model has no front-end layer; only --quantization=none and float16 are safe for it")
    # Keras numbers the scopes of a model that is called again.
    return "(^|/)(" + "|".join(map(re.escape, names)) + r")(_\d+)?(/|$|;)"


def _dynamic(content: bytes, pattern: str) -> bytes:
    try:
        from ai_edge_quantizer import quantizer
        from ai_edge_quantizer.qtyping import TFLOperationName
    except ImportError as error:
        raise ExportError(
            f"--quantization=dynamic: needs the package ai-edge-quantizer ({error}); pip install 'irmas_tf[tflite]'"
        ) from error
    maker = quantizer.Quantizer(content)
    maker.add_dynamic_config(".*", TFLOperationName.ALL_SUPPORTED, 8)
    maker.add_weight_only_config(pattern, TFLOperationName.ALL_SUPPORTED, 8)
    return bytes(maker.quantize().quantized_model)


def _int8(converter: Any, pattern: str, representative: np.ndarray) -> bytes:
    def windows() -> Iterator[list[np.ndarray]]:
        return ([window[None]] for window in np.asarray(representative, np.float32))

    names = tensor_names(bytes(converter.convert()))
    in_float = [name for name in names if re.search(pattern, name)]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.representative_dataset = windows
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_nodes=in_float,
        denylisted_ops=["SOFTMAX"],  # 256 steps are too few for small probabilities
    )
    # The debugger is the converter's only way to leave single operations in float.
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=windows, debug_options=options
    )
    return bytes(debugger.get_nondebug_quantized_model())


def tensor_names(content: bytes) -> list[str]:
    """Return the names of all tensors of a .tflite file."""
    from ai_edge_litert.interpreter import Interpreter

    return [detail["name"] for detail in Interpreter(model_content=content).get_tensor_details()]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars and notes of the converters off the terminal; what they raise still comes out."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        yield


def custom_operations(content: bytes) -> Sequence[str]:
    """Return the operations of a .tflite file that are not built in, among them TensorFlow's own (Flex)."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    codes = flatbuffer_utils.convert_bytearray_to_object(bytearray(content)).operatorCodes
    builtin = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in codes]
    return [
        (code.customCode or b"custom").decode()
        for code, number in zip(codes, builtin, strict=True)
        if number == schema.BuiltinOperator.CUSTOM
    ]
