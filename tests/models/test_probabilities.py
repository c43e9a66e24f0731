from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, softmax

from irmas_tf.config.labels import MULTI_LABEL, SINGLE_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.models.probabilities import answer_kind, probabilities_of


def _config(task: str) -> Config:
    return dataclasses.replace(Config(), model=dataclasses.replace(Config().model, task=task))


@pytest.mark.parametrize(("task", "link"), [(SINGLE_LABEL, lambda x: softmax(x, axis=-1)), (MULTI_LABEL, expit)])
def test_the_task_says_what_logits_mean(task: str, link) -> None:
    logits = np.random.default_rng(0).normal(0, 3, [2, 5, 11]).astype(np.float32)
    config = _config(task)
    assert answer_kind(config) == task
    np.testing.assert_allclose(probabilities_of(logits, config), link(logits.astype(float)), atol=1e-6)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64])
def test_logits_of_any_float_become_float32(dtype: tf.DType) -> None:
    found = probabilities_of(tf.cast([[0.0, 1.0]], dtype), _config(MULTI_LABEL))
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, [[0.5, expit(1.0)]], atol=1e-6)
