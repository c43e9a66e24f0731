"""What is met while a sound is decoded, gathered on the way: nothing is read twice for it."""

from __future__ import annotations

import dataclasses

import numpy as np

from irmas_tf.audio.silence import SILENCE_DBFS, amplitude, is_louder

_QUIET = 10.0 * amplitude(SILENCE_DBFS)  # of the mean of channels; only then are the channels looked at


@dataclasses.dataclass
class Heard:
    """Facts about a sound that its mono samples at the model's rate no longer show.

    Attributes:
        rate_hz: the stored rate; of a sound in parts the highest.
        peak: greatest absolute sample of any channel; 0 of 16-bit integers, which cannot pass full scale.
        loudest: greatest RMS of the mono samples of a block about their mean, where it is less than 20 dB above
            silence; else that.
        loudest_cancelled: where the mean of the channels is near silence, the RMS of the loudest channel about its
            mean, in the block where it is greatest; 0 of one channel.
        problems: what was wrong with the file but did not keep it from being used, in words without its name.
    """

    rate_hz: int = 0
    peak: float = 0.0
    loudest: float = 0.0
    loudest_cancelled: float = 0.0
    problems: list[str] = dataclasses.field(default_factory=list)

    def add(self, rate_hz: int, channels: np.ndarray, mono: np.ndarray) -> None:
        """Take the next samples.

        Args:
            rate_hz: their rate.
            channels: [frames, channels], float32 with full scale 1.0, or int16.
            mono: the mean of the channels, float32 [frames], full scale 1.0.
        """
        self.rate_hz = max(self.rate_hz, rate_hz)
        if not channels.size:
            return
        is_float = channels.dtype.kind == "f"
        if is_float:
            self.peak = max(self.peak, float(channels.max()), -float(channels.min()))
        if is_louder(mono, _QUIET):
            self.loudest = max(self.loudest, _QUIET)
            return
        level = float(mono.std(dtype=np.float64))
        self.loudest = max(self.loudest, level)
        if level < _QUIET and channels.shape[1] > 1:
            scale = 1.0 if is_float else 32768.0
            loudest = float(channels.std(axis=0, dtype=np.float64).max()) / scale
            self.loudest_cancelled = max(self.loudest_cancelled, loudest)

    @property
    def channels_cancel(self) -> bool:
        """Whether a channel is loud where the mean of the channels is near silence."""
        return self.loudest_cancelled >= _QUIET
