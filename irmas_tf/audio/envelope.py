"""The outline of a waveform, found while the clip goes by: memory does not depend on its length."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

FIRST_STRETCH = 16  # samples; of a clip that is shorter than the picture has points, every so many are drawn


@dataclasses.dataclass(frozen=True)
class Envelope:
    """Extremes of equal stretches of a clip.

    Attributes:
        extremes: lowest and highest sample of each stretch, [stretches, 2]; the last stretch may be shorter.
        stretch_seconds: length of a stretch, s.
        duration_seconds: length of the clip, s.
    """

    extremes: np.ndarray
    stretch_seconds: float
    duration_seconds: float

    @property
    def centers(self) -> np.ndarray:
        """Middle of each stretch, [stretches], s."""
        starts = self.stretch_seconds * np.arange(len(self.extremes))
        return (starts + np.minimum(starts + self.stretch_seconds, self.duration_seconds)) / 2

    @property
    def peak(self) -> float:
        """Largest absolute sample."""
        return float(np.abs(self.extremes).max(initial=0.0))


def envelope_of(blocks: Iterable[np.ndarray], sample_rate_hz: int, points: int) -> Envelope:
    """Return the envelope of a clip.

    Whenever there are twice as many stretches as wanted, neighbours are merged, so that the clip's length need not be
    known beforehand.

    Args:
        blocks: consecutive pieces of the clip, [samples] each, of any length.
        sample_rate_hz: rate of the samples.
        points: stretches wanted; a clip of at least ``points`` x `FIRST_STRETCH` samples gets between that and twice as
            many.
    """
    lowest = np.empty(2 * points, np.float32)
    highest = np.empty(2 * points, np.float32)
    filled, stretch, samples = 0, FIRST_STRETCH, 0
    held = np.zeros(0, np.float32)  # less than a stretch
    for block in blocks:
        samples += len(block)
        held = np.concatenate([held, block])
        while count := min(len(held) // stretch, 2 * points - filled):
            piece = held[: count * stretch].reshape(count, stretch)
            lowest[filled : filled + count] = piece.min(axis=1)
            highest[filled : filled + count] = piece.max(axis=1)
            filled += count
            held = held[count * stretch :]
            if filled == 2 * points:
                lowest[:points] = lowest.reshape(points, 2).min(axis=1)
                highest[:points] = highest.reshape(points, 2).max(axis=1)
                filled, stretch = points, 2 * stretch
    extremes = np.stack([lowest[:filled], highest[:filled]], axis=1)
    if len(held):
        extremes = np.concatenate([extremes, [[held.min(), held.max()]]])
    return Envelope(extremes.astype(np.float32), stretch / sample_rate_hz, samples / sample_rate_hz)
