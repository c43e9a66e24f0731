from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from irmas_tf.layers.freq_mix_style import FreqMixStyle

BATCH, FRAMES, BINS = 512, 40, 6


def features(seed=0):
    """Return features [batch, frames, bins] whose bands differ from example to example in mean and deviation."""
    rng = np.random.default_rng(seed)
    mean, deviation = rng.normal(0, 2, (BATCH, 1, BINS)), rng.uniform(0.5, 2, (BATCH, 1, BINS))
    return (rng.standard_normal((BATCH, FRAMES, BINS)) * deviation + mean).astype(np.float32)


def statistics(x):
    return x.mean(axis=1), x.std(axis=1)


@pytest.mark.parametrize("training", [False, None])
def test_inference_is_the_identity_and_draws_nothing(training):
    layer = FreqMixStyle(1.0, 0.3, seed=3)
    state = layer.seed_generator.state.numpy()
    x = features()
    np.testing.assert_array_equal(layer(x, training=training), x)
    np.testing.assert_array_equal(layer.seed_generator.state.numpy(), state)


def test_statistics_lie_on_the_line_between_two_examples_and_the_shape_over_time_stays():
    x = features()
    y = FreqMixStyle(1.0, 0.3, seed=3)(x, training=True).numpy()
    (mean, deviation), (new_mean, new_deviation) = statistics(x), statistics(y)
    np.testing.assert_allclose(
        (y - new_mean[:, None]) / new_deviation[:, None], (x - mean[:, None]) / deviation[:, None], atol=2e-3
    )
    # Of all other examples one explains the new statistics of all bands with a single share.
    shares = []
    for k in range(40):
        toward = mean - mean[k]  # [examples, bins]
        length = np.maximum((toward**2).sum(axis=1), 1e-12)
        share = ((new_mean[k] - mean[k]) * toward).sum(axis=1) / length
        away = np.abs(mean[k] + share[:, None] * toward - new_mean[k]).max(axis=1)
        away[k] = np.abs(new_mean[k] - mean[k]).max()
        other = int(away.argmin())
        assert away[other] < 1e-3
        if other != k:
            np.testing.assert_allclose(
                new_deviation[k], deviation[k] + share[other] * (deviation[other] - deviation[k]), atol=2e-3
            )
            shares.append(share[other])
    assert len(shares) > 20 and min(shares) > -1e-3 and max(shares) < 1.001


def test_the_share_of_changed_examples_and_of_their_own_style_are_as_asked_for():
    x = features()
    layer = FreqMixStyle(0.25, 0.3, seed=1)
    changed = np.mean([(layer(x, training=True).numpy() != x).any(axis=(1, 2)).mean() for _ in range(8)])
    assert changed == pytest.approx(0.25, abs=0.02)
    assert (
        stats.kstest(layer._table, stats.beta(0.3, 0.3).cdf).statistic < 4e-3
    )  # the last three quantiles are 1 in float32


@pytest.mark.slow
def test_the_same_seed_gives_the_same_with_and_without_xla_and_goes_on():
    x = features()
    plain, compiled = FreqMixStyle(0.5, 0.3, seed=5), FreqMixStyle(0.5, 0.3, seed=5)
    run = tf.function(lambda values: compiled(values, training=True), jit_compile=True)
    first = plain(x, training=True).numpy()
    np.testing.assert_allclose(run(x), first, atol=1e-5)
    assert (plain(x, training=True).numpy() != first).any()


def test_a_silent_band_stays_finite_and_the_layer_survives_saving(tmp_path):
    x = features()
    x[:, :, 2] = -3.0
    inputs = keras.Input((FRAMES, BINS))
    model = keras.Model(inputs, FreqMixStyle(0.5, 0.2, seed=5, name="style")(inputs))
    assert np.isfinite(model(x, training=True)).all()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.get_layer("style").get_config() == model.get_layer("style").get_config()


@pytest.mark.parametrize("arguments", [{"probability": 1.5}, {"probability": -0.1}, {"alpha": 0.0}])
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        FreqMixStyle(**arguments)
