"""The rule of silence: what counts as silence, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.audio.silence import SILENCE_DBFS, amplitude, silent_windows

RNG = np.random.default_rng(0)
SAMPLES = 22_050


def _noise(dbfs: float) -> np.ndarray:
    noise = RNG.normal(0.0, 1.0, SAMPLES)
    return (noise - noise.mean()) / noise.std() * amplitude(dbfs)


def _dither() -> np.ndarray:
    triangular = RNG.uniform(-0.5, 0.5, SAMPLES) + RNG.uniform(-0.5, 0.5, SAMPLES)
    return np.round(triangular) / 32768


@pytest.mark.parametrize(
    "name, window, expected",
    [
        ("zeros", np.zeros(SAMPLES), True),
        ("16-bit dither", _dither(), True),
        ("noise in the last bits", RNG.integers(-2, 3, SAMPLES) / 32768, True),
        ("A-law's silence", np.full(SAMPLES, 8 / 32768), True),
        ("8-bit silence one step off the middle", np.full(SAMPLES, -1 / 128), True),
        ("a muted input with an offset", 0.5 + _noise(-96), True),
        ("a single small click", np.eye(1, SAMPLES, 500)[0] * 0.005, True),
        ("just below", _noise(SILENCE_DBFS - 0.1), True),
        ("just above", _noise(SILENCE_DBFS + 0.1), False),
        ("a quiet recording", _noise(-70), False),
        ("a quiet recording with an offset", 0.5 + _noise(-70), False),
        ("a click", np.eye(1, SAMPLES, 500)[0] * 0.5, False),
        ("full scale of 32-bit integers", _noise(0) * 2.0**31, False),
    ],
)
def test_what_is_silent(name: str, window: np.ndarray, expected: bool) -> None:
    assert silent_windows(window[None].astype(np.float32)).tolist() == [expected], name


def test_each_window_is_judged_by_itself_and_the_level_can_be_another() -> None:
    windows = np.stack([_noise(-90), _noise(-50), np.zeros(SAMPLES)]).astype(np.float32)
    assert silent_windows(windows).tolist() == [True, False, True]
    assert silent_windows(windows, -40.0).tolist() == [True, True, True]
    assert silent_windows(windows, -95.0).tolist() == [False, False, True]
    assert silent_windows(windows[:0]).tolist() == []
