"""Cross-entropy with smoothed, mixed and weighted targets, over classes that exclude one another or that do not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import tensorflow as tf


def class_weights(labels: npt.ArrayLike) -> np.ndarray:
    """Return loss weights [classes] float32 that give every class the same say.

    Where each example has one class, class c gets ``examples / (present classes * examples of c)``, so that the mean
    weight over the examples is 1 and the loss keeps its scale. In general, "examples of c" is how many of all would
    have it if those of which nobody knows were like the others, and "examples" the sum of that over the classes. A
    class without examples gets 0.

    Args:
        labels: int8 [n, classes] of 1 (heard), 0 (not) and -1 (unknown).
    """
    labels = np.asarray(labels)
    known = (labels >= 0).sum(axis=0)
    counts = (labels == 1).sum(axis=0) * (len(labels) / np.maximum(known, 1))
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights.astype(np.float32)


def smooth_targets(targets: tf.Tensor, label_smoothing: float) -> tf.Tensor:
    """Return (1 - s) * targets + s / classes (Szegedy et al., "Rethinking the Inception architecture", 2016).

    Args:
        targets: [batch, classes] float32, rows of sum 1.
        label_smoothing: s, in [0, 1).
    """
    classes = targets.shape[-1]
    return targets * (1.0 - label_smoothing) + label_smoothing / classes


def example_losses(
    logits: tf.Tensor, targets: tf.Tensor, *, label_smoothing: float = 0.0, weights: tf.Tensor | None = None
) -> tf.Tensor:
    """Return the loss of every example, [batch] float32, in nats.

    Args:
        logits: [batch, classes].
        targets: [batch, classes] float32, rows of sum 1 (one-hot, or mixed).
        label_smoothing: see `smooth_targets`.
        weights: [classes] float32 or None; an example's loss is multiplied by the weights its target mixes, before
            smoothing, so that smoothing does not pull all examples to the mean weight.
    """
    losses = tf.nn.softmax_cross_entropy_with_logits(
        smooth_targets(targets, label_smoothing), tf.cast(logits, tf.float32)
    )
    return losses if weights is None else losses * tf.linalg.matvec(targets, weights)


def binary_losses(
    logits: tf.Tensor,
    targets: tf.Tensor,
    *,
    label_smoothing: float = 0.0,
    weights: tf.Tensor | None = None,
    negative_focus: float = 0.0,
    negative_margin: float = 0.0,
    known: tf.Tensor | None = None,
) -> tf.Tensor:
    """Return the loss of every example of several labels, [batch] float32, in nats summed over the known classes.

    Args:
        logits: [batch, classes].
        targets: [batch, classes] float32 in [0, 1], each class for itself.
        label_smoothing: s, in [0, 1): a target becomes (1 - s) * target + s / 2. Together with the two below it would
            pull easy negatives up, which they are to leave alone; `Config` refuses that.
        weights: [classes] float32 or None; a class's positive part is multiplied by its weight.
        negative_focus: the negative part is multiplied by the probability to this power, so that easy negatives, which
            are most, count less (Ridnik et al., "Asymmetric loss for multi-label classification", ICCV 2021, gamma-).
        negative_margin: taken off the probability in the negative part, which is nothing below it (there, m).
        known: [batch, classes] bool, which labels count; None is all. An example of which nothing is known costs 0.
    """
    logits = tf.cast(logits, tf.float32)
    targets = targets * (1.0 - label_smoothing) + label_smoothing / 2.0
    positive = tf.math.softplus(-logits)  # -log(p)
    shifted = tf.maximum(tf.sigmoid(logits) - negative_margin, 0.0)
    # -log(1 - p); without a margin from the logit, since 1 - p is 0 in float32 for the worst negatives.
    negative = -tf.math.log1p(-tf.minimum(shifted, 1.0 - 1e-6)) if negative_margin else tf.math.softplus(logits)
    if negative_focus:
        # The gradient of a power below 1 is infinite at 0.
        negative *= tf.pow(tf.maximum(shifted, 1e-6), negative_focus)
    if weights is not None:
        positive *= weights
    losses = targets * positive + (1.0 - targets) * negative
    return tf.reduce_sum(losses if known is None else tf.where(known, losses, 0.0), axis=-1)
