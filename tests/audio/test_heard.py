"""What is gathered while a file is decoded, whichever decoder reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import iter_blocks
from irmas_tf.audio.heard import Heard

RATE = 22_050
TONE = 0.25 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)


def _heard(path: Path, samples: np.ndarray, subtype: str, rate: int = RATE) -> Heard:
    soundfile.write(path, samples, rate, subtype=subtype)
    heard = Heard()
    assert sum(len(block) for block in iter_blocks(path, RATE, 0.3, heard=heard))
    return heard


@pytest.mark.parametrize(
    "subtype, suffix", [("PCM_16", "wav"), ("PCM_24", "wav"), ("FLOAT", "wav"), ("PCM_16", "flac")]
)
def test_channels_that_cancel_are_noticed_in_every_encoding(tmp_path: Path, subtype: str, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    cancelled = _heard(path, np.stack([TONE, -TONE], 1), subtype)
    assert cancelled.loudest_cancelled == pytest.approx(0.25 / np.sqrt(2), rel=0.01)
    noise = np.random.default_rng(0).normal(0, 1e-5, [RATE, 2])
    nearly = _heard(path, np.stack([TONE, -TONE], 1) + noise, subtype)
    assert nearly.loudest_cancelled == pytest.approx(0.25 / np.sqrt(2), rel=0.01)
    for channels in (TONE[:, None], np.stack([TONE, TONE], 1), np.stack([TONE, 0 * TONE], 1), np.zeros([RATE, 2])):
        assert _heard(path, channels, subtype).loudest_cancelled == 0


@pytest.mark.parametrize("scale", [1.0, 2.0, 128.0, 2.0**15, 2.0**31])
def test_floats_say_how_far_they_pass_full_scale(tmp_path: Path, scale: float) -> None:
    assert _heard(tmp_path / "x.wav", TONE * scale, "FLOAT").peak == pytest.approx(0.25 * scale, rel=1e-3)
    negative = -np.abs(TONE)[:, None] * scale
    assert _heard(tmp_path / "y.wav", negative, "FLOAT").peak == pytest.approx(0.25 * scale, rel=1e-3)


def test_the_stored_rate_is_kept(tmp_path: Path) -> None:
    assert _heard(tmp_path / "x.wav", TONE, "PCM_16", 8000).rate_hz == 8000
    assert Heard().rate_hz == 0
