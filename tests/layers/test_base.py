"""The contract of every registered front-end, with each of its switches: front-ends x hops.

Front-ends of other packages inherit the tests: ``IRMAS_TF_EXTENSIONS=my_settings python -m pytest tests/layers``.
"""

from __future__ import annotations

import dataclasses
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.config.branches import FRONT_ENDS, Branch
from irmas_tf.config.run_config import Config
from irmas_tf.layers.base import FrontEnd

RATE_HZ = 8000
CONFIG = Config.from_dict(
    {"audio": {"sample_rate_hz": RATE_HZ}, "model": {"branches": [f"mel:max_frequency_hz={RATE_HZ // 2}"]}}
)
# Of these, a front-end is given those that it has.
SMALL = {"frame_length": 200, "num_bins": 12, "min_frequency_hz": 400, "max_frequency_hz": 3200}


def settings_of(name):
    """Return the settings to test a front-end with: small ones, and each of its switches turned."""
    fields = {field.name: field for field in dataclasses.fields(FRONT_ENDS.get(name))}
    small = {key: value for key, value in SMALL.items() if key in fields}
    switches = [key for key, field in fields.items() if isinstance(field.default, bool)]
    yield name, small
    for key in switches:
        yield f"{name}-{key}", small | {key: int(not fields[key].default)}


def builder(name, settings):
    def build(hop_length, **kwargs):
        values = {"hop_length": hop_length, **settings}
        branch = Branch.parse(":".join([name, *(f"{key}={value}" for key, value in values.items())]))
        return branch.layer_class()(**branch.layer_arguments(CONFIG), **kwargs)

    return build


# Names with the same settings, the frequency scales of a spectrogram, share a layer: one of them stands for all.
NAMES = {FRONT_ENDS.get(name): name for name in FRONT_ENDS}.values()
BUILDERS = {title: builder(name, settings) for name in NAMES for title, settings in settings_of(name)}
HOPS = (1, 50)
LENGTHS = (1, 50, 51, 199, 1000)

each_front_end = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS.keys())
each_hop = pytest.mark.parametrize("hop_length", HOPS)


def noise(batch, samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal((batch, samples))).astype(np.float32)


@pytest.mark.slow
@each_front_end
@each_hop
def test_shape_dtype_and_rate(build, hop_length):
    layer = build(hop_length)
    assert isinstance(layer, FrontEnd)
    assert layer.frame_rate_hz == RATE_HZ / hop_length
    run = tf.function(layer, input_signature=[tf.TensorSpec([None, None], tf.float32)])
    for samples in LENGTHS:
        for batch in (0, 1, 3):
            features = run(noise(batch, samples))
            assert features.shape == (batch, math.ceil(samples / hop_length), layer.num_bins)
            assert features.dtype == tf.float32
            assert np.all(np.isfinite(features))


@each_front_end
def test_waveforms_without_samples_are_refused(build):
    with pytest.raises(ValueError, match="no samples"):
        build(50)(noise(2, 0))


@pytest.mark.slow
@each_front_end
@each_hop
def test_symbolic_shape_is_the_real_one(build, hop_length):
    layer = build(hop_length)
    for samples in (51, 1000):
        symbolic = layer(keras.KerasTensor((None, samples)))
        assert symbolic.shape == (None, math.ceil(samples / hop_length), layer.num_bins)
        assert symbolic.dtype == "float32"
        traced = tf.function(layer).get_concrete_function(tf.TensorSpec([None, samples], tf.float32))
        assert traced.output_shapes.as_list() == list(symbolic.shape)
    assert layer(keras.KerasTensor((None, None))).shape == (None, None, layer.num_bins)


@each_front_end
@each_hop
def test_examples_of_a_batch_do_not_touch(build, hop_length):
    layer, waveforms = build(hop_length), noise(3, 500)
    together = layer(waveforms).numpy()
    for index in range(3):
        np.testing.assert_allclose(together[index], layer(waveforms[index : index + 1])[0], atol=1e-5)


@each_front_end
@each_hop
def test_trailing_and_leading_zeros_only_add_frames(build, hop_length):
    """A waveform moved by whole hops moves its frames: framing depends on nothing but the position."""
    layer, waveform = build(hop_length), noise(1, 500)
    shift = math.ceil(200 / hop_length)
    moved = np.pad(waveform, ((0, 0), (shift * hop_length, 600)))
    features = layer(waveform).numpy()
    np.testing.assert_allclose(layer(moved)[:, shift : shift + features.shape[1]], features, atol=1e-4)


@each_front_end
@each_hop
def test_click_is_seen_in_the_frame_that_owns_it(build, hop_length):
    layer = build(hop_length)
    for sample in (0, 333, 599):
        waveform = np.zeros((1, 600), np.float32)
        waveform[0, sample] = 1.0
        energy = layer(waveform).numpy()[0].sum(axis=-1)
        owner = sample // hop_length
        near = slice(max(0, owner - 1), owner + 2)
        assert energy[near].max() == energy.max()
        if hop_length >= 50:  # Shorter hops are finer than the float16 steps of the window.
            centers = np.arange(len(energy)) * hop_length + hop_length // 2
            assert abs(centers[energy.argmax()] - sample) <= hop_length / 2 + 1


