"""Another level for every example."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream


@dataclasses.dataclass(frozen=True)
class Gain(Augmentation):
    """Gain, uniform in decibels from -``random_gain_db`` to +``random_gain_db``."""

    random_gain_db: float

    stage = "source"
    streams: ClassVar = {"gain_db": 0x6761}
    examples: ClassVar = {"gain": {"random_gain_db": 6.0}}

    @property
    def is_on(self) -> bool:
        """Whether there is a gain."""
        return self.random_gain_db > 0

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return ``gain_db`` [batch]."""
        return {"gain_db": stream("gain_db").uniform(-1.0, 1.0, batch_size) * self.random_gain_db}

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the waveforms louder or softer."""
        gain = tf.exp(numbers["gain_db"] * np.float32(np.log(10.0) / 20.0))
        return waveform * gain[:, tf.newaxis], targets
