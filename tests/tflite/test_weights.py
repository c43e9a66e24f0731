from __future__ import annotations

import tempfile

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from irmas_tf.tflite.flatbuffer import min_runtime_version, unpack
from irmas_tf.tflite.weights import Form, change_weights, int8_by_channel, with_few_weights

SHAPES = {"CONV_2D": (32, 3, 3, 16), "DEPTHWISE_CONV_2D": (1, 5, 5, 64), "FULLY_CONNECTED": (40, 64)}
AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    """Weights whose channels differ in size, one of them silent; in the layout of .tflite files."""
    rng = np.random.default_rng(0)
    made = {}
    for kind, shape in SHAPES.items():
        values = np.moveaxis(rng.normal(size=shape), AXES[kind], -1)
        values = values * np.geomspace(1e-3, 1.0, values.shape[-1])
        values[..., 1] = 0.0
        made[kind] = np.ascontiguousarray(np.moveaxis(values, -1, AXES[kind])).astype(np.float32)
    return made


@pytest.fixture(scope="module")
def content(weights) -> bytes:
    """Convolution, depthwise convolution, matrix product; the product twice with the same weights."""
    conv = np.transpose(weights["CONV_2D"], (1, 2, 3, 0))
    depthwise = np.transpose(weights["DEPTHWISE_CONV_2D"], (1, 2, 3, 0))
    dense = tf.constant(weights["FULLY_CONNECTED"].T)
    module = tf.Module()

    def answer(image):
        a = tf.nn.conv2d(image, conv, 1, "SAME", name="a_conv")
        b = tf.nn.depthwise_conv2d(tf.concat([a, 2 * a], -1), depthwise, [1, 1, 1, 1], "SAME", name="b_depthwise")
        c = tf.reduce_mean(b, [1, 2])
        return {"a": a, "b": b, "c": tf.matmul(c, dense, name="c_dense"), "d": tf.matmul(tf.abs(c), dense)}

    module.answer = tf.function(answer, input_signature=[tf.TensorSpec([1, 8, 8, 16], tf.float32, "image")])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": module.answer})
        return tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"]).convert()


def run(content: bytes) -> dict[str, np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    image = np.random.default_rng(1).normal(size=(1, 8, 8, 16)).astype(np.float32)
    outputs = Interpreter(model_content=content).get_signature_runner("serving_default")(image=image)
    return {name: value.copy() for name, value in outputs.items()}


def stored_types(content: bytes) -> dict[tuple[int, ...], int]:
    (graph,) = unpack(content).subgraphs
    return {tuple(t.shape): t.type for t in graph.tensors if t.shape is not None and tuple(t.shape) in SHAPES.values()
            and t.buffer and not t.name.endswith(b"_float32")}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", SHAPES)
def test_int8_is_within_half_a_step_of_every_channel(weights, kind):
    numbers, scales = int8_by_channel(weights[kind], AXES[kind])
    assert numbers.dtype == np.int8 and numbers.min() >= -127 and len(scales) == SHAPES[kind][AXES[kind]]
    by_channel = np.moveaxis(numbers, AXES[kind], -1) * scales
    wanted = np.moveaxis(weights[kind], AXES[kind], -1)
    assert (np.abs(by_channel - wanted) <= scales * 0.5001).all()
    assert (by_channel[..., 1] == 0).all()
    np.testing.assert_allclose(np.abs(by_channel).reshape(-1, len(scales)).max(axis=0),
                               np.abs(wanted).reshape(-1, len(scales)).max(axis=0), rtol=1e-6)  # fmt: skip


@pytest.mark.slow
def test_float32_changes_nothing(content):
    before, after = run(content), run(change_weights(content, lambda kind, name: Form.FLOAT32))
    for name in before:
        np.testing.assert_array_equal(after[name], before[name])


@pytest.mark.slow
@pytest.mark.parametrize("form, tolerance", [(Form.FLOAT16, 1e-3), (Form.INT8, 1e-2), (Form.INT8_KERNEL, 3e-2)])
def test_the_network_computes_nearly_the_same_with_smaller_weights(content, form, tolerance):
    changed = change_weights(content, lambda kind, name: form)
    before, after = run(content), run(changed)
    for name in before:
        scale = np.abs(before[name]).max()
        assert 0 < np.abs(after[name] - before[name]).max() < tolerance * scale, name
    wanted = schema.TensorType.FLOAT16 if form is Form.FLOAT16 else schema.TensorType.INT8
    assert set(stored_types(changed).values()) == {wanted}
    assert len(changed) < len(content) - (0.4 if form is Form.FLOAT16 else 0.6) * 4 * 8768


@pytest.mark.slow
@pytest.mark.parametrize(
    "form, version", [(Form.FLOAT16, "1.15.0"), (Form.INT8, "2.7.0"), (Form.INT8_KERNEL, "2.17.0")]
)
def test_the_file_says_which_runtime_knows_its_operations(content, form, version):
    assert min_runtime_version(unpack(change_weights(content, lambda kind, name: form))) == version
    assert min_runtime_version(unpack(change_weights(content, lambda kind, name: Form.FLOAT32))) < "1.15.0"


@pytest.mark.slow
def test_weights_stored_in_int8_are_made_floats_before_they_are_used(content, weights):
    """The oracle: the same network with weights that were rounded by hand."""
    rounded = change_weights(content, lambda kind, name: Form.INT8 if kind == "CONV_2D" else Form.FLOAT32)
    numbers, scales = int8_by_channel(weights["CONV_2D"], 0)
    kernel = np.transpose(numbers * scales[:, None, None, None], (1, 2, 3, 0))
    image = np.random.default_rng(1).normal(size=(1, 8, 8, 16)).astype(np.float32)
    np.testing.assert_allclose(run(rounded)["a"], tf.nn.conv2d(image, kernel, 1, "SAME"), atol=1e-4)


@pytest.mark.slow
def test_forms_are_chosen_by_the_name_of_the_output(content):
    seen = []

    def form_of(kind: str, name: str) -> Form:
        seen.append((kind, name))
        return Form.INT8 if kind == "DEPTHWISE_CONV_2D" else Form.FLOAT32

    types = stored_types(change_weights(content, form_of))
    assert [kind for kind, _ in seen] == ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "FULLY_CONNECTED"]
    assert types == {
        SHAPES["CONV_2D"]: schema.TensorType.FLOAT32,
        SHAPES["DEPTHWISE_CONV_2D"]: schema.TensorType.INT8,
        SHAPES["FULLY_CONNECTED"]: schema.TensorType.FLOAT32,
    }


@pytest.mark.slow
def test_small_weights_stay_as_they_are(content, monkeypatch):
    monkeypatch.setattr("irmas_tf.tflite.weights.MIN_WEIGHTS", 3000)
    types = stored_types(change_weights(content, lambda kind, name: Form.FLOAT16))
    floats = {shape for shape, kind in types.items() if kind == schema.TensorType.FLOAT32}
    assert floats == {SHAPES["DEPTHWISE_CONV_2D"], SHAPES["FULLY_CONNECTED"]}


@pytest.mark.slow
@pytest.mark.parametrize("least, found", [(1024, 0), (2000, 1), (3000, 3), (10_000, 4)])
def test_operations_with_few_weights_are_named(content, monkeypatch, least, found):
    monkeypatch.setattr("irmas_tf.tflite.weights.MIN_WEIGHTS", least)
    assert len(with_few_weights(content)) == found
