from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight

from irmas_tf.training.losses import binary_losses, class_weights, example_losses, smooth_targets

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


BINARY_TARGETS = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0.25, 1, 0], [0, 1, 0, 0]], np.float32)


def test_the_binary_loss_is_the_sum_of_each_classs_own():
    expected = [
        sum(log_loss([1, 0], [p, p], labels=[0, 1], sample_weight=[t, 1 - t]) for p, t in zip(ps, ts, strict=True))
        for ps, ts in zip(1 / (1 + np.exp(-LOGITS.astype(np.float64))), BINARY_TARGETS, strict=True)
    ]
    np.testing.assert_allclose(binary_losses(LOGITS, BINARY_TARGETS), expected, rtol=1e-5)


def test_binary_smoothing_moves_both_sides_to_the_middle():
    smoothed = binary_losses(LOGITS, BINARY_TARGETS, label_smoothing=0.2)
    np.testing.assert_allclose(smoothed, binary_losses(LOGITS, 0.8 * BINARY_TARGETS + 0.1), rtol=1e-6)


def test_weights_multiply_the_positive_part():
    weights = tf.constant([2.0, 1.0, 0.5, 4.0])
    only_positive = binary_losses(LOGITS[2:3], BINARY_TARGETS[2:3], weights=weights)
    np.testing.assert_allclose(only_positive, np.sum(np.log1p(np.exp(-LOGITS[2])) * weights.numpy())[None], rtol=1e-5)
    none = binary_losses(LOGITS[1:2], BINARY_TARGETS[1:2], weights=weights)
    np.testing.assert_allclose(none, binary_losses(LOGITS[1:2], BINARY_TARGETS[1:2]), rtol=1e-6)


def test_the_asymmetric_loss_is_that_of_the_paper():
    focus, margin = 4.0, 0.05
    p = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    p_m = np.maximum(p - margin, 0)
    expected = -(BINARY_TARGETS * np.log(p) + (1 - BINARY_TARGETS) * p_m**focus * np.log(1 - p_m)).sum(axis=1)
    found = binary_losses(LOGITS, BINARY_TARGETS, negative_focus=focus, negative_margin=margin)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("logit", [8.0, 14.0, 20.0, 60.0])
def test_focus_leaves_the_worst_negatives_their_whole_gradient(logit):
    logits = tf.Variable([[logit]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(binary_losses(logits, tf.zeros([1, 1]), negative_focus=2.0))
    # d/dz p^2 log(1 + e^z) -> 1 as p -> 1.
    p = 1 / (1 + np.exp(-logit))
    expected = p**3 + 2 * p**2 * (1 - p) * np.log1p(np.exp(logit))
    assert float(tape.gradient(loss, logits)[0, 0]) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("level", [-80.0, 80.0])
@pytest.mark.parametrize("options", [{}, {"negative_focus": 2.0, "negative_margin": 0.05}, {"negative_focus": 0.5}])
def test_binary_gradients_stay_finite(level, options):
    logits = tf.Variable(np.full([1, 2], level, np.float32))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(binary_losses(logits, tf.constant([[0.0, 1.0]]), **options))
    assert np.isfinite(loss) and np.isfinite(tape.gradient(loss, logits)).all()
