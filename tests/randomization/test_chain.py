"""A song's draws: independent of each other, the same again, and of the right length."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.randomization.chain import SongChain
from irmas_tf.randomization.filters import SAMPLE_RATE_HZ
from irmas_tf.randomization.ingredients import INGREDIENTS, Randomization


def chain(text: str, seed: str = "a") -> SongChain:
    return SongChain(Randomization.parse(text), seed, 20000)


def test_leaving_one_out_changes_nothing_of_the_others():
    for seed in map(str, range(12)):
        whole, part = chain("all", seed), chain("all,bandwidth=0,codec=0,microphone=0", seed)
        assert whole._speed == part._speed
        assert whole._noise == part._noise and whole._compressor == part._compressor
        assert whole.loudness_dbfs == part.loudness_dbfs
        assert np.array_equal(whole.rest_sections, part.rest_sections)
        assert (whole.room is None) == (part.room is None)
        assert part._codec is None and not part.lead_taps


@pytest.mark.slow
def test_every_ingredient_is_drawn_for_some_songs():
    chains = [chain("all", str(seed)) for seed in range(60)]
    for name in ("_compressor", "_limiter", "_noise", "_codec", "room"):
        drawn = sum(getattr(c, name) is not None for c in chains)
        assert 10 < drawn < 55, name
    assert 15 < sum(c.foreign_backing for c in chains) < 45
    for name in INGREDIENTS:
        assert np.isfinite(chain(name).source_frames(1000))


def test_speed_moves_the_pitch_and_keeps_the_length():
    drawn = next(c for c in (chain("tuning", str(s)) for s in range(99)) if c._speed > 1.03)
    frames = 30000
    time = np.arange(drawn.source_frames(frames)) / SAMPLE_RATE_HZ
    tone = np.repeat(np.sin(2 * np.pi * 440 * time)[None], 2, axis=0).astype(np.float32)
    (result,) = drawn.treat([tone], [frames])
    assert result.shape == (2, frames)
    spectrum = np.abs(np.fft.rfft(result[0] * np.hanning(frames), 1 << 19))
    pitch = np.argmax(spectrum) * SAMPLE_RATE_HZ / (1 << 19)
    assert pitch == pytest.approx(440 * drawn._speed, rel=1e-3)
    assert np.abs(result[:, -50:]).max() > 0.5  # sound up to the end
