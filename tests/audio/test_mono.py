from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.audio.mono import mean_of_channels, pcm16_to_mono


@pytest.mark.parametrize("channels", [1, 2, 3, 8])
def test_integers_and_floats_have_the_same_mean(channels):
    values = np.random.default_rng(channels).integers(-32768, 32768, 1000 * channels, dtype=np.int16)
    mono = np.empty(1000, np.float32)
    mono *= pcm16_to_mono(values, channels, mono)
    expected = values.reshape(-1, channels).astype(np.float64).mean(axis=1) / 32768
    np.testing.assert_allclose(mono, expected, atol=2e-7)
    block = values.reshape(-1, channels).astype(np.float32) / np.float32(32768)
    np.testing.assert_array_equal(mean_of_channels(block), mono)


@pytest.mark.parametrize("extreme", [-32768, 32767])
def test_full_scale_does_not_overflow(extreme):
    mono = np.empty(4, np.float32)
    mono *= pcm16_to_mono(np.full(8, extreme, np.int16), 2, mono)
    assert mono.tolist() == [extreme / 32768] * 4


def test_the_mean_of_one_channel_is_a_copy():
    block = np.ones((3, 1), np.float32)
    mono = mean_of_channels(block)
    block[:] = 0
    assert mono.tolist() == [1, 1, 1]
