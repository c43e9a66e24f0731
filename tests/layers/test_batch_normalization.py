from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.layers.batch_normalization import FusedBatchNormalization

RNG = np.random.default_rng(0)
MAPS = (3.0 + 2.0 * RNG.standard_normal([4, 6, 5, 3])).astype(np.float32)


def pair(**kwargs) -> tuple[FusedBatchNormalization, keras.layers.BatchNormalization]:
    layers = FusedBatchNormalization(momentum=0.8, **kwargs), keras.layers.BatchNormalization(momentum=0.8, **kwargs)
    for layer in layers:
        layer.build(MAPS.shape)
        for weight, value in zip(layer.trainable_weights, ([0.5, 1.0, 2.0], [1.0, -1.0, 0.0]), strict=False):
            weight.assign(value)
    return layers


@pytest.mark.parametrize("kwargs", [{}, {"scale": False}, {"center": False}, {"epsilon": 0.1}])
def test_it_normalises_like_keras(kwargs):
    ours, theirs = pair(**kwargs)
    for _ in range(3):
        np.testing.assert_allclose(ours(MAPS, training=True), theirs(MAPS, training=True), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.moving_mean, theirs.moving_mean, rtol=1e-5)
    n = MAPS.size / 3
    unbiased = (np.asarray(theirs.moving_variance) - 0.8**3) * n / (n - 1) + 0.8**3
    np.testing.assert_allclose(ours.moving_variance, unbiased, rtol=1e-5)
    theirs.moving_variance.assign(ours.moving_variance)
    np.testing.assert_allclose(ours(MAPS), theirs(MAPS), rtol=1e-4, atol=1e-5)


def test_gradients_are_those_of_keras():
    gradients = []
    for layer in pair():
        x = tf.constant(MAPS)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(layer(x, training=True)))
        gradients.append(tape.gradient(loss, [x, layer.gamma.value, layer.beta.value]))
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_training_normalises_each_channel():
    layer = FusedBatchNormalization(epsilon=1e-6)
    out = np.asarray(layer(MAPS, training=True))
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0.0, atol=1e-5)
    np.testing.assert_allclose(out.std(axis=(0, 1, 2)), 1.0, atol=1e-4)


def test_a_frozen_layer_keeps_its_statistics():
    layer = FusedBatchNormalization()
    layer.build(MAPS.shape)
    layer.trainable = False
    np.testing.assert_allclose(layer(MAPS, training=True), layer(MAPS, training=False))
    np.testing.assert_array_equal(layer.moving_mean, 0.0)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_maps_stay_half(policy):
    layer = FusedBatchNormalization(dtype=policy)
    half = tf.cast(MAPS, layer.compute_dtype)
    for training in (True, False):
        assert layer(half, training=training).dtype == half.dtype
    reference = FusedBatchNormalization()(MAPS, training=True)
    np.testing.assert_allclose(tf.cast(layer(half, training=True), tf.float32), reference, atol=0.05)
    assert layer.moving_mean.dtype == "float32"


def test_vectors_are_left_to_keras():
    ours, theirs = FusedBatchNormalization(), keras.layers.BatchNormalization()
    x = MAPS.reshape(-1, 3)
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), rtol=1e-6)


def test_keras_before_3_14_which_knows_no_renormalisation_will_do():
    ours, _ = pair()
    expected = ours(MAPS, training=True)
    if hasattr(ours, "renorm"):
        del ours.renorm
    np.testing.assert_array_equal(ours(MAPS, training=True), expected)


def test_it_survives_its_configuration_and_a_file(tmp_path):
    x = keras.Input((6, 5, 3))
    model = keras.Model(x, FusedBatchNormalization(momentum=0.7, name="bn")(x))
    model(MAPS, training=True)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert type(again.get_layer("bn")) is FusedBatchNormalization
    assert again.get_layer("bn").momentum == 0.7
    np.testing.assert_array_equal(model(MAPS), again(MAPS))
