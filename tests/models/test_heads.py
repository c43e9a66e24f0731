from __future__ import annotations

import keras
import numpy as np
import pytest

from irmas_tf.models.heads import (
    POOLINGS,
    BandProfile,
    BranchDropout,
    TimePooling,
    classifier,
    head_model,
    merged_vector,
    vector_model,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("mode", POOLINGS.names())
def test_pooling_is_the_mean_over_frequency_then_its_mode_over_time(mode):
    x = RNG.standard_normal([2, 5, 3, 4]).astype(np.float32)
    over_bins = x.mean(axis=2)
    expected = {
        "mean": over_bins.mean(axis=1),
        "max": over_bins.max(axis=1),
        "mean_max": over_bins.mean(axis=1) + over_bins.max(axis=1),
    }[mode]
    np.testing.assert_allclose(TimePooling(mode)(x), expected, rtol=1e-5, atol=1e-6)


def test_an_unknown_pooling_lists_the_known_ones():
    with pytest.raises(ValueError, match="known: max, mean, mean_max"):
        TimePooling("median")


@pytest.mark.parametrize(
    "layer", [TimePooling("max", name="p"), BandProfile(name="b"), BranchDropout(0.25, seed=3, name="d")]
)
def test_layers_survive_their_configuration(layer):
    data = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(data)
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()


def test_branch_dropout_loses_at_most_one_branch_and_keeps_the_mean():
    layer = BranchDropout(0.6, seed=1)
    ones = [np.ones([20_000, 2], np.float32) for _ in range(3)]
    dropped = np.stack([np.asarray(y) for y in layer(ones, training=True)])  # [branch, example, channel]
    lost = (dropped[:, :, 0] == 0).sum(axis=0)
    assert set(lost) == {0, 1}
    assert lost.mean() == pytest.approx(0.6, abs=0.02)
    np.testing.assert_allclose(dropped.mean(axis=1), 1.0, atol=0.02)
    np.testing.assert_array_equal(dropped[:, :, 0], dropped[:, :, 1])


def test_branch_dropout_changes_nothing_in_inference_or_with_one_branch():
    layer = BranchDropout(0.9, seed=1)
    x = [RNG.standard_normal([4, 2]).astype(np.float32) for _ in range(2)]
    for given, got in zip(x, layer(x, training=False), strict=True):
        np.testing.assert_array_equal(given, got)
    np.testing.assert_array_equal(layer(x[:1], training=True)[0], x[0])


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_branch_dropout_refuses_a_rate_that_is_no_probability(rate):
    with pytest.raises(ValueError, match="rate"):
        BranchDropout(rate)


def test_the_classifier_ends_in_float32_logits_and_names_the_embedding():
    x = keras.Input((6,))
    model = keras.Model(x, classifier(x, units=4, classes=3, dropout=0.5, seed=0))
    logits = model(RNG.standard_normal([8, 6]).astype(np.float32))
    assert tuple(logits.shape) == (8, 3)
    assert logits.dtype == "float32"
    assert tuple(model.get_layer("embedding").output.shape) == (None, 4)
    assert not np.allclose(np.asarray(logits).sum(axis=1), 1.0), "logits must not have gone through a softmax"


def test_without_units_the_head_is_linear_and_the_features_are_the_embedding():
    x = keras.Input((5,))
    model = keras.Model(x, classifier(x, units=0, classes=3, dropout=0.5, seed=0))
    features = np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32)
    dense = model.get_layer("logits")
    np.testing.assert_allclose(model(features), features @ dense.kernel.numpy() + dense.bias.numpy(), rtol=1e-5)
    np.testing.assert_array_equal(keras.Model(x, model.get_layer("embedding").output)(features), features)
    assert merged_vector(model) is model.input


@pytest.mark.parametrize("units", [0, 6])
@pytest.mark.parametrize("standardise", [False, True])
def test_a_model_falls_into_vectors_and_head(units, standardise):
    x = keras.Input((5,))
    vectors = keras.layers.Dense(4, name="body")(x)
    model = keras.Model(x, classifier(vectors, units=units, classes=3, dropout=0.5, seed=0, standardise=standardise))
    features = np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32)
    body, head = vector_model(model), head_model(model)
    np.testing.assert_allclose(head(body(features)), model(features), rtol=1e-5, atol=1e-6)
    assert {v.path for v in body.variables} == {"body/kernel", "body/bias"}
    assert not {v.path for v in head.trainable_variables} & {"body/kernel", "body/bias"}
    assert {id(v.value) for v in head.trainable_variables} < {id(v.value) for v in model.trainable_variables}


def test_a_standardised_head_does_not_depend_on_the_scale_of_its_features():
    x = keras.Input((5,))
    model = keras.Model(x, classifier(x, units=0, classes=3, dropout=0.0, seed=0, standardise=True))
    features = RNG.standard_normal([64, 5]).astype(np.float32)
    scaled = features * np.float32([1, 3, 10, 100, 1000]) + np.float32([0, 5, 10, -300, 0])
    assert merged_vector(model) is model.input
    np.testing.assert_allclose(model(features, training=True), model(scaled, training=True), atol=0.05)
    assert np.ptp(model(features, training=True).numpy()) > 0.5


def test_a_band_profile_is_the_mean_over_time_of_every_bin_and_channel():
    x = RNG.standard_normal([2, 7, 3, 4]).astype(np.float32)
    layer = BandProfile(name="p")
    np.testing.assert_allclose(layer(x), x.mean(axis=1).reshape(2, 12), rtol=1e-5, atol=1e-6)
    image = keras.Input((None, 3, 4))
    assert layer(image).shape == (None, 12)
