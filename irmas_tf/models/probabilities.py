"""From logits to probabilities: the one place that knows what a run's kind of answer is."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.config.run_config import Config


def answer_kind(config: Config) -> str:
    """Return what the run's probabilities mean.

    ``single_label``: one class per clip, they sum to 1. ``multi_label``: any number of classes, each on its own.
    """
    return config.model.task


def probabilities_of(logits: Any, config: Config) -> tf.Tensor:
    """Return probabilities float32 of logits [..., classes] of any float type, in the same shape."""
    logits = tf.cast(logits, tf.float32)
    return tf.nn.softmax(logits) if answer_kind(config) == SINGLE_LABEL else tf.sigmoid(logits)
