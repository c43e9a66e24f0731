"""Labels of a batch as targets, also where nobody knows them.

An unknown label is somewhere between 0 and 1. It goes through the augmentations as its two bounds, the least and the
greatest that it may be, in columns of their own, so that whatever is done to targets is done to both: where two
excerpts sound together a class is heard if it is in either, is not if it is in neither, and else is unknown; a convex
mixture is known where both parts are. Bounds that meet are a target.
"""

from __future__ import annotations

import tensorflow as tf

_SAME = 1e-6  # bounds that are nearer than this are one value; a part with a smaller share is not heard


def target_bounds(labels: tf.Tensor) -> tf.Tensor:
    """Return the bounds of labels, float32 [batch, 2 * classes]: the least of each class, then the greatest.

    Args:
        labels: [batch, classes] of 1 (heard), 0 (not) and -1 (unknown).
    """
    values = tf.cast(labels, tf.float32)
    return tf.concat([tf.maximum(values, 0.0), tf.abs(values)], axis=1)


def known_targets(bounds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return targets [batch, classes] float32 and which of them are known, bool; what is not known has its least.

    Args:
        bounds: [batch, 2 * classes], see `target_bounds`.
    """
    least, greatest = tf.split(bounds, 2, axis=1)
    return least, greatest - least < _SAME


def right_answers(logits: tf.Tensor, targets: tf.Tensor, known: tf.Tensor | None) -> tf.Tensor:
    """Return for which examples the best answer is right, bool [batch].

    Of several labels, any of the strongest is right; of none, to name none. Classes that are not known are no answers,
    and an example of which nothing is known is not right.

    Args:
        logits, targets: [batch, classes].
        known: [batch, classes] bool; None is all.
    """
    if known is not None:
        logits = tf.where(known, logits, logits.dtype.min)
        targets = tf.where(known, targets, 0.0)
    strongest = tf.reduce_max(targets, -1)
    named = tf.gather(targets, tf.argmax(logits, -1), batch_dims=1)
    right = tf.where(strongest > 0, tf.equal(named, strongest), tf.reduce_max(logits, -1) < 0)
    return right if known is None else right & tf.reduce_any(known, -1)
