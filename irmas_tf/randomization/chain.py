"""All that is drawn for one song, and what it does to the song's excerpts."""

from __future__ import annotations

import random

import numpy as np

from irmas_tf.randomization.codecs import Codec
from irmas_tf.randomization.dynamics import Compressor, Limiter
from irmas_tf.randomization.filters import (
    SAMPLE_RATE_HZ,
    draw_bandwidth,
    draw_equaliser,
    draw_microphone,
    draw_passes,
)
from irmas_tf.randomization.ingredients import Randomization
from irmas_tf.randomization.noise import Noise
from irmas_tf.randomization.rooms import draw_room

_NO_SECTIONS = np.zeros((0, 6))
# Cents between a' = 440 and 415 Hz (old instruments), and 440 and 466 Hz (old organs).
_TUNING_CENTS = (-101.3, 99.4)


class SongChain:
    """The draws of one song. Every ingredient has randomness of its own: leaving one out changes nothing of the others.

    Args:
        randomization: ingredients and strengths.
        seed: the song's.
        longest_room: samples that an impulse response may have.

    Attributes:
        lead_sections, rest_sections, master_sections: equalisers to add, float64 [sections, 6].
        lead_taps: reflections of the lead from near by, (delay in samples, gain).
        room: impulse response float32 [2, n] in place of the song's own, or None.
        lead_wet_db, rest_wet_db: levels of that room.
        loudness_dbfs: in place of the song's own, or None.
        foreign_backing: whether another song's accompaniment plays under the lead.
        lead_over_rest_db: in place of the song's own balance, or None.
    """

    def __init__(self, randomization: Randomization, seed: str, longest_room: int) -> None:
        strength = randomization.strength

        def source(name: str) -> random.Random:
            return random.Random(f"{name} {seed}")

        self.lead_sections = self.rest_sections = self.master_sections = _NO_SECTIONS
        self.lead_taps: tuple[tuple[int, float], ...] = ()
        self.room: np.ndarray | None = None
        self.lead_wet_db = self.rest_wet_db = 0.0
        self.loudness_dbfs: float | None = None
        self.foreign_backing = False
        self.lead_over_rest_db: float | None = None
        self._speed = 1.0
        self._compressor: Compressor | None = None
        self._limiter: Limiter | None = None
        self._noise: Noise | None = None
        self._codec: Codec | None = None
        if s := strength("backing"):
            rng = source("backing")
            self.foreign_backing = rng.random() < 0.5 * s
            self.lead_over_rest_db = rng.uniform(8 - 7 * min(s, 1), 8 + 10 * s)
        if s := strength("microphone"):
            self.lead_sections, self.lead_taps = draw_microphone(source("microphone"), s)
        if (s := strength("room")) and (rng := source("room")).random() < 0.75 * s:
            self.room = draw_room(rng, s, longest_room)
            self.lead_wet_db = rng.uniform(-28, -28 + 28 * s)
            self.rest_wet_db = rng.uniform(-28, -28 + 28 * s)
        if s := strength("eq"):
            rng = source("eq")
            self.lead_sections = np.concatenate([self.lead_sections, draw_equaliser(rng, 3.0 * s)])
            self.rest_sections = draw_equaliser(rng, 3.0 * s)
            self.master_sections = np.concatenate([draw_equaliser(rng, 4.0 * s), draw_passes(rng, s)])
        if (s := strength("bandwidth")) and (rng := source("bandwidth")).random() < 0.4 * s:
            self.master_sections = np.concatenate([self.master_sections, draw_bandwidth(rng)])
        if (s := strength("compressor")) and (rng := source("compressor")).random() < 0.6 * s:
            self._compressor = Compressor.draw(rng, s)
        if (s := strength("limiter")) and (rng := source("limiter")).random() < 0.5 * s:
            self._limiter = Limiter.draw(rng, s)
        if s := strength("tuning"):
            rng = source("tuning")
            near = rng.random() < 0.5
            cents = rng.gauss(0, 15) if near else rng.uniform(*_TUNING_CENTS)
            self._speed = 2 ** (s * cents / 1200)
        if (s := strength("noise")) and (rng := source("noise")).random() < 0.6 * s:
            self._noise = Noise.draw(rng, s)
        if s := strength("level"):
            self.loudness_dbfs = -22.5 + s * source("level").uniform(-13.5, 13.5)
        if (s := strength("codec")) and (rng := source("codec")).random() < 0.4 * s:
            self._codec = Codec.draw(rng)

    def source_frames(self, frames: int) -> int:
        """Return how many samples of the song ``frames`` samples of the recording take, at the song's speed."""
        return frames if self._speed == 1 else int(np.ceil(frames * self._speed)) + 2

    def treat(self, excerpts: list[np.ndarray], frames: list[int]) -> list[np.ndarray]:
        """Compress, limit, play at the song's speed and lay noise under the excerpts of a song.

        Args:
            excerpts: float32 [2, `source_frames`] each.
            frames: length of each result.

        Returns:
            float32 [2, frames] each.
        """
        treated = []
        for audio, count in zip(excerpts, frames, strict=True):
            if self._compressor is not None:
                audio = self._compressor.apply(audio)
            if self._limiter is not None:
                audio = self._limiter.apply(audio)
            if self._speed != 1:
                import soxr

                played = soxr.resample(np.ascontiguousarray(audio.T), SAMPLE_RATE_HZ * self._speed, SAMPLE_RATE_HZ).T
                audio = np.zeros((2, count), np.float32)
                audio[:, : played.shape[1]] = played[:, :count]
            treated.append(audio)
        return self._noise.add_to(treated) if self._noise is not None else treated

    def encode(self, audio: np.ndarray) -> np.ndarray:
        """Return a finished excerpt, int16 [n, 2], after the song's codec."""
        return self._codec.apply(audio) if self._codec is not None else audio
