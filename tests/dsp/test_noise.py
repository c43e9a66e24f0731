from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import signal, stats

from irmas_tf.dsp.noise import add_noise, noise_from, pink_noise, root_mean_square, scaled_noise, white_noise

RATE = 22050
SEEDS = tf.constant([[1, 2], [3, 4], [1, 2]], tf.int32)


@pytest.mark.parametrize("kind", ["white", "pink", "uniform"])
def test_the_ratio_is_what_was_asked(kind):
    rng = np.random.default_rng(0)
    levels = np.array([[1e-4], [0.1], [3.0]])
    music = (levels * np.sin(np.arange(20000) * [[0.01], [0.2], [1.0]])).astype(np.float32)
    noise = {
        "white": white_noise(SEEDS, 20000),
        "pink": pink_noise(white_noise(SEEDS, 20000), RATE),
        "uniform": tf.constant(7.0 * rng.uniform(-1, 1, [3, 20000]), tf.float32),
    }[kind]
    asked = np.array([-5.0, 12.3, 40.0], np.float32)
    added = add_noise(tf.constant(music), noise, tf.constant(asked)).numpy().astype(np.float64) - music
    measured = 10 * np.log10(np.mean(np.square(music, dtype=np.float64), axis=1) / np.mean(np.square(added), axis=1))
    np.testing.assert_allclose(measured, asked, atol=0.02)


def test_silence_has_no_ratio_and_stays_silence():
    zeros, noise = tf.zeros([3, 1000]), white_noise(SEEDS, 1000)
    assert not np.any(add_noise(zeros, noise, tf.constant([0.0, 10.0, -60.0])))
    music = tf.ones([3, 1000])
    np.testing.assert_array_equal(add_noise(music, zeros, tf.zeros(3)), music)


@pytest.mark.parametrize("level", [1e-14, 1e-16, 1e-19, 1e-20, 1e-22, 1e-30])
def test_noise_so_soft_that_its_squares_vanish_is_no_louder_than_asked(level):
    music, noise = tf.ones([3, 1000]), np.float32(level) * white_noise(SEEDS, 1000)
    added = add_noise(music, noise, tf.fill([3], 20.0)) - music
    assert np.abs(added).max() < 0.5
    assert (np.abs(added).max() > 0.1) == (level > 1e-15)


def test_a_seed_is_a_noise_and_white_noise_is_gaussian_and_flat():
    noise = white_noise(SEEDS, 40000).numpy()
    np.testing.assert_array_equal(noise[0], noise[2])
    np.testing.assert_array_equal(white_noise(SEEDS[1:2], 40000)[0], noise[1])  # whatever the batch
    assert abs(np.corrcoef(noise[:2])[0, 1]) < 0.02
    assert stats.kstest(noise[0], "norm").pvalue > 0.01
    _, power = signal.welch(noise[0], RATE, nperseg=512)
    assert 10 * np.log10(power[1:-1].max() / power[1:-1].min()) < 4


def test_pink_noise_falls_by_three_decibels_an_octave():
    pink = pink_noise(tf.constant(np.random.default_rng(1).standard_normal([4, 200000]), tf.float32), RATE).numpy()
    hz, power = signal.welch(pink, RATE, nperseg=8192)
    decibels = 10 * np.log10(power.mean(axis=0))
    used = (hz > 40) & (hz < 10000)
    slope = np.polyfit(np.log2(hz[used]), decibels[used], 1)[0]
    assert slope == pytest.approx(-10 * np.log10(2), abs=0.05)
    assert pink.std() == pytest.approx(1.0, rel=0.05)
    assert abs(pink.mean()) < 0.05


def test_recordings_are_cut_where_told_and_go_round():
    recordings = np.arange(17, dtype=np.float32)
    starts, lengths = np.array([0.0, 10.0], np.float32), np.array([10.0, 7.0], np.float32)
    place = np.array([[0.0, 0.35], [0.5, 0.0], [0.999, 0.99]], np.float32)
    pieces = noise_from(recordings, tf.constant(starts), tf.constant(lengths), tf.constant(place), 16).numpy()
    np.testing.assert_array_equal(pieces[0], [3 + k if 3 + k < 10 else (3 + k) % 10 for k in range(16)])
    np.testing.assert_array_equal(pieces[1], [10 + k % 7 for k in range(16)])
    np.testing.assert_array_equal(pieces[2], [10 + (6 + k) % 7 for k in range(16)])


def test_no_rounding_leaves_a_recording():
    lengths = np.array([3.0, 7.0, 11.0, 999983.0], np.float32)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.float32)
    owner = np.repeat(np.arange(4, dtype=np.float32), lengths.astype(int))
    rng = np.random.default_rng(2)
    place = rng.uniform(0, 1, [400, 2]).astype(np.float32)
    place[:5, 1] = np.nextafter(np.float32(1), np.float32(0))
    place[:5, 0] = [0.0, 0.25, 0.5, 0.75, np.nextafter(np.float32(1), np.float32(0))]
    pieces = noise_from(owner, tf.constant(starts), tf.constant(lengths), tf.constant(place), 5000).numpy()
    np.testing.assert_array_equal(pieces, np.floor(place[:, :1] * 4) + np.zeros([1, 5000]))


def test_the_noise_of_another_waveform_can_be_asked_for():
    music = 0.5 * tf.ones([3, 5000])
    noise = scaled_noise(white_noise(SEEDS, 5000), music, tf.constant([20.0, 20.0, 0.0]))
    np.testing.assert_allclose(root_mean_square(noise), [0.05, 0.05, 0.5], rtol=1e-5)
