"""A rest of the instrument: a stretch of the example replaced by silence."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream
from irmas_tf.dsp.time_shift import insert_silence


@dataclasses.dataclass(frozen=True)
class Silence(Augmentation):
    """With ``silence_probability``, silence somewhere in the example, for up to ``silence_seconds``."""

    silence_probability: float
    silence_seconds: float

    stage = "source"
    streams: ClassVar = {"silence": 0x7369}
    examples: ClassVar = {"silence": {"silence_probability": 0.3}}

    @property
    def is_on(self) -> bool:
        """Whether any example gets silence."""
        return self.silence_probability > 0

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return ``silence_place`` [batch] in [0, 1), and ``silence_seconds`` [batch], 0 for none."""
        place, length, chance = stream("silence").random([3, batch_size])
        seconds = length * self.silence_seconds * (chance < self.silence_probability)
        return {"silence_place": place, "silence_seconds": seconds}

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the waveforms with their silences; `irmas_tf.dsp.time_shift` fades them."""
        length = tf.round(numbers["silence_seconds"] * float(context.sample_rate_hz))
        room = tf.maximum(float(waveform.shape[1]) - length + 1.0, 1.0)
        return insert_silence(waveform, tf.floor(numbers["silence_place"] * room), length), targets
