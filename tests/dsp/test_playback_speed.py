from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import firwin, resample_poly

from irmas_tf.dsp.playback_speed import TAPS, _places, change_speed, samples_needed

RATE = 22050
EDGE = 2 * TAPS  # outputs within which the waveform's abrupt ends still ring


def sine(cycles_per_sample: float, samples: int) -> np.ndarray:
    return np.sin(2 * np.pi * cycles_per_sample * np.arange(samples)).astype(np.float32)


def play(waveform: np.ndarray, speed: float, samples: int) -> np.ndarray:
    return change_speed(tf.constant(waveform[None]), tf.constant([speed], tf.float32), samples).numpy()[0]


def level_and_rest_db(cycles_per_sample: float, speed: float) -> tuple[float, float]:
    """Return the level of a sine played at a speed, and that of all else in the result, in dB of the sine."""
    samples = 16384
    speed = float(np.float32(speed))
    wave = play(sine(cycles_per_sample, samples_needed(samples, speed)), speed, samples)[EDGE:-EDGE]
    phase = 2 * np.pi * cycles_per_sample * speed * np.arange(EDGE, samples - EDGE)
    basis = np.stack([np.sin(phase), np.cos(phase)], axis=1)
    parts = np.linalg.lstsq(basis, wave, rcond=None)[0]
    return 20 * np.log10(np.hypot(*parts)), 10 * np.log10(2 * np.mean(np.square(wave - basis @ parts)))


@pytest.mark.parametrize("speed", [0.5, 0.944, 1.0, 1.06, 2.0])
def test_a_sine_changes_its_frequency_by_the_speed(speed):
    samples = 16384
    wave = play(sine(441.0 / RATE, samples_needed(samples, speed)), speed, samples)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(samples), 8 * samples))
    peak_hz = spectrum.argmax() * RATE / (8 * samples)
    assert 1200 * abs(np.log2(peak_hz / (441.0 * speed))) < 1  # cents
    expected = np.sin(2 * np.pi * 441.0 * speed * np.arange(samples) / RATE)
    np.testing.assert_allclose(wave[EDGE:-EDGE], expected[EDGE:-EDGE], atol=2e-3)


@pytest.mark.parametrize(("up", "down"), [(4, 5), (5, 4), (16, 17), (18, 17)])
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


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.3, 1.122462])
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


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 0.97, 1.03, 1.06, 1.5, 2.0, 4.0])
@pytest.mark.parametrize("share", [0.03, 0.3, 0.7, 0.95, 1.0])
def test_the_stated_pass_band_and_distance_of_images(share, speed):
    level, rest = level_and_rest_db(share * (0.5 / max(1.0, speed) - 0.05), speed)
    assert abs(level) < 0.05
    assert rest < -50


@pytest.mark.parametrize("speed", [1.12, 1.5, 2.0, 4.0])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_what_would_fold_back_is_taken_out(share, speed):
    samples = 8192
    lowest = 0.5 / speed + 0.05
    cycles_per_sample = lowest + share * (0.499 - lowest)
    wave = play(sine(cycles_per_sample, samples_needed(samples, speed)), speed, samples)[EDGE:-EDGE]
    assert 10 * np.log10(2 * np.mean(np.square(wave))) < -50


def test_half_the_lower_rate_is_at_minus_six_db():
    for speed in (1.06, 1.5):
        level, _ = level_and_rest_db(0.4999 / speed, speed)
        assert level == pytest.approx(-6.0, abs=0.5)


@pytest.mark.parametrize("speed", [0.9438743, 1.0594631, 1.92])
def test_places_stay_exact_over_a_minute_at_48_khz(speed):
    samples = 2_880_000
    whole, between = _places(tf.constant([speed], tf.float32), samples)
    exact = np.arange(samples) * float(np.float32(speed))
    error = whole.numpy()[0].astype(np.float64) + between.numpy()[0] - exact
    assert np.abs(error).max() < 2e-4
    assert 0.0 <= between.numpy().min() and between.numpy().max() <= 1.0


def test_an_unknown_length_is_refused():
    graph = tf.function(lambda w: change_speed(w, tf.ones([2]), 10), [tf.TensorSpec([2, None], tf.float32)])
    with pytest.raises(ValueError, match="must be known"):
        graph.get_concrete_function()


def test_it_has_a_gradient_and_no_python_inside():
    waveform = tf.Variable(np.random.default_rng(3).standard_normal([2, 400]).astype(np.float32))
    play_graph = tf.function(lambda w, s: change_speed(w, s, 300), jit_compile=True)
    speed = tf.constant([0.95, 1.05])
    np.testing.assert_allclose(play_graph(waveform, speed), change_speed(waveform, speed, 300), atol=1e-5)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(change_speed(waveform, speed, 300)))
    assert np.all(np.isfinite(tape.gradient(loss, waveform)))
