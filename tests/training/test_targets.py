from __future__ import annotations

import numpy as np
import tensorflow as tf

from irmas_tf.training.targets import known_targets, right_answers, target_bounds
from tests.helpers.augmenting import apply, noise_batch, several_labels

LABELS = np.array([[1, 0, -1], [-1, -1, -1], [0, 0, 0]], np.int8)


def test_labels_survive_as_bounds():
    targets, known = known_targets(target_bounds(LABELS))
    np.testing.assert_array_equal(known, LABELS >= 0)
    np.testing.assert_array_equal(targets, LABELS == 1)


def test_an_emptied_example_is_known_to_hold_nothing():
    config = several_labels(empty_probability=0.5)
    labels = np.full([2, 11], -1, np.int8)
    numbers = {"emptying": {"is_empty": np.array([1.0, 0.0], np.float32)}}
    _, bounds = apply(config, noise_batch(config, 2), numbers, target_bounds(labels).numpy())
    targets, known = known_targets(bounds)
    assert not targets.numpy().any()
    np.testing.assert_array_equal(known, np.repeat([[True], [False]], 11, axis=1))


def test_an_unknown_class_is_no_answer():
    targets, known = known_targets(target_bounds(LABELS))
    loudest_unknown = tf.constant([[1.0, -1.0, 5.0], [-1.0, -1.0, -1.0], [-1.0, -2.0, -3.0]])
    np.testing.assert_array_equal(right_answers(loudest_unknown, targets, known), [True, False, True])
    np.testing.assert_array_equal(right_answers(-loudest_unknown, targets, known), [False, False, False])
    named_unknown = right_answers(loudest_unknown, tf.constant(np.maximum(LABELS, 0), tf.float32), None)
    np.testing.assert_array_equal(named_unknown, [False, True, True])
