"""A model as a .tflite file: one window of waveform in, its probabilities, logits and embedding out.

Only built-in operations are used, in one subgraph with one signature, because MediaPipe refuses files with more than
one. The probabilities are the first output, which is what readers take that do not ask by name.

The front-ends, whoever wrote them, compute in float32 and keep their constants so: quantised signals in them change the
answers beyond use, rounded wavelets let loud low notes leak into quiet high ones, and runtimes that multiply mel
filters in int8 give negative energies. They are the layers that are an `irmas_tf.layers.base.Float32Layer`.

| quantization | weights | network computes in |
|---|---|---|
| none | float32 | float32 |
| float16 | float16 | float32, or float16 where the device has it |
| dynamic | int8 | int8, with ranges measured while it runs |
| int8 | int8 | int8, with ranges measured on representative windows |

Depthwise convolutions compute in float32 also under dynamic and int8: every channel has a range of its own, which one
scale for all does not fit, and the int8 kernels are slower than the float ones. Under int8 the same is true of hard
swishes; besides, sums, layers with few weights, and the probabilities stay in float, where 256 steps cost accuracy and
save nothing.

What other runtimes make of it decided two things more. Under dynamic the weights of matrix products are int8 and made
floats when the file is loaded: a kernel of LiteRT for such weights is known to runtimes from TensorFlow 2.17 on only,
and takes no less time for the few products of a head. Under int8 depthwise weights are float32, because
microcontrollers' runtime takes one scale for all channels when it makes floats of them.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config.run_config import Config
from irmas_tf.deploy.saved_model import ExportError, add_endpoint
from irmas_tf.dsp.short_time import dft_by_products
from irmas_tf.inference.window_model import EMBEDDING, LOGITS, OUTPUTS, PROBABILITIES
from irmas_tf.layers.base import Float32Layer
from irmas_tf.models.probabilities import probabilities_of
from irmas_tf.process.held_temporary import temporary_folder
from irmas_tf.tflite.facts import INPUT, SIGNATURE
from irmas_tf.tflite.flatbuffer import output_names, with_outputs_in_order
from irmas_tf.tflite.weights import Form, change_weights, with_few_weights

QUANTIZATIONS = ("none", "float16", "dynamic", "int8")


def convert(
    model: keras.Model, config: Config, quantization: str = "none", representative: np.ndarray | None = None
) -> bytes:
    """Return the content of a .tflite file, without metadata.

    Args:
        model: waveform [batch, samples] -> logits [batch, classes]; the output of its layer called embedding, if it
            has one, is an output of the file too.
        config: the run's configuration.
        quantization: one of `QUANTIZATIONS`.
        representative: windows [n, window_samples] float32 of the training split, which ``int8`` takes its ranges from.

    Raises:
        ExportError: the quantisation is unknown, there are no windows for int8, or Keras has quantised the model.
    """
    if quantization not in QUANTIZATIONS:
        raise ExportError(f"--quantization={quantization}: must be one of {', '.join(QUANTIZATIONS)}")
    if quantization == "int8" and (representative is None or not len(representative)):
        raise ExportError("--quantization=int8: needs representative windows; give the --data_dir of the run")
    if quantised := quantised_layers(model):
        raise ExportError(
            f"the model was quantised by Keras ({', '.join(quantised)}), which TFLite has no operations for; export the"
            " run as it was trained, and let --quantization make it smaller"
        )
    with temporary_folder() as folder, _quiet():
        network = _with_embedding(model)

        def answer(waveform: tf.Tensor) -> dict[str, tf.Tensor]:
            values = {name: tf.cast(value, tf.float32) for name, value in network(waveform, training=False).items()}
            return values | {PROBABILITIES: probabilities_of(values[LOGITS], config)}

        archive = keras.export.ExportArchive()
        spec = tf.TensorSpec([1, config.audio.window_samples], tf.float32, INPUT)
        with dft_by_products():
            add_endpoint(archive, SIGNATURE, answer, [spec])
        archive.write_out(str(folder), verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[SIGNATURE])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        content = with_outputs_in_order(bytes(converter.convert()), OUTPUTS)
        if quantization == "none":
            return content
        front_end = front_end_pattern(model)
        if quantization == "int8":
            assert representative is not None
            content = with_outputs_in_order(_int8(converter, content, front_end, representative), OUTPUTS)
    network = {"float16": Form.FLOAT16, "dynamic": Form.INT8_KERNEL, "int8": Form.FLOAT32}[quantization]

    def form_of(kind: str, name: str) -> Form:
        if front_end.search(name):
            return Form.FLOAT32
        return Form.INT8 if quantization == "dynamic" and kind != "CONV_2D" else network

    return change_weights(content, form_of)


def _with_embedding(model: keras.Model) -> keras.Model:
    """Return the model with a dictionary of outputs: logits, and the embedding if it has one; weights are shared."""
    outputs = {LOGITS: model.output}
    if any(layer.name == EMBEDDING for layer in model.layers):
        outputs[EMBEDDING] = model.get_layer(EMBEDDING).output
    return keras.Model(model.input, outputs, name=f"{model.name}_outputs")


def quantised_layers(model: keras.Model) -> list[str]:
    """Return the layers that ``model.quantize`` of Keras has changed, as "name int8"."""
    modes = {layer.name: getattr(layer.dtype_policy, "quantization_mode", None) for layer in model.layers}
    return [f"{name} {mode}" for name, mode in modes.items() if mode]


def front_end_layers(model: keras.Model) -> list[str]:
    """Return the names of the layers that stay in float32, those of front-ends."""
    names = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            names += front_end_layers(layer)
        elif isinstance(layer, Float32Layer):
            names.append(layer.name)
    return names


def front_end_pattern(model: keras.Model) -> re.Pattern[str]:
    """Return a regular expression that finds the TFLite tensors of the front-ends by their names.

    Raises:
        ExportError: the model has no front-end, so that nothing would be kept in float.
    """
    names = front_end_layers(model)
    if not names:
        raise ExportError("the model has no front-end layer; only --quantization=none is safe for it")
    # Keras numbers the scopes of a model that is called again; of an operation that was fused, all names stand there.
    return re.compile("(^|[/;])(" + "|".join(map(re.escape, names)) + r")(_\d+)?(/|$|;)")


def _int8(converter: Any, content: bytes, front_end: re.Pattern[str], representative: np.ndarray) -> bytes:
    """Return the network in int8; ``content`` is the same in float."""

    def windows() -> Iterator[list[np.ndarray]]:
        return ([window[None]] for window in np.asarray(representative, np.float32))

    operations, outputs = output_names(content)
    # Of the outputs the probabilities, which come first; the others are steps on the way to them.
    in_float = [name for name in operations if front_end.search(name)] + with_few_weights(content) + outputs[:1]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.representative_dataset = windows
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_nodes=in_float, denylisted_ops=["ADD", "DEPTHWISE_CONV_2D", "HARD_SWISH"]
    )
    # The debugger is the converter's only way to leave single operations in float.
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=windows, debug_options=options
    )
    return bytes(debugger.get_nondebug_quantized_model())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars and notes of the converter off the terminal; what it raises still comes out."""
    sys.stderr.flush()
    # Most of it comes from C++, which knows nothing of sys.stderr.
    with tempfile.TemporaryFile() as notes:
        terminal = os.dup(2)
        try:
            os.dup2(notes.fileno(), 2)
            with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
                yield
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
