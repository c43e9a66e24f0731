"""Compressors, limiters and clipping of a stereo sum: both channels get one gain, so that nothing moves."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from irmas_tf.randomization.filters import SAMPLE_RATE_HZ

# The detector looks at stretches of 1.5 ms.
_BLOCK = 64
_STEPS = np.linspace(0, 1, _BLOCK, endpoint=False, dtype=np.float32)


def _between_blocks(gain: np.ndarray) -> np.ndarray:
    """Return a gain per sample, linear between those at the beginnings of blocks: float32 [blocks + 1] -> [samples]."""
    return (gain[:-1, None] + np.diff(gain)[:, None] * _STEPS).reshape(-1)


@dataclasses.dataclass(frozen=True)
class Compressor:
    """A feed-forward compressor; the threshold is relative to the sound's own level (RMS), so that it always works.

    Attributes:
        threshold_db: over the RMS of the sound.
        ratio: dB in per dB out above the threshold, 1 is none.
        attack_seconds, release_seconds: time constants of the gain.
    """

    threshold_db: float
    ratio: float
    attack_seconds: float
    release_seconds: float

    @classmethod
    def draw(cls, rng: random.Random, strength: float) -> Compressor:
        """Draw one; at strength 1 ratios go from 1.5 to 10."""
        return cls(
            rng.uniform(-18, 4),
            1 + strength * rng.choice((rng.uniform(0.5, 3), rng.uniform(2, 9))),
            rng.choice((0.001, 0.005, 0.02, 0.06)),
            rng.uniform(0.04, 0.5),
        )

    def apply(self, audio: np.ndarray) -> np.ndarray:
        """Return the compressed sound, float32 [2, n], without make-up gain."""
        blocks = -(-audio.shape[1] // _BLOCK)
        padded = np.zeros((2, blocks * _BLOCK), np.float32)
        padded[:, : audio.shape[1]] = audio
        power = np.mean(np.square(padded).reshape(2, blocks, _BLOCK), axis=(0, 2))
        level_db = 10 * np.log10(power + 1e-12)
        over = level_db - (10 * np.log10(power.mean() + 1e-12) + self.threshold_db)
        wanted = (np.maximum(over, 0) * (1 / self.ratio - 1)).tolist()
        seconds = _BLOCK / SAMPLE_RATE_HZ
        attack, release = (1 - np.exp(-seconds / t) for t in (self.attack_seconds, self.release_seconds))
        gain_db, now = np.empty(blocks + 1), 0.0
        for index, target in enumerate(wanted):
            now += (target - now) * (attack if target < now else release)
            gain_db[index] = now
        gain_db[blocks] = now
        return audio * _between_blocks((10 ** (gain_db / 20)).astype(np.float32))[: audio.shape[1]]


@dataclasses.dataclass(frozen=True)
class Limiter:
    """A ceiling for peaks.

    Attributes:
        kind: "limiter" (gain rides ahead of peaks), "soft" (tanh) or "hard" (flat tops).
        drive_db: how far the ceiling is below the sound's highest peak.
    """

    kind: str
    drive_db: float

    @classmethod
    def draw(cls, rng: random.Random, strength: float) -> Limiter:
        """Draw one; at strength 1 peaks lose 1 to 15 dB in the limiter, and up to 12 in the others."""
        kind = rng.choice(("limiter", "limiter", "soft", "hard"))
        return cls(kind, strength * (rng.uniform(1, 15) if kind == "limiter" else rng.uniform(0.5, 12)))

    def apply(self, audio: np.ndarray) -> np.ndarray:
        """Return the limited sound, float32 [2, n]; none of its peaks is above the ceiling."""
        ceiling = np.float32(float(np.abs(audio).max()) * 10 ** (-self.drive_db / 20))
        if ceiling <= 0:
            return audio
        if self.kind == "soft":
            return ceiling * np.tanh(audio / ceiling)
        if self.kind == "hard":
            return np.clip(audio, -ceiling, ceiling)
        blocks = -(-audio.shape[1] // _BLOCK)
        peaks = np.zeros((2, blocks * _BLOCK), np.float32)
        peaks[:, : audio.shape[1]] = np.abs(audio)
        highest = peaks.reshape(2, blocks, _BLOCK).max(axis=(0, 2))
        gain = np.minimum(1.0, ceiling / np.maximum(highest, ceiling * np.float32(1e-3)))
        # The lowest gain near by, then its mean over a shorter stretch: it is down before the peak comes.
        reach = 2 * round(0.005 * SAMPLE_RATE_HZ / _BLOCK) + 1
        gain = uniform_filter1d(minimum_filter1d(gain, 2 * reach + 1), reach).astype(np.float32)
        return audio * _between_blocks(np.append(gain, gain[-1]))[: audio.shape[1]]
