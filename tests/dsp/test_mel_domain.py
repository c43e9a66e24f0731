from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.dsp.mel_domain import mel_domain_filterbank


@pytest.mark.parametrize("arguments", [(64, 512, 16000, 125.0, 7500.0), (40, 1024, 22050, 20.0, 11025.0)])
def test_equals_tensorflows(arguments):
    bins, fft_length, rate, low, high = arguments
    expected = tf.signal.linear_to_mel_weight_matrix(bins, fft_length // 2 + 1, rate, low, high, tf.float64).numpy()
    np.testing.assert_allclose(mel_domain_filterbank(*arguments), expected, atol=1e-6)


def test_peaks_lie_at_equal_distances_in_mel():
    bins, fft_length, rate = 20, 1 << 14, 16000
    filters = mel_domain_filterbank(bins, fft_length, rate, 100.0, 8000.0)
    assert filters.shape == (fft_length // 2 + 1, bins)
    assert filters.dtype == np.float32
    mel = 1127.0 * np.log1p(filters.argmax(axis=0) * rate / fft_length / 700.0)
    np.testing.assert_allclose(np.diff(mel), (mel[-1] - mel[0]) / (bins - 1), atol=1.5)
    assert filters.max(axis=0) == pytest.approx(1.0, abs=0.02)


def test_nothing_outside_the_band_and_neighbours_add_up():
    filters = mel_domain_filterbank(30, 2048, 32000, 1000.0, 15000.0)
    frequency = np.arange(1025) * 32000 / 2048
    assert not filters[(frequency <= 1000) | (frequency >= 15000)].any()
    inner = (frequency > 1200) & (frequency < 13500)
    np.testing.assert_allclose(filters[inner].sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("low,high", [(-1.0, 100.0), (200.0, 100.0), (0.0, 8001.0)])
def test_frequencies_out_of_order_are_refused(low, high):
    with pytest.raises(ValueError, match="frequency_hz"):
        mel_domain_filterbank(8, 512, 16000, low, high)
