from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import firwin, resample_poly

from irmas_tf.dsp.playback_speed import TAPS, _places, change_speed, samples_needed

RATE = 22050
EDGE = 2 * TAPS  # outputs within which the waveform's abrupt ends still ring


def play(waveform: np.ndarray, speed: float, samples: int) -> np.ndarray:
    return change_speed(tf.constant(waveform[None]), tf.constant([speed], tf.float32), samples).numpy()[0]


def played_sines(cycles_per_sample: np.ndarray, speeds: np.ndarray, samples: int) -> np.ndarray:
    """Return sines, each played at its own speed, without the ends that ring."""
    longest = samples_needed(samples, float(speeds.max()))
    waves = np.sin(2 * np.pi * cycles_per_sample[:, None] * np.arange(longest)).astype(np.float32)
    return change_speed(tf.constant(waves), tf.constant(speeds, tf.float32), samples).numpy()[:, EDGE:-EDGE]


def levels_and_rests_db(cycles_per_sample: np.ndarray, speeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the levels of sines played at speeds, and those of all else in the results, in dB of the sine."""
    samples, measured = 8192, []
    for wave, cycles, speed in zip(
        played_sines(cycles_per_sample, speeds, samples), cycles_per_sample, np.float32(speeds), strict=True
    ):
        phase = 2 * np.pi * cycles * float(speed) * np.arange(EDGE, samples - EDGE)
        basis = np.stack([np.sin(phase), np.cos(phase)], axis=1)
        parts = np.linalg.lstsq(basis, wave, rcond=None)[0]
        rest = np.mean(np.square(wave - basis @ parts))
        measured.append((20 * np.log10(np.hypot(*parts)), 10 * np.log10(2 * rest)))
    levels, rests = np.array(measured).T
    return levels, rests


@pytest.mark.parametrize("speed", [0.5, 0.944, 2.0])
def test_a_sine_changes_its_frequency_by_the_speed(speed):
    samples = 16384
    sine = np.sin(2 * np.pi * 441.0 / RATE * np.arange(samples_needed(samples, speed))).astype(np.float32)
    wave = play(sine, speed, samples)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(samples), 8 * samples))
    peak_hz = spectrum.argmax() * RATE / (8 * samples)
    assert 1200 * abs(np.log2(peak_hz / (441.0 * speed))) < 1  # cents
    expected = np.sin(2 * np.pi * 441.0 * speed * np.arange(samples) / RATE)
    np.testing.assert_allclose(wave[EDGE:-EDGE], expected[EDGE:-EDGE], atol=2e-3)


@pytest.mark.parametrize(("up", "down"), [(4, 5), (18, 17)])
def test_noise_sounds_as_scipy_resamples_it(up, down):
    band_limit = firwin(255, 0.6, window=("kaiser", 9.0))  # of half the sample rate: no filter's transition matters
    noise = np.convolve(np.random.default_rng(0).standard_normal(20000), band_limit, "same").astype(np.float32)
    theirs = resample_poly(noise, up, down, window=("kaiser", 9.0))
    ours = play(noise, down / up, len(theirs))
    difference = (ours - theirs)[EDGE:-EDGE]
    assert 10 * np.log10(np.mean(np.square(difference)) / np.mean(np.square(theirs))) < -50


def test_speed_one_changes_nothing_and_every_example_has_its_own():
    waveform = np.random.default_rng(1).standard_normal([3, 900]).astype(np.float32)
    played = change_speed(tf.constant(waveform), tf.constant([1.0, 2.0, 0.9]), 400).numpy()
    np.testing.assert_array_equal(played[0], waveform[0, :400])
    for row, speed in ((1, 2.0), (2, 0.9)):
        np.testing.assert_allclose(played[row], play(waveform[row], speed, 400), atol=1e-5)


def test_speed_one_of_a_shorter_waveform_is_followed_by_silence():
    np.testing.assert_array_equal(play(np.ones(10, np.float32), 1.0, 15), [1.0] * 10 + [0.0] * 5)


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.122462])
def test_samples_needed_is_enough_and_not_much_more(speed):
    samples = 1000
    needed = samples_needed(samples, speed)
    noise = np.random.default_rng(2).standard_normal(needed + 500).astype(np.float32)
    longer = play(noise, speed, samples)
    np.testing.assert_allclose(play(noise[:needed], speed, samples), longer, atol=1e-5)
    if speed != 1.0:
        assert np.abs(play(noise[: needed - TAPS // 2 - 1], speed, samples) - longer).max() > 1e-2


def test_a_constant_keeps_its_level_exactly():
    played = play(np.full(4000, 0.5, np.float32), 1.234, 2000)
    np.testing.assert_allclose(played[EDGE:], 0.5, atol=1e-6)


def test_after_the_end_is_silence():
    played = play(np.ones(100, np.float32), 2.0, 300)
    assert np.all(played[50 + TAPS // 2 :] == 0.0)


def test_the_stated_pass_band_and_distance_of_images():
    speeds, shares = (x.ravel() for x in np.meshgrid([0.25, 0.8, 0.97, 1.06, 2.0], [0.03, 0.7, 0.95, 1.0]))
    levels, rests = levels_and_rests_db(shares * (0.5 / np.maximum(1.0, speeds) - 0.05), speeds)
    assert np.abs(levels).max() < 0.05
    assert rests.max() < -50


def test_what_would_fold_back_is_taken_out():
    speeds, shares = (x.ravel() for x in np.meshgrid([1.12, 1.5, 4.0], [0.0, 0.3, 1.0]))
    lowest = 0.5 / speeds + 0.05
    waves = played_sines(lowest + shares * (0.499 - lowest), speeds, 8192)
    assert 10 * np.log10(2 * np.mean(np.square(waves), axis=1)).max() < -50


def test_half_the_lower_rate_is_at_minus_six_db():
    speeds = np.array([1.06, 1.5])
    assert levels_and_rests_db(0.4999 / speeds, speeds)[0] == pytest.approx(-6.0, abs=0.5)


@pytest.mark.slow
def test_places_stay_exact_over_a_minute_at_48_khz():
    samples, speeds = 2_880_000, np.array([0.9438743, 1.92], np.float32)
    whole, between = _places(tf.constant(speeds), samples)
    for row, speed in enumerate(speeds):
        exact = np.arange(samples) * float(speed)
        error = whole.numpy()[row].astype(np.float64) + between.numpy()[row] - exact
        assert np.abs(error).max() < 2e-4
    assert 0.0 <= between.numpy().min() and between.numpy().max() <= 1.0


def test_an_unknown_length_is_refused():
    graph = tf.function(lambda w: change_speed(w, tf.ones([2]), 10), [tf.TensorSpec([2, None], tf.float32)])
    with pytest.raises(ValueError, match="must be known"):
        graph.get_concrete_function()
