"""An augmentation of another package, as a user would write it: importing this module registers it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from irmas_tf.augment.augmentation import Augmentation, Context, Stream, register_augmentation
from irmas_tf.config.settings import setting

if TYPE_CHECKING:
    import tensorflow as tf


@register_augmentation("hum")
@dataclasses.dataclass(frozen=True)
class Hum(Augmentation):
    """The hum of the mains, of another level and phase in every example."""

    level_db: float = setting(-40.0, "Highest level of the hum.", unit="dB", minimum=-120.0, maximum=0.0)
    mains_hz: float = setting(50.0, "Its frequency.", unit="Hz", above=0.0)
    harmonics: bool = setting(False, "Whether there is an octave above it.")

    before = "noise"

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return level and phase of each example."""
        return {
            "level_db": self.level_db - stream("level_db").uniform(0.0, 20.0, batch_size),
            "phase": stream("phase").uniform(0.0, 2.0 * np.pi, batch_size),
        }

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the waveforms with their hum."""
        import tensorflow as tf

        seconds = tf.range(context.samples, dtype=tf.float32) / context.sample_rate_hz
        angle = 2.0 * np.pi * self.mains_hz * seconds + numbers["phase"][:, tf.newaxis]
        hum = tf.sin(angle) + tf.sin(2.0 * angle) if self.harmonics else tf.sin(angle)
        return waveform + (10.0 ** (numbers["level_db"] / 20.0))[:, tf.newaxis] * hum, targets
