from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.layers.normalization import BinNormalization

BINS = 5


def features(frames=400, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((6, frames, BINS)) * np.arange(1, BINS + 1) - 7.0).astype(np.float32)


def built(**arguments):
    layer = BinNormalization(**arguments)
    layer.build((None, None, BINS))
    return layer


def test_is_almost_the_identity_before_adaptation():
    values = features()
    np.testing.assert_allclose(built()(values), values, rtol=1e-4)


def test_adapted_features_are_standard():
    layer, values = built(), features()
    layer.adapt_statistics([values])
    normalized = layer(values).numpy()
    np.testing.assert_allclose(normalized.mean(axis=(0, 1)), 0.0, atol=1e-4)
    np.testing.assert_allclose(normalized.var(axis=(0, 1)), 1.0, atol=1e-3)


def test_scalar_variance_keeps_the_ratio_of_the_bins():
    layer, values = built(scalar_variance=True), features()
    layer.adapt_statistics([values])
    assert layer.variance.shape == ()
    deviations = layer(values).numpy().std(axis=(0, 1))
    np.testing.assert_allclose(deviations / deviations[0], values.std(axis=(0, 1)) / values[..., 0].std(), rtol=1e-3)
    np.testing.assert_allclose(np.mean(deviations**2), 1.0, atol=1e-3)


@pytest.mark.parametrize("sizes", [(400,), (1, 399), (100, 0, 299, 1), (1,) * 400])
def test_batches_of_any_size_give_the_statistics_of_the_whole(sizes):
    layer, values = built(), features().astype(np.float64)[0] + 1e4
    ends = np.cumsum(sizes)
    layer.adapt_statistics(values[end - size : end] for size, end in zip(sizes, ends, strict=True))
    np.testing.assert_allclose(layer.mean.numpy(), values.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.variance.numpy(), values.var(axis=0), rtol=1e-5)


def test_adapts_to_tensors_of_a_dataset():
    layer, values = built(), features()
    layer.adapt_statistics(tf.data.Dataset.from_tensor_slices(values).batch(4))
    np.testing.assert_allclose(layer.mean.numpy(), values.mean(axis=(0, 1)), atol=1e-4)


def test_constant_bins_stay_finite():
    layer = built()
    layer.adapt_statistics([np.full((3, 10, BINS), -6.9)])
    np.testing.assert_allclose(layer(np.full((1, 2, BINS), -6.9, np.float32)), 0.0, atol=1e-3)


def test_statistics_are_weights_but_not_trainable():
    layer = built()
    assert [w.name for w in layer.non_trainable_weights] == ["mean", "variance"]
    assert layer.trainable_weights == []
    assert {w.dtype for w in layer.weights} == {"float32"}


@pytest.mark.parametrize("scalar_variance", [False, True])
def test_serialisation(scalar_variance, check_layer, dtype_policy):
    arguments = {"scalar_variance": scalar_variance, "epsilon": 1e-3}
    check_layer(BinNormalization, arguments, features(8), lambda layer: layer.adapt_statistics([features()]))


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_centres_in_float32_whatever_the_policy(dtype_policy, jit_compile):
    """Values far from zero, close together: rounding them before the mean is subtracted would lose them."""
    values = (-300.0 + 0.01 * features()).astype(np.float32)
    layer = built()
    layer.adapt_statistics([values])
    normalized = tf.function(layer, jit_compile=jit_compile)(values)
    assert normalized.dtype.name == layer.compute_dtype
    exact = values.astype(np.float64)
    expected = (exact - exact.mean((0, 1))) / np.sqrt(exact.var((0, 1)) + layer.epsilon)
    np.testing.assert_allclose(tf.cast(normalized, tf.float32), expected, rtol=2e-2, atol=2e-2)


def test_any_number_of_leading_axes():
    layer, values = built(), features()
    layer.adapt_statistics([values])
    expected = layer(values).numpy()
    np.testing.assert_allclose(layer(values[0]), expected[0], rtol=1e-6)
    np.testing.assert_allclose(layer(values[:0]), expected[:0])


@pytest.mark.parametrize(
    "mean, variance, words",
    [
        (np.zeros(4), np.ones(5), r"mean has shape \(4,\), expected \(5,\)"),
        (np.zeros(5), np.ones(4), r"variance has shape \(4,\), expected \(5,\)"),
        (np.zeros(5), np.ones(()), r"variance has shape \(\), expected \(5,\)"),
        (np.full(5, np.nan), np.ones(5), "mean has values that are not finite"),
        (np.zeros(5), np.full(5, np.inf), "variance has values that are not finite"),
        (np.zeros(5), -np.ones(5), "variance has negative values"),
    ],
)
def test_bad_statistics_are_refused_and_nothing_changes(mean, variance, words):
    layer = built()
    with pytest.raises(ValueError, match=words):
        layer.set_statistics(mean, variance)
    np.testing.assert_array_equal(layer.mean.numpy(), 0.0)
    np.testing.assert_array_equal(layer.variance.numpy(), 1.0)


def test_scalar_variance_takes_a_scalar_or_an_average():
    layer = built(scalar_variance=True)
    layer.set_statistics(np.zeros(BINS), 4.0)
    assert layer.variance.numpy() == 4.0
    layer.set_statistics(np.zeros(BINS), np.arange(BINS))
    assert layer.variance.numpy() == 2.0


@pytest.mark.parametrize(
    "batches, words",
    [
        ([np.zeros((3, 4))], r"features have shape \(3, 4\), expected \[\.\.\., 5\]"),
        ([np.zeros((3, 5)), np.float64(3.0)], r"features have shape \(\)"),
        ([np.full((3, 5), np.nan)], "not finite"),
        ([], "no features"),
        ([np.zeros((0, 5))], "no features"),
    ],
)
def test_bad_features_are_refused(batches, words):
    with pytest.raises(ValueError, match=words):
        built().adapt_statistics(batches)


def test_needs_to_be_built():
    for act in (lambda layer: layer.set_statistics([0.0], [1.0]), lambda layer: layer.adapt_statistics([])):
        with pytest.raises(ValueError, match="build the layer"):
            act(BinNormalization())


def test_refuses_other_bins_than_it_was_built_for():
    with pytest.raises(ValueError, match="axis -1"):
        built()(np.zeros((2, 3, BINS + 1), np.float32))
    with pytest.raises(ValueError, match="must be known"):
        BinNormalization().build((None, None, None))


def test_symbolic_dtype_is_the_compute_dtype():
    assert BinNormalization(dtype="mixed_float16")(keras.KerasTensor((None, 3, 4))).dtype == "float16"
