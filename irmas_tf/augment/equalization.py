"""Another instrument and another microphone: a smooth random frequency response for every example."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream
from irmas_tf.dsp.equalization import equalize

BANDS = 8  # about one per octave


@dataclasses.dataclass(frozen=True)
class Equalization(Augmentation):
    """Gains of `BANDS` bands, normally distributed in decibels with deviation ``random_equalization_db``."""

    random_equalization_db: float

    stage = "source"
    streams: ClassVar = {"gains_db": 0x6571}
    examples: ClassVar = {"equalisation": {"random_equalization_db": 1.5}}

    @property
    def is_on(self) -> bool:
        """Whether bands have gains."""
        return self.random_equalization_db > 0

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return ``gains_db`` [batch, `BANDS`]."""
        return {"gains_db": stream("gains_db").standard_normal([batch_size, BANDS]) * self.random_equalization_db}

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the waveforms equalised; `irmas_tf.dsp.equalization` does it."""
        return equalize(waveform, numbers["gains_db"], context.sample_rate_hz), targets
