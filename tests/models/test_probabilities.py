from __future__ import annotations

import numpy as np
import scipy.special
import tensorflow as tf

from irmas_tf.config import Config
from irmas_tf.models.probabilities import SINGLE_LABEL, answer_kind, probabilities_of

LOGITS = np.random.default_rng(0).normal(0, 3, [2, 3, 11]).astype(np.float32)


def test_probabilities_are_the_softmax_of_scipy():
    np.testing.assert_allclose(probabilities_of(LOGITS, Config()), scipy.special.softmax(LOGITS, axis=-1), atol=1e-6)


def test_the_clearest_answer_is_by_hand():
    found = probabilities_of(tf.math.log([[0.5, 0.25, 0.25]]), Config()).numpy()
    np.testing.assert_allclose(found, [[0.5, 0.25, 0.25]], atol=1e-6)


def test_half_precision_logits_give_float32():
    found = probabilities_of(tf.constant(LOGITS, tf.float16), Config())
    assert found.dtype == tf.float32
    np.testing.assert_allclose(tf.reduce_sum(found, -1), np.ones([2, 3]), atol=1e-6)


def test_runs_are_single_label():
    assert answer_kind(Config()) == SINGLE_LABEL
