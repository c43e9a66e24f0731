"""A compressor's gain is what its ratio says, and nothing passes a limiter's ceiling."""

from __future__ import annotations

import random

import numpy as np
import pytest

from irmas_tf.randomization.dynamics import Compressor, Limiter
from irmas_tf.randomization.filters import SAMPLE_RATE_HZ


def sine(levels: list[float], seconds: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    wave = np.concatenate([level * np.sin(2 * np.pi * 1000 * time) for level in levels])
    return np.stack([wave, 0.5 * wave]).astype(np.float32)


def rms_db(audio: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2)))


@pytest.mark.parametrize("ratio", [2.0, 8.0])
def test_steady_tones_come_out_as_far_apart_as_the_ratio_says(ratio):
    audio = sine([0.1, 0.4])
    result = Compressor(-30.0, ratio, 0.005, 0.05).apply(audio)
    half = SAMPLE_RATE_HZ // 2
    quiet, loud = rms_db(result[:, half : 2 * half]), rms_db(result[:, 3 * half :])
    assert loud - quiet == pytest.approx(20 * np.log10(4) / ratio, abs=0.1)
    np.testing.assert_allclose(result[1], 0.5 * result[0], rtol=1e-5, atol=1e-7)  # the picture does not move


def test_ratio_one_and_silence_pass():
    audio = sine([0.1, 0.4], 0.2)
    np.testing.assert_allclose(Compressor(-30.0, 1.0, 0.005, 0.05).apply(audio), audio)
    silence = np.zeros((2, 5000), np.float32)
    assert not Compressor.draw(random.Random(0), 1.0).apply(silence).any()
    assert not Limiter("limiter", 6.0).apply(silence).any()


@pytest.mark.parametrize("kind", ["limiter", "soft", "hard"])
def test_nothing_passes_the_ceiling(kind):
    audio = sine([0.05, 0.9, 0.05, 0.6], 0.1)
    audio[:, 6000] = 0.95  # a click
    result = Limiter(kind, 9.0).apply(audio)
    ceiling = float(np.abs(audio).max()) * 10 ** (-9 / 20)
    assert np.abs(result).max() <= ceiling * 1.0001
    if kind != "soft":  # what is far below the ceiling is left alone
        np.testing.assert_allclose(result[:, 100:1500], audio[:, 100:1500], rtol=1e-5)
