"""Changing some examples of a batch with a probability, and computing the change for these only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

_ROUNDING = 1e-4  # 0.1 * 30 is a little more than 3


def change_some(
    waveform: tf.Tensor,
    turn: tf.Tensor,
    probability: float,
    change: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Change examples with a probability.

    ``ceil(probability * batch)`` examples are computed, those first in turn. That many may be a little too many, and
    then each of them is changed with a probability that makes up for it, so that every example has exactly the
    ``probability``. Their number being fixed, shapes are static, also with XLA.

    Args:
        waveform: [batch, samples].
        turn: [batch, 2] float32, uniform in [0, 1).
        probability: above 0.
        change: (rows [count] int32, is_on [count] bool) -> the waveforms of these rows, [count, samples], changed
            where ``is_on``.

    Returns:
        (waveforms [batch, samples], which were changed [batch] bool).
    """
    batch = waveform.shape[0]
    if batch is None:
        wanted = probability * tf.cast(tf.shape(waveform)[0], tf.float32)
        count = tf.cast(tf.math.ceil(wanted - _ROUNDING), tf.int32)
    else:
        wanted = probability * batch
        count = int(np.ceil(wanted - _ROUNDING))
    order = tf.argsort(turn[:, 0])
    rows, others = order[:count], order[count:]
    is_on = tf.gather(turn[:, 1], rows) * tf.cast(count, tf.float32) < wanted
    back = tf.argsort(tf.cast(order, tf.float32))
    changed = change(rows, is_on)
    waveform = tf.gather(tf.concat([changed, tf.gather(waveform, others)], axis=0), back)
    is_changed = tf.gather(tf.concat([is_on, tf.zeros_like(others, tf.bool)], axis=0), back)
    return waveform, is_changed