@each_front_end
def test_silence_is_finite_and_so_is_its_gradient(build):
    layer = build(50)
    for waveform in (np.zeros((2, 500), np.float32), np.full((2, 500), 1e-30, np.float32), noise(2, 500)):
        waveform = tf.constant(waveform)
        with tf.GradientTape() as tape:
            tape.watch(waveform)
            total = tf.reduce_sum(layer(waveform))
        assert np.isfinite(total)
        assert np.all(np.isfinite(tape.gradient(total, waveform)))


@each_front_end
def test_gradient_points_uphill(build):
    layer, waveform = build(50), noise(1, 400).astype(np.float32)
    direction = noise(1, 400, seed=1)
    tensor = tf.constant(waveform)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        total = tf.reduce_mean(layer(tensor))
    slope = float(tf.reduce_sum(tape.gradient(total, tensor) * direction))
    step = 1e-2
    above, below = (float(tf.reduce_mean(layer(waveform + sign * step * direction))) for sign in (1, -1))
    assert (above - below) / (2 * step) == pytest.approx(slope, rel=0.05)


@each_front_end
def test_the_dtype_policy_changes_nothing(build, dtype_policy):
    waveforms = noise(2, 500)
    expected = build(80, dtype="float32")(waveforms).numpy()
    layer = build(80)
    assert layer.dtype_policy.name == dtype_policy
    features = layer(waveforms)
    assert features.dtype == tf.float32
    assert layer(keras.KerasTensor((None, 500))).dtype == "float32"
    np.testing.assert_allclose(features, expected, atol=1e-4)


class Doubled(FrontEnd):
    """Says how many waveforms it is given at a time."""

    def call(self, waveform, training=None):
        return self.one_at_a_time(self._with_count, waveform, training)

    @staticmethod
    def _with_count(waveform):
        count = tf.cast(tf.shape(waveform)[0], tf.float32)
        return tf.stack([2.0 * waveform, count * tf.ones_like(waveform)], axis=-1)


def test_only_training_takes_waveforms_one_at_a_time():
    layer, waveforms = Doubled(RATE_HZ, 1, 2), noise(3, 7)
    for training, count in [(True, 1), (False, 3), (None, 3)]:
        features = tf.function(layer)(waveforms, training=training)
        np.testing.assert_array_equal(features[..., 0], 2 * waveforms)
        np.testing.assert_array_equal(features[..., 1], count)


@pytest.mark.slow
@each_front_end
@pytest.mark.parametrize("jit_compile, dtype", [(False, "int16"), (True, "float32")])
def test_training_computes_the_same_compiled_or_not(build, jit_compile, dtype):
    layer = build(80)
    run = tf.function(
        lambda x: layer(x, training=True), input_signature=[tf.TensorSpec([None, 500], dtype)], jit_compile=jit_compile
    )
    for batch in (1, 3):
        waveforms = tf.cast(tf.round(noise(batch, 500) * 20), dtype)
        np.testing.assert_allclose(run(waveforms), layer(waveforms), atol=1e-4)


@each_front_end
def test_other_input_types_are_cast(build):
    for dtype in ("float16", "bfloat16", "float64", "int16"):
        waveform = tf.cast(tf.round(noise(1, 300) * 20), dtype)
        np.testing.assert_array_equal(build(50)(waveform), build(50)(tf.cast(waveform, tf.float32)))


@each_front_end
def test_serialisation(build, check_layer, dtype_policy):
    layer = build(80, name="features")
    arguments = layer.get_config()
    check_layer(type(layer), arguments, noise(2, 500))


@each_front_end
def test_wrong_rank_is_refused(build):
    for shape in [(100,), (2, 100, 1)]:
        with pytest.raises(ValueError, match="ndim=2"):
            build(50)(np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match=r"\[batch, samples\]"):
        build(50).compute_output_shape((2, 100, 1))


@pytest.mark.slow
@each_front_end
def test_tflite_with_built_in_ops(build, tmp_path):
    interpreter_module = pytest.importorskip("ai_edge_litert.interpreter")
    inputs = keras.Input([None], name="waveform")
    model = keras.Model(inputs, build(80)(inputs))
    archive = keras.export.ExportArchive()
    archive.add_endpoint("serve", model.call, input_signature=[tf.TensorSpec([None, None], tf.float32)])
    archive.write_out(str(tmp_path / "saved"), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"))
    interpreter = interpreter_module.Interpreter(model_content=converter.convert())
    for batch, samples in [(1, 1000), (3, 333), (2, 1)]:
        waveforms = noise(batch, samples)
        index = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(index, waveforms.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(index, waveforms)
        interpreter.invoke()
        features = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        np.testing.assert_allclose(features, model(waveforms), atol=1e-4)
    operations = {operation["op_name"] for operation in interpreter._get_ops_details()}
    assert not any(name.startswith("Flex") for name in operations), operations
