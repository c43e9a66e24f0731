from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.dsp.time_shift import FADE_SAMPLES, insert_silence, shift_in_time

NOISE = np.random.default_rng(0).standard_normal([5, 1000]).astype(np.float32)
OFFSETS = np.array([0.0, 1.0, -1.0, 300.0, -1000.0], np.float32)


def test_a_circular_shift_is_a_roll():
    out = shift_in_time(tf.constant(NOISE), tf.constant(OFFSETS), circular=True).numpy()
    for row, offset in enumerate(OFFSETS):
        np.testing.assert_array_equal(out[row], np.roll(NOISE[row], int(offset)))


def test_otherwise_silence_comes_in():
    out = shift_in_time(tf.constant(NOISE), tf.constant(OFFSETS), circular=False).numpy()
    for row, offset in enumerate(OFFSETS.astype(int)):
        padded = np.concatenate([np.zeros(1000), NOISE[row], np.zeros(1000)])
        np.testing.assert_array_equal(out[row], padded[1000 - offset : 2000 - offset].astype(np.float32))


def test_a_silence_is_exact_and_only_its_edges_are_faded():
    start, length = np.array([400.0, 0.0, 950.0, 10.0, 500.0]), np.array([200.0, 100.0, 50.0, 0.0, 1.0])
    out = insert_silence(tf.constant(NOISE), tf.constant(start, tf.float32), tf.constant(length, tf.float32)).numpy()
    for row in range(5):
        first, last = int(start[row]), int(start[row] + length[row])
        if first == last:
            np.testing.assert_array_equal(out[row], NOISE[row])
            continue
        assert not np.any(out[row, first:last])
        np.testing.assert_array_equal(
            out[row, : max(0, first - FADE_SAMPLES)], NOISE[row, : max(0, first - FADE_SAMPLES)]
        )
        np.testing.assert_array_equal(out[row, last + FADE_SAMPLES :], NOISE[row, last + FADE_SAMPLES :])
        for k in (1, 20, FADE_SAMPLES - 1):
            if first - k >= 0:
                assert out[row, first - k] == pytest.approx(NOISE[row, first - k] * k / FADE_SAMPLES, rel=1e-5)
            if last - 1 + k < 1000:
                assert out[row, last - 1 + k] == pytest.approx(NOISE[row, last - 1 + k] * k / FADE_SAMPLES, rel=1e-5)
