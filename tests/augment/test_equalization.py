from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.augment.equalization import BANDS
from irmas_tf.dsp.equalization import band_frequencies
from tests.helpers.augmenting import RATE_HZ, apply, drawn_over, several_labels


def test_a_sine_at_a_band_has_the_gain_of_that_band():
    config = several_labels(random_equalization_db=3.0)
    band, gains = 4, np.array([-6.0, 3.0], np.float32)
    time = np.arange(config.audio.window_samples) / RATE_HZ
    sine = np.sin(2 * np.pi * band_frequencies(BANDS, RATE_HZ)[band] * time).astype(np.float32)
    numbers = np.zeros([2, BANDS], np.float32)
    numbers[:, band] = gains
    out, _ = apply(config, np.stack([sine, sine]), {"equalization": {"gains_db": numbers}})
    inside = slice(500, -500)
    measured = 20 * np.log10(out[:, inside].std(axis=1) / sine[inside].std())
    np.testing.assert_allclose(measured, gains, atol=0.1)


def test_bands_are_normally_distributed_and_independent():
    gains = drawn_over(several_labels(random_equalization_db=3.0), 100)["gains_db"]
    assert gains.shape == (6400, BANDS)
    assert gains.std() == pytest.approx(3.0, rel=0.02)
    assert np.abs(np.corrcoef(gains.T) - np.eye(BANDS)).max() < 0.05
