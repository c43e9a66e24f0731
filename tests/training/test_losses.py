from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from irmas_tf.training.losses import class_weights, example_losses, smooth_targets

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal([5, 4]).astype(np.float32)
TARGETS = np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 1]]


def reference(logits, targets):
    logits = logits.astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -(targets * log_p).sum(axis=1)


def test_the_loss_is_cross_entropy_in_nats():
    np.testing.assert_allclose(example_losses(LOGITS, TARGETS), reference(LOGITS, TARGETS), rtol=1e-5)
    even = example_losses(np.zeros([1, 11], np.float32), np.eye(11, dtype=np.float32)[:1])
    assert float(even[0]) == pytest.approx(np.log(11))


def test_smoothing_spreads_its_share_evenly():
    smoothed = smooth_targets(tf.constant(TARGETS), 0.2).numpy()
    assert smoothed[0] == pytest.approx([0.85, 0.05, 0.05, 0.05])
    np.testing.assert_allclose(smoothed.sum(axis=1), 1.0, rtol=1e-6)
    losses = example_losses(LOGITS, TARGETS, label_smoothing=0.2)
    np.testing.assert_allclose(losses, reference(LOGITS, smoothed), rtol=1e-5)


def test_weights_multiply_the_loss_of_an_example_and_mix_with_its_target():
    weights = np.array([2.0, 1.0, 0.5, 4.0], np.float32)
    losses = example_losses(LOGITS, TARGETS, label_smoothing=0.1, weights=tf.constant(weights))
    plain = example_losses(LOGITS, TARGETS, label_smoothing=0.1)
    np.testing.assert_allclose(losses, plain * weights[[0, 1, 2, 3, 1]], rtol=1e-6)
    mixed = np.array([[0.5, 0.5, 0, 0]], np.float32)
    ratio = example_losses(LOGITS[:1], mixed, weights=tf.constant(weights)) / example_losses(LOGITS[:1], mixed)
    assert float(ratio[0]) == pytest.approx(1.5)


def test_half_precision_logits_give_a_float32_loss():
    losses = example_losses(tf.cast(LOGITS, tf.float16), tf.constant(TARGETS))
    assert losses.dtype == tf.float32


def test_class_weights_are_scikit_learns_balanced_ones():
    labels = RNG.choice(4, 200, p=[0.1, 0.2, 0.3, 0.4])
    expected = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    weights = class_weights(labels, 4)
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert weights[labels].mean() == pytest.approx(1.0)


def test_a_class_without_examples_does_not_disturb_the_others():
    weights = class_weights([0, 0, 2, 2, 2, 2], 4)
    assert weights == pytest.approx([1.5, 0.0, 0.75, 0.0])
