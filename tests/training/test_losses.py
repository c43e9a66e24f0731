from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight

from irmas_tf.training.losses import binary_losses, class_weights, example_losses, smooth_targets
from tests.helpers.one_hot import one_hot

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
    weights = class_weights(one_hot(labels, 4))
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert weights[labels].mean() == pytest.approx(1.0)


def test_a_class_without_examples_does_not_disturb_the_others():
    weights = class_weights(one_hot([0, 0, 2, 2, 2, 2], 4))
    assert weights == pytest.approx([1.5, 0.0, 0.75, 0.0])


def test_of_unknown_labels_a_class_is_as_frequent_as_where_it_is_known():
    several = RNG.integers(0, 2, [400, 3]).astype(np.int8)
    several[:, 1] &= RNG.integers(0, 2, 400).astype(np.int8)
    hidden = several.copy()
    hidden[100:, 1] = -1
    of_all, of_some = class_weights(several), class_weights(np.where(hidden < 0, -1, several))
    expected = (several[:100, 1].mean() + several[:, [0, 2]].mean(axis=0).sum()) / 3 / several[:100, 1].mean()
    assert of_some[1] == pytest.approx(expected, rel=1e-6)
    assert of_all[1] == pytest.approx(several.sum() / (3 * several[:, 1].sum()), rel=1e-6)


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


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"label_smoothing": 0.1},
        {"weights": np.array([2.0, 1.0, 0.5, 4.0], np.float32)},
        {"negative_focus": 2.0, "negative_margin": 0.05},
    ],
)
def test_the_masked_loss_and_its_gradient_are_those_of_the_known_labels_alone(options):
    known = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 1]], bool)
    garbage = np.where(known, BINARY_TARGETS, RNG.random([5, 4])).astype(np.float32)
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        losses = binary_losses(logits, tf.constant(garbage), known=tf.constant(known), **options)
    gradient = tape.gradient(losses, logits).numpy()
    assert losses[1] == 0.0 and not gradient[~known].any()
    for row, column in np.argwhere(known):
        part = {k: v[column : column + 1] if k == "weights" else v for k, v in options.items()}
        alone = tf.Variable(LOGITS[row : row + 1, column : column + 1])
        with tf.GradientTape() as tape:
            loss = binary_losses(alone, tf.constant(BINARY_TARGETS[row : row + 1, column : column + 1]), **part)
        assert gradient[row, column] == pytest.approx(float(tape.gradient(loss, alone)[0, 0]), abs=1e-6)
        losses = losses - tf.one_hot(row, 5) * loss
    np.testing.assert_allclose(losses, 0.0, atol=1e-6)


def test_the_masked_loss_is_keras_own():
    known = RNG.random([5, 4]) < 0.5
    keras_loss = tf.keras.losses.BinaryCrossentropy(from_logits=True, reduction=None, axis=-1)
    expected = [
        float(keras_loss(t[k][None], x[k][None])[0]) * k.sum() if k.any() else 0.0
        for t, x, k in zip(BINARY_TARGETS, LOGITS, known, strict=True)
    ]
    np.testing.assert_allclose(binary_losses(LOGITS, BINARY_TARGETS, known=tf.constant(known)), expected, atol=1e-6)
