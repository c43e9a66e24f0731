"""Cross-entropy with smoothed, mixed and weighted targets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import tensorflow as tf


def class_weights(labels: npt.ArrayLike, num_classes: int) -> np.ndarray:
    """Return loss weights [classes] float32 that give every class the same say.

    Class c gets ``examples / (present classes * examples of c)``, so that the mean weight over the examples is 1 and
    the loss keeps its scale. A class without examples gets 0.
    """
    counts = np.bincount(np.asarray(labels, np.int64), minlength=num_classes)
    present = counts > 0
    weights = np.zeros(num_classes)
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
