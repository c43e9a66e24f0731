"""Amplifiers add harmonics and take treble away, at the level they were given."""

from __future__ import annotations

import random

import numpy as np
import pytest

from irmas_tf.timbres.amplifiers import cabinet, draw_amplifier

RATE = 44100
TONE = (0.2 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)).astype(np.float32)


def band(audio: np.ndarray, low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(audio)) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE)
    return float(power[(hz >= low) & (hz < high)].sum())


@pytest.mark.parametrize("seed", range(6))
def test_the_level_stays_and_the_same_draw_is_the_same_amplifier(seed):
    first, second = (draw_amplifier(random.Random(seed), RATE, clean=seed % 2 == 0).process(TONE) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.sqrt(np.mean(first**2)) == pytest.approx(np.sqrt(np.mean(TONE**2)), rel=1e-3)


def test_driven_amplifiers_add_harmonics():
    added = [
        band(out, 600, 3000) / band(out, 150, 300)
        for out in (draw_amplifier(random.Random(seed), RATE, clean=False).process(TONE) for seed in range(30))
    ]
    assert np.median(added) > 0.02  # of a sine, which has none
    assert max(added) > 0.3


def test_cabinets_fall_steeply_above_their_treble_and_have_energy_1():
    for seed in range(10):
        response = cabinet(random.Random(seed), RATE)
        assert np.sum(response**2) == pytest.approx(1.0, rel=1e-4)
        heard = np.pad(response, (0, RATE - len(response)))
        assert band(heard, 12000, 20000) / 8000 < 0.01 * band(heard, 200, 3000) / 2800


def test_silence_stays_silent():
    silence = np.zeros(1000, np.float32)
    np.testing.assert_array_equal(draw_amplifier(random.Random(1), RATE, clean=False).process(silence), silence)
