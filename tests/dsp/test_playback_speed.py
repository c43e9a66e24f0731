from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.interpolate import CubicHermiteSpline

from irmas_tf.dsp.playback_speed import change_speed, samples_needed

RATE = 22050


def sine(frequency_hz: float, samples: int) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(samples) / RATE).astype(np.float32)


def play(waveform: np.ndarray, speed: float, samples: int) -> np.ndarray:
    return change_speed(waveform[None], tf.constant([speed], tf.float32), samples).numpy()[0]


@pytest.mark.parametrize("speed", [0.5, 0.944, 1.0, 1.06, 2.0])
def test_a_sine_changes_its_frequency_by_the_speed(speed):
    samples = 16384
    wave = play(sine(441.0, samples_needed(samples, speed)), speed, samples)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(samples), 8 * samples))
    peak_hz = spectrum.argmax() * RATE / (8 * samples)
    assert 1200 * abs(np.log2(peak_hz / (441.0 * speed))) < 1  # cents
    expected = np.sin(2 * np.pi * 441.0 * speed * np.arange(samples) / RATE)
    np.testing.assert_allclose(wave[3:], expected[3:], atol=2e-3)


def test_it_is_the_cubic_hermite_spline_with_central_slopes():
    waveform = np.random.default_rng(0).standard_normal(200).astype(np.float32)
    slopes = (np.roll(waveform, -1) - np.roll(waveform, 1)) / 2
    spline = CubicHermiteSpline(np.arange(200), waveform, slopes)
    speed = np.float32(1.21)
    positions = np.arange(1, 150) * float(speed)
    np.testing.assert_allclose(play(waveform, speed, 150)[1:], spline(positions), atol=1e-4)


def test_speed_one_changes_nothing_and_every_example_has_its_own():
    waveform = np.random.default_rng(1).standard_normal([2, 500]).astype(np.float32)
    played = change_speed(waveform, tf.constant([1.0, 2.0]), 200).numpy()
    np.testing.assert_array_equal(played[0], waveform[0, :200])
    np.testing.assert_array_equal(played[1], waveform[1, :400:2])


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.3, 1.122462])
def test_samples_needed_is_enough_and_not_much_more(speed):
    samples = 1000
    needed = samples_needed(samples, speed)
    ones = np.ones(needed, np.float32)
    assert play(ones, speed, samples)[1:].min() == pytest.approx(1.0, abs=1e-6)
    assert play(ones[:-5], speed, samples)[-1] != pytest.approx(1.0, abs=1e-3)


def test_after_the_end_is_silence():
    assert np.all(play(np.ones(100, np.float32), 2.0, 200)[60:] == 0.0)


@pytest.mark.parametrize(("cycles_per_sample", "least_db"), [(0.25, 18.0), (0.1, 43.0)])
def test_the_stated_distance_of_what_the_cubic_adds(cycles_per_sample, least_db):
    samples = 8192
    wave = play(np.sin(2 * np.pi * cycles_per_sample * np.arange(9000)).astype(np.float32), 1.03, samples)
    phase = 2 * np.pi * cycles_per_sample * 1.03 * np.arange(samples)
    basis = np.stack([np.sin(phase), np.cos(phase)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, wave, rcond=None)[0]
    assert 10 * np.log10(np.sum(fit**2) / np.sum((wave - fit) ** 2)) > least_db
