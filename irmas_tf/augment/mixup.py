"""Mixup of waveforms (Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream


@dataclasses.dataclass(frozen=True)
class Mixup(Augmentation):
    """Two examples and their labels, weighted by a share from Beta(``mixup_alpha``, ``mixup_alpha``)."""

    mixup_alpha: float

    stage = "example"
    streams: ClassVar = {"share": 0x6D69}
    examples: ClassVar = {"mixup": {"mixup_alpha": 0.3}}

    @property
    def is_on(self) -> bool:
        """Whether examples are mixed."""
        return self.mixup_alpha > 0

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return ``share`` [batch] in [0.5, 1], what is kept of each example.

        The larger share is always the example's own: pairs are symmetric, and no class is then left out of a batch.
        """
        share = stream("share").beta(self.mixup_alpha, self.mixup_alpha, batch_size)
        return {"share": np.maximum(share, 1.0 - share)}

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return every example mixed with another, see `mix_pairs`."""
        return mix_pairs(waveform, targets, numbers["share"])


def mix_pairs(waveform: tf.Tensor, targets: tf.Tensor, share: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return every example mixed with the one before it; the order is random already, so that pairs are, too.

    Targets may be bounds of labels that are unknown: a label of the mixture is known where it is in both.

    Args:
        waveform: [batch, samples] float32.
        targets: [batch, classes] float32.
        share: [batch] float32, what is kept of the example itself.
    """
    own = share[:, tf.newaxis]
    mixed = own * waveform + (1.0 - own) * tf.roll(waveform, 1, axis=0)
    return mixed, own * targets + (1.0 - own) * tf.roll(targets, 1, axis=0)
