"""Mixtures of several excerpts of a batch, and the labels of what is heard in them.

Two instruments from different recordings are not a piece of music, but they are what trains a network to hear several
at once from excerpts that name one. Labels come from the classes' energies. An excerpt's energy is 1 for the example
itself and ``10 ** (level / 10)`` for one added ``level`` dB above it; a class's energy E is the sum over the excerpts
that carry its label (energies of unrelated sounds add up), weighted by the label. Then a class's target is

- ``union``: the greatest label among the excerpts, whatever their level;
- ``level``: E / (E of the loudest class), a soft label in [0, 1];
- ``predominant``: 1 if E is at most ``predominance_db`` below that of the loudest class, else 0.

Of labels that may be unknown `mix_many` is given both bounds, and ``union`` alone holds for them: a class is heard if
it is in any part, is not if it is in none, and else is unknown. The other two compare classes, so a training refuses
them where labels are unknown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream
from irmas_tf.dsp.noise import SILENCE, root_mean_square

_TINY = 1e-30  # keeps 0 / 0 from the shares of an example without labels


@dataclasses.dataclass(frozen=True)
class ExcerptMixing(Augmentation):
    """With ``mix_probability``, other excerpts of the batch added to the example, and their labels.

    Up to ``mix_max_excerpts`` sound together, every number from 2 up equally likely; the levels of what is added are
    uniform from -``mix_level_db`` to +``mix_level_db`` relative to the example's own. For the rest see the module.
    """

    mix_probability: float
    mix_max_excerpts: int
    mix_level_db: float
    mix_targets: str
    mix_predominance_db: float

    stage = "mixture"
    streams: ClassVar = {"mix": 0x6D61}
    examples: ClassVar = {
        "mixing of 2, union": {"mix_probability": 0.8},
        "mixing of 2 to 4, by level": {"mix_probability": 0.8, "mix_max_excerpts": 4, "mix_targets": "level"},
    }

    @property
    def is_on(self) -> bool:
        """Whether excerpts are added."""
        return self.mix_probability > 0

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return ``mix_added`` [batch], how many are added, ``mix_partners`` and ``mix_levels_db``, both [batch, m].

        The partners are draws in [0, 1) for `partner_rows`.
        """
        rng, most = stream("mix"), self.mix_max_excerpts - 1
        added = rng.integers(1, most, batch_size, endpoint=True)
        return {
            "mix_added": added * (rng.random(batch_size) < self.mix_probability).astype(np.float32),
            "mix_partners": rng.random([batch_size, most]),
            "mix_levels_db": rng.uniform(-1.0, 1.0, [batch_size, most]) * self.mix_level_db,
        }

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the mixtures and their labels, see `mix_many`."""
        others = tf.cast(tf.shape(waveform)[0], tf.float32) - 1.0
        added = tf.minimum(numbers["mix_added"], others)
        plan = MixPlan(partner_rows(numbers["mix_partners"]), numbers["mix_levels_db"], added)
        return mix_many(waveform, targets, plan, labels=self.mix_targets, predominance_db=self.mix_predominance_db)


class MixPlan(NamedTuple):
    """What is added to each example.

    Attributes:
        rows: [batch, m] int32, rows of the batch, different from one another and from the example's own.
        levels_db: [batch, m] float32, relative to the example's own level.
        added: [batch] float32, how many of them are added; 0 leaves the example as it is.
    """

    rows: tf.Tensor
    levels_db: tf.Tensor
    added: tf.Tensor


def partner_rows(draws: tf.Tensor) -> tf.Tensor:
    """Return m different other rows for each row of a batch, every choice equally likely, [batch, m] int32.

    In a batch of m rows or fewer only the first ``batch - 1`` are others; the rest must not be used.

    Args:
        draws: [batch, m] float32, uniform in [0, 1).
    """
    batch_size = tf.cast(tf.shape(draws)[0], tf.float32)
    offsets: list[tf.Tensor] = []  # whole numbers in float32, from 1 to batch_size - 1
    for k in range(draws.shape[1]):
        left = tf.maximum(batch_size - 1.0 - k, 1.0)
        offset = 1.0 + tf.minimum(tf.floor(draws[:, k] * left), left - 1.0)
        if offsets:
            # Counted among those not taken: each taken one at or below it, from the smallest up, moves it on.
            taken = tf.sort(tf.stack(offsets, axis=1), axis=1)
            for j in range(k):
                offset += tf.cast(offset >= taken[:, j], tf.float32)
        offsets.append(offset)
    row = tf.range(batch_size)[:, tf.newaxis] - tf.stack(offsets, axis=1)
    return tf.cast(tf.maximum(tf.where(row < 0.0, row + batch_size, row), 0.0), tf.int32)


def mix_many(
    waveform: tf.Tensor, targets: tf.Tensor, plan: MixPlan, *, labels: str, predominance_db: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return every example with others of the batch added, and the labels of the mixture.

    Levels are roots of the mean square over the whole excerpt. A silent excerpt adds neither sound nor labels, and
    to a silent example nothing is added. A mixture above full scale is scaled down to it.

    Args:
        waveform: [batch, samples] float32.
        targets: [batch, classes] float32 in [0, 1].
        plan: what is added to what.
        labels: "union", "level" or "predominant", see the module.
        predominance_db: for "predominant".

    Returns:
        (mixtures [batch, samples], targets [batch, classes]).
    """
    level = root_mean_square(waveform)
    mixture, greatest, energy = waveform, targets, targets
    is_mixed = tf.zeros_like(level, tf.bool)
    for k in range(plan.rows.shape[1]):
        rows = plan.rows[:, k]
        their_level, their_targets = tf.gather(level, rows), tf.gather(targets, rows)
        is_added = (plan.added > float(k)) & (level > SILENCE) & (their_level > SILENCE)
        present = tf.cast(is_added, tf.float32)[:, tf.newaxis]
        ratio = 10.0 ** (plan.levels_db[:, k] / 20.0)
        gain = present * (ratio * level / tf.maximum(their_level, SILENCE))[:, tf.newaxis]
        mixture += gain * tf.gather(waveform, rows)
        greatest = tf.maximum(greatest, present * their_targets)
        energy += present * tf.square(ratio)[:, tf.newaxis] * their_targets
        is_mixed |= is_added
    peak = tf.reduce_max(tf.abs(mixture), axis=1)
    mixture *= tf.where(is_mixed, 1.0 / tf.maximum(peak, 1.0), 1.0)[:, tf.newaxis]
    if labels == "union":
        return mixture, greatest
    share = energy / tf.maximum(tf.reduce_max(energy, axis=1, keepdims=True), _TINY)
    mixed = share if labels == "level" else tf.cast(share >= 10.0 ** (-predominance_db / 10.0), tf.float32)
    return mixture, tf.where(is_mixed[:, tf.newaxis], mixed, targets)
