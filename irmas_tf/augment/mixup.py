"""Mixup of waveforms (Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018)."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

_STREAM = 0x6D69  # keeps these draws apart from others of the same seed


def mixing_weights(seed: int, step: int, batch_size: int, alpha: float) -> np.ndarray:
    """Return the share of each example in its mixture, [batch] float32 in [0.5, 1], from Beta(alpha, alpha).

    Depends on the arguments only, so that a resumed run draws what an uninterrupted one would. The larger share is
    always the example's own: pairs are symmetric, and no class is then left out of a batch.
    """
    if alpha <= 0:
        return np.ones(batch_size, np.float32)
    share = np.random.default_rng([_STREAM, seed, step]).beta(alpha, alpha, batch_size)
    return np.maximum(share, 1.0 - share).astype(np.float32)


def mix(waveform: tf.Tensor, targets: tf.Tensor, share: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return every example mixed with the one before it; the order is random already, so that pairs are, too.

    Args:
        waveform: [batch, samples] float32.
        targets: [batch, classes] float32.
        share: [batch] float32, what is kept of the example itself.
    """
    own = share[:, tf.newaxis]
    mixed = own * waveform + (1.0 - own) * tf.roll(waveform, 1, axis=0)
    return mixed, own * targets + (1.0 - own) * tf.roll(targets, 1, axis=0)
