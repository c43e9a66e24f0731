"""Noise has the level asked for, in every kind, and is the same again."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.randomization.filters import SAMPLE_RATE_HZ
from irmas_tf.randomization.noise import KINDS, PERIOD, Noise


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_level_under_the_music_is_the_one_drawn(kind):
    rng = np.random.default_rng(0)
    music = [(0.1 * rng.standard_normal((2, PERIOD))).astype(np.float32) for _ in range(2)]
    noise = Noise(((kind, 20.0),), seed=3)
    added = [b - a for a, b in zip(music, noise.add_to(music), strict=True)]
    for part in added:
        assert 20 * np.log10(np.std(part) / 0.1) == pytest.approx(-20, abs=0.3)
    again = noise.add_to(music)
    assert np.array_equal(again[0], noise.add_to(music)[0])
    assert not np.array_equal(added[0], added[1])  # another stretch per excerpt


def test_hum_is_the_mains_and_its_harmonics():
    hum = KINDS["hum"](np.random.default_rng(1))
    power = np.abs(np.fft.rfft(hum)) ** 2
    strongest = np.argsort(power)[-3:]
    assert power[strongest].sum() > 0.5 * power.sum()
    hz = strongest * SAMPLE_RATE_HZ / PERIOD
    assert any(np.allclose(hz / mains, np.round(hz / mains), atol=0.01) for mains in (50, 60))
