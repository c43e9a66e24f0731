from __future__ import annotations

import numpy as np
import tensorflow as tf
from scipy import signal

from irmas_tf.dsp.equalization import band_frequencies, equalize, interpolation_matrix

RATE = 22050
GAINS = np.array([[3.0, -6.0, 0.0, 9.0, -3.0, 1.0, 6.0, -9.0]], np.float32)


def level_db(waveforms: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.mean(np.square(waveforms), axis=1))


def test_a_sine_at_a_band_gets_its_gain():
    bands = slice(2, 7)
    angle = 2 * np.pi * band_frequencies(8, RATE)[bands, None] * np.arange(RATE) / RATE
    sines = np.sin(angle).astype(np.float32)
    out = equalize(tf.constant(sines), tf.constant(np.repeat(GAINS, 5, axis=0)), RATE).numpy()
    inside = slice(4000, -4000)
    np.testing.assert_allclose(level_db(out[:, inside]) - level_db(sines[:, inside]), GAINS[0, bands], atol=0.1)


def test_it_is_a_zero_phase_filter_with_the_interpolated_response():
    """SciPy's frequency-sampling design of the same curve gives the same waveform."""
    noise = np.random.default_rng(0).standard_normal([1, 12000]).astype(np.float32)
    out = equalize(tf.constant(noise), tf.constant(GAINS / 3), RATE).numpy()[0]
    grid = np.linspace(0, RATE / 2, 8193)
    centers = np.log(band_frequencies(8, RATE))
    curve = 10 ** (np.interp(np.log(np.maximum(grid, 60.0)), centers, GAINS[0] / 3) / 20)
    taps = signal.firwin2(8191, grid, curve, fs=RATE, window=None)
    expected = np.convolve(noise[0], taps)[4095 : 4095 + 12000]
    assert np.linalg.norm(out - expected) < 0.01 * np.linalg.norm(expected)


def test_no_gain_changes_nothing_and_examples_are_independent():
    noise = np.random.default_rng(1).standard_normal([2, 3000]).astype(np.float32)
    out = equalize(tf.constant(noise), tf.constant(np.concatenate([np.zeros_like(GAINS), GAINS])), RATE).numpy()
    np.testing.assert_allclose(out[0], noise[0], atol=1e-5)
    alone = equalize(tf.constant(noise[1:]), tf.constant(GAINS), RATE).numpy()
    np.testing.assert_allclose(out[1], alone[0], atol=1e-5)
    assert not np.allclose(out[1], noise[1], atol=0.1)


def test_a_click_at_the_end_does_not_come_round_to_the_beginning():
    click = np.zeros([1, 4000], np.float32)
    click[0, -1] = 1.0
    out = equalize(tf.constant(click), tf.constant(GAINS), RATE).numpy()[0]
    assert np.abs(out[:1000]).max() < 1e-3 * np.abs(out).max()


def test_the_shares_of_the_bands_add_up_to_one():
    np.testing.assert_allclose(interpolation_matrix(8, RATE, 4096).sum(axis=0), 1.0, atol=1e-6)
