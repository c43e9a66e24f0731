"""Making the template of mn04's .tflite file; `irmas_tf.shipped.template` fills it where TensorFlow is not installed.

    python -m irmas_tf.shipped.template_build --weights=mn04_as_mAP_432.pt --out=irmas_tf/shipped/mn04_template.zip

The network is converted with random weights and batch normalisations that change nothing, so that the converter copies
each array into the file as it is, to a rounding. Arrays of random numbers are known again by their values. The place of
each is noted, with what of the published file belongs there, and emptied.

Of the published weights only what the network answers to a made signal goes into the template, to check a filling.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.process.exit_codes import run_command
from irmas_tf.process.held_temporary import temporary_folder
from irmas_tf.process.quiet_tensorflow import import_tensorflow
from irmas_tf.shipped import template
from irmas_tf.shipped.audioset import IRMAS_CLASSES
from irmas_tf.shipped.template import Slot, Template

NETWORK = "mn04"
WINDOW_SECONDS, SEED = 3.0, 0
CLASSES = len(IRMAS_CLASSES)
# A convolution of PyTorch is [out, in, frequency, time]; the file's is [out, time, frequency, in], a depthwise one
# [1, time, frequency, out].
_FROM_KERAS = {"conv_turned": (3, 0, 1, 2), "depthwise_turned": (3, 0, 1, 2), "linear": (1, 0)}
_AXES = {"conv_turned": (0, 3, 2, 1), "depthwise_turned": (1, 3, 2, 0), "linear": (0, 1), "same": (0,)}


class TemplateError(ValueError):
    """The converter did not write what was expected; the message names the layer."""


def build_network() -> Any:
    """Return the Keras network with the template's head, at random weights.

    Waveform [batch, 96000] at 32 kHz -> ``probabilities`` and ``logits`` [batch, 11], ``embedding`` [batch, 384] and
    ``audioset`` [batch, 527], the published logits. The logits of the eleven classes are a linear function of the
    published ones, embedding and profile (`irmas_tf.models.pretrained.band_profile`), in this order.
    """
    import_tensorflow("making a template")
    import keras

    from irmas_tf.models.pretrained import band_profile

    spec = BACKBONES.get(NETWORK)
    waveform = keras.Input((round(WINDOW_SECONDS * spec.sample_rate_hz),), dtype="float32", name="waveform")
    last = spec.features(waveform, NETWORK)
    published = spec.outputs(last, NETWORK)

    # One product: what the converter makes of the sum of several has arrays in it that are not those of the network.
    seen = keras.layers.Concatenate(dtype="float32", name="seen")(
        [published["logits"], published["embedding"], band_profile(spec, waveform, last, NETWORK)]
    )
    logits = keras.layers.Dense(CLASSES, dtype="float32", name="head")(seen)
    probabilities = keras.layers.Activation("sigmoid", dtype="float32", name="of_classes")(logits)
    outputs = {"probabilities": probabilities, "logits": logits, "embedding": published["embedding"]}
    return keras.Model(waveform, {**outputs, template.AUDIOSET: published["logits"]}, name=NETWORK)


def set_marks(network: Any, seed: int = SEED) -> None:
    """Give a network random numbers that all differ, and batch normalisations that change nothing at inference."""
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        for variable in layer.weights:
            kind = variable.path.rpartition("/")[2]
            if kind == "seed_generator_state":
                continue
            value = rng.standard_normal(variable.shape).astype(np.float32)
            if kind == "gamma":
                value = np.ones(variable.shape, np.float32)
            elif kind == "moving_mean":
                value = np.zeros(variable.shape, np.float32)
            elif kind == "moving_variance":
                value = np.full(variable.shape, _unit_variance(layer.epsilon), np.float32)
            variable.assign(value)


def _unit_variance(epsilon: float) -> np.float32:
    """Return the float32 to which ``epsilon`` is added to give exactly 1."""
    variance = np.float32(1.0) - np.float32(epsilon)
    for candidate in (variance, np.nextafter(variance, np.float32(2)), np.nextafter(variance, np.float32(0))):
        if np.float32(candidate + np.float32(epsilon)) == 1:
            return candidate
    raise TemplateError(f"no variance adds up to 1 with {epsilon}")


def convert_network(network: Any) -> bytes:
    """Return the .tflite file of a network in float32, its outputs in the order of `template.OUTPUTS`."""
    import keras
    import tensorflow as tf

    from irmas_tf.deploy.saved_model import add_endpoint
    from irmas_tf.dsp.short_time import dft_by_products
    from irmas_tf.tflite.facts import INPUT, SIGNATURE
    from irmas_tf.tflite.flatbuffer import with_outputs_in_order

    archive = keras.export.ExportArchive()
    spec = tf.TensorSpec([1, network.input.shape[1]], tf.float32, INPUT)
    with temporary_folder() as folder:
        with dft_by_products():
            add_endpoint(archive, SIGNATURE, lambda waveform: network(waveform, training=False), [spec])
        archive.write_out(str(folder), verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[SIGNATURE])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return with_outputs_in_order(bytes(converter.convert()), template.OUTPUTS)


def find_slots(content: bytes, network: Any) -> tuple[Slot, ...]:
    """Return where in a file the weights stand of the network (`set_marks`) that it was made from.

    Raises:
        TemplateError: an array of it is not there, or more than once.
    """
    layers = {layer.name: layer for layer in network.layers}
    table = BACKBONES.get(NETWORK).weight_table()
    kernels = [entry for entry in table if entry.variable in ("kernel", "depthwise_kernel")]
    norms = {entry.layer: entry.source.rpartition(".")[0] for entry in table if entry.variable == "beta"}
    slots = []

    constants = _constants(content)

    def add(layer: str, value: np.ndarray, **what: Any) -> None:
        # The converter's 1 / sqrt(1) is a float below 1.
        alike = [data for x, data in constants if x.shape == value.shape and np.allclose(x, value, 1e-6, 1e-7)]
        offset = content.find(alike[0]) if len(alike) == 1 else -1
        if offset < 0 or content.find(alike[0], offset + 1) >= 0:
            raise TemplateError(f"{layer}: an array of its weights does not stand in the file once")
        slots.append(Slot(offset, tuple(map(int, value.shape)), **what))

    for entry in kernels:
        layer = layers[f"{NETWORK}_{entry.layer}"]
        in_file = np.asarray(layer.weights[0]).transpose(_FROM_KERAS[entry.layout])
        name = entry.layer.removesuffix("_conv")
        norm = norms.get(f"{name}_bn", "")
        add(entry.layer, in_file, source=entry.source, axes=_AXES[entry.layout], norm=norm)
        if norm:
            shift = np.asarray(layers[f"{NETWORK}_{name}_bn"].beta)
            add(f"{name}_bn", shift, source="", axes=(0,), norm=norm)
        else:
            bias = f"{entry.source.removesuffix('.weight')}.bias"
            add(entry.layer, np.asarray(layer.weights[1]), source=bias, axes=(0,), norm="")
    kernel, offset = map(np.asarray, layers["head"].weights)
    add("head", kernel.T, source=template.HEAD, axes=(0, 1), norm="")
    add("head", offset, source=template.OFFSET, axes=(0,), norm="")
    return tuple(slots)


def _constants(content: bytes) -> list[tuple[np.ndarray, bytes]]:
    """Return (values, bytes in the file) of every float32 constant of a .tflite file."""
    from tensorflow.lite.python import schema_py_generated as schema

    from irmas_tf.tflite.flatbuffer import unpack

    model = unpack(content)
    found = {}
    for tensor in model.subgraphs[0].tensors:
        data = model.buffers[tensor.buffer].data
        if tensor.type == schema.TensorType.FLOAT32 and data is not None and len(data):
            numbers = bytes(data)
            found[tensor.buffer] = np.frombuffer(numbers, "<f4").reshape(tensor.shape), numbers
    return list(found.values())


def build_template() -> Template:
    """Return the template, without what the network answers to a signal."""
    from irmas_tf.tflite.associated_files import without_associated_files
    from irmas_tf.tflite.flatbuffer import min_runtime_version, unpack
    from irmas_tf.tflite.metadata import embed

    network = build_network()
    set_marks(network)
    spec = BACKBONES.get(NETWORK)
    audio = AudioConfig(sample_rate_hz=spec.sample_rate_hz, window_seconds=WINDOW_SECONDS)
    facts = template.base_facts(audio)
    bare = convert_network(network)
    # Codes and names of the classes stand in files behind the model; inside it are only the names of these files.
    content = bytearray(without_associated_files(embed(bare, {**facts, "labels": [], "label_names": []})))
    slots = find_slots(bytes(content), network)
    for slot in slots:
        content[slot.offset : slot.end] = bytes(slot.end - slot.offset)
    widths = {name: int(network.output[name].shape[-1]) for name in template.OUTPUTS}
    facts |= {"outputs": widths, "min_runtime_version": min_runtime_version(unpack(bare))}
    return Template(bytes(content), slots, facts, {})


def expected_answers(arrays: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    """Return what the Keras network with published arrays answers to `template.check_signal`, to 5 decimals.

    Returns:
        ``audioset``: the logits of the eleven instruments; ``embedding``: its first eight numbers.
    """
    import_tensorflow("making a template")
    from irmas_tf.models.pretrained import published_classifier

    spec = BACKBONES.get(NETWORK)
    model = published_classifier(spec)
    set_published(model, arrays)
    answer = model.predict_on_batch(template.check_signal(spec.sample_rate_hz, WINDOW_SECONDS)[None])
    logits = answer["logits"][0][list(IRMAS_CLASSES.values())]
    first = answer["embedding"][0][: template.CHECKED_EMBEDDING]
    return {name: np.round(x.astype(float), 5).tolist() for name, x in (("audioset", logits), ("embedding", first))}


def set_published(model: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Give a Keras model with mn04 in it the arrays of a published file."""
    for entry in BACKBONES.get(NETWORK).weight_table():
        layer = model.get_layer(f"{NETWORK}_{entry.layer}")
        (variable,) = (v for v in layer.weights if v.path.rpartition("/")[2] == entry.variable)
        variable.assign(entry.turn(np.asarray(arrays[entry.source])))


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m irmas_tf.shipped.template_build", description="Make the template.")
    parser.add_argument("--weights", required=True, help="mn04_as_mAP_432.pt, for the answers that fillings must give")
    parser.add_argument("--out", type=Path, default=template.SHIPPED_TEMPLATE, help="file to write (%(default)s)")

    def command() -> int:
        options = parser.parse_args(argv)
        from irmas_tf.weights.torch_checkpoint import read_torch_checkpoint

        arrays = {name: np.asarray(x, np.float32) for name, x in read_torch_checkpoint(options.weights).items()}
        made = build_template().with_expected(expected_answers(arrays))
        made.write(options.out)
        print(json.dumps({"file": str(options.out), "bytes": options.out.stat().st_size, "slots": len(made.slots)}))
        return 0

    return run_command(command)


if __name__ == "__main__":
    sys.exit(cli())
