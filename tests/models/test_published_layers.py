from __future__ import annotations

import keras
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from irmas_tf.models.published_layers import hard_swish, published_norm, symmetric_convolution


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("height,width", [(8, 9), (7, 6)])
@pytest.mark.parametrize("depthwise", [False, True])
def test_convolution_pads_evenly(size, stride, height, width, depthwise):
    inputs = keras.Input((height, width, 1))
    y = symmetric_convolution(inputs, None if depthwise else 1, size, stride, "conv", padding_name="pad")
    model = keras.Model(inputs, y)
    x = np.random.default_rng(0).standard_normal((height, width)).astype(np.float32)
    kernel = model.get_layer("conv").kernel.numpy()[:, :, 0, 0]
    full = scipy.signal.correlate2d(np.pad(x, size // 2), kernel, mode="valid")
    np.testing.assert_allclose(model(x[None, :, :, None])[0, :, :, 0], full[::stride, ::stride], atol=1e-5)


def test_norm_has_the_published_epsilon_and_freezes():
    inputs = keras.Input((2, 2, 3))
    model = keras.Model(inputs, published_norm(inputs, "bn", epsilon=0.5, scale=False))
    layer = model.get_layer("bn")
    assert [w.name for w in layer.weights] == ["beta", "moving_mean", "moving_variance"]
    layer.moving_variance.assign([1.5, 1.5, 3.5])
    x = np.full((4, 2, 2, 3), 2.0, np.float32)
    np.testing.assert_allclose(model(x)[0, 0, 0], 2 / np.sqrt([2.0, 2.0, 4.0]), atol=1e-6)
    layer.trainable = False
    np.testing.assert_allclose(model(x, training=True), model(x), atol=1e-6)
    assert layer.moving_mean.numpy().tolist() == [0, 0, 0]
    layer.trainable = True
    model(x, training=True)
    assert np.all(layer.moving_mean.numpy() > 0)


def test_hard_swish():
    x = tf.constant([-4.0, -3.0, -1.0, 0.0, 1.0, 3.0, 5.0])
    inputs = keras.Input((7,))
    y = keras.Model(inputs, hard_swish(inputs, "swish"))(x[None])[0]
    np.testing.assert_allclose(y, [0, 0, -1 / 3, 0, 2 / 3, 3, 5], atol=1e-6)
