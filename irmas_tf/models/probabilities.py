"""From logits to probabilities: the one place that knows what a run's kind of answer is."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from irmas_tf.config import Config

SINGLE_LABEL = "single_label"


def answer_kind(config: Config) -> str:
    """Return what the run's probabilities mean: `SINGLE_LABEL` (one class a clip, they sum to 1)."""
    return SINGLE_LABEL


def probabilities_of(logits: Any, config: Config) -> tf.Tensor:
    """Return probabilities float32 of logits [..., classes] of any float type, in the same shape."""
    assert answer_kind(config) == SINGLE_LABEL
    return tf.nn.softmax(tf.cast(logits, tf.float32))
