"""Examples in which nobody plays: silence without a label, to which the room adds what it adds to any other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream


@dataclasses.dataclass(frozen=True)
class Emptying(Augmentation):
    """With ``empty_probability``, silence and no label in place of the example."""

    empty_probability: float

    stage = "room"
    streams: ClassVar = {"is_empty": 0x656D}
    examples: ClassVar = {"empty examples": {"empty_probability": 0.05}}

    @property
    def is_on(self) -> bool:
        """Whether any example is emptied."""
        return self.empty_probability > 0

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return ``is_empty`` [batch]."""
        return {"is_empty": stream("is_empty").random(batch_size) < self.empty_probability}

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the batch with some examples emptied, see `make_empty`."""
        return make_empty(waveform, targets, numbers["is_empty"] > 0.5)


def make_empty(waveform: tf.Tensor, targets: tf.Tensor, is_empty: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the batch with some examples replaced by silence, whose targets are all zero.

    Only for tasks in which no label is an answer, see `AugmentConfig.check_task`.

    Args:
        waveform: [batch, samples] float32.
        targets: [batch, classes] float32.
        is_empty: [batch] bool.
    """
    row = is_empty[:, tf.newaxis]
    return tf.where(row, tf.zeros_like(waveform), waveform), tf.where(row, tf.zeros_like(targets), targets)
