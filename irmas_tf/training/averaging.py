"""Exponential moving average of a model's weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf


class WeightAverage:
    """Moving average of all weights of a model, batch-normalisation statistics included.

    The decay warms up as min(decay, (1 + t) / (10 + t)) over updates t, so that the first epochs are not an average
    with the random start (as in TensorFlow's ExponentialMovingAverage).

    Args:
        model: a built model; make the average inside the scope of the model's strategy.
        decay: in [0, 1); 0 is off: the average has no variables and changes nothing.
    """

    def __init__(self, model: keras.Model, decay: float) -> None:
        self.decay = decay
        self._weights = [w.value for w in model.weights if "float" in w.dtype] if decay else []
        self._averages = [tf.Variable(w, trainable=False) for w in self._weights]
        self._updates = tf.Variable(0, trainable=False, dtype=tf.int64)

    @property
    def variables(self) -> list[tf.Variable]:
        """The averages and the counter of updates: what a checkpoint must hold."""
        return [self._updates, *self._averages] if self.decay else []

    def reset(self) -> None:
        """Start anew from the present weights."""
        self._updates.assign(0)
        for average, weight in zip(self._averages, self._weights, strict=True):
            average.assign(weight)

    def take_over(self, other: WeightAverage) -> None:
        """Go on where another average of the same model stands."""
        for mine, its in zip(self.variables, other.variables, strict=True):
            mine.assign(its)

    def update(self) -> None:
        """Take in the present weights; part of the training step."""
        if not self.decay:
            return
        t = tf.cast(self._updates, tf.float32)
        keep = tf.minimum(self.decay, (1.0 + t) / (10.0 + t))
        self._updates.assign_add(1)
        for average, weight in zip(self._averages, self._weights, strict=True):
            average.assign_sub((average - weight) * (1.0 - keep))

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averages into the model inside the block, and the weights back after it."""
        weights = [w.numpy() for w in self._weights]
        for weight, average in zip(self._weights, self._averages, strict=True):
            weight.assign(average.numpy())
        try:
            yield
        finally:
            for weight, value in zip(self._weights, weights, strict=True):
                weight.assign(value)
