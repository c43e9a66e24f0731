"""Every example earlier or later by its own time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream
from irmas_tf.dsp.time_shift import shift_in_time


@dataclasses.dataclass(frozen=True)
class TimeShift(Augmentation):
    """Shift in time, uniform from -``random_shift_seconds`` to +``random_shift_seconds``."""

    random_shift_seconds: float
    shift_fill: str

    stage = "source"
    streams: ClassVar = {"shift_seconds": 0x7368}
    examples: ClassVar = {"shift": {"random_shift_seconds": 0.5}}

    @property
    def is_on(self) -> bool:
        """Whether anything moves."""
        return self.random_shift_seconds > 0

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return ``shift_seconds`` [batch], later where positive."""
        return {"shift_seconds": stream("shift_seconds").uniform(-1.0, 1.0, batch_size) * self.random_shift_seconds}

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the waveforms moved; `irmas_tf.dsp.time_shift` does it."""
        offset = tf.round(numbers["shift_seconds"] * float(context.sample_rate_hz))
        return shift_in_time(waveform, offset, circular=self.shift_fill == "circular"), targets
