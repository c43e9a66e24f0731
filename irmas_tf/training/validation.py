"""Scoring the model on the validation side between epochs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config import Config
from irmas_tf.data import pipeline
from irmas_tf.metrics.single_label import accuracy, macro_f1
from irmas_tf.models.probabilities import probabilities_of
from irmas_tf.training.embedded import EmbeddedSide
from irmas_tf.training.excerpts import Side

_LEAST_PROBABILITY = 1e-12  # keeps the loss finite


@dataclasses.dataclass(frozen=True)
class Scores:
    """Scores over clips: loss in nats, accuracy and macro F1 in [0, 1]."""

    loss: float
    accuracy: float
    macro_f1: float


class Validator:
    """Scores a model by the mean of its probabilities over each clip's windows, as `irmas_tf.evaluate` does.

    Args:
        model: waveform [batch, window_samples] -> logits [batch, classes]; its present weights are used.
        config: the run's configuration.
        side: the clips and their labels.
        embedded: the clips as vectors; ``model`` is then [batch, channels] -> logits.
    """

    def __init__(self, model: keras.Model, config: Config, side: Side, embedded: EmbeddedSide | None = None) -> None:
        self._config = config
        self._side = side
        self._embedded = embedded
        # A free batch axis: the last, shorter batch does not retrace.
        width = config.audio.window_samples if embedded is None else embedded.vectors.shape[1]
        signature = [tf.TensorSpec([None, width], tf.float32)]
        self._probabilities = tf.function(
            lambda waveform: probabilities_of(model(waveform, training=False), config), signature
        )

    def run(self, before_batch: Callable[[], None]) -> Scores:
        """Score all clips; ``before_batch`` may raise to stop."""
        config, side = self._config, self._side
        sums = np.zeros([len(side), config.labels.num_classes])
        windows = np.zeros(len(side), np.int64)
        if self._embedded is None:
            batches = pipeline.evaluation_dataset(side.paths, config, batch_size=config.training.batch_size, keep=True)
        else:
            batches = self._embedded.evaluation_batches()
        for waveform, clip in batches:
            before_batch()
            np.add.at(sums, clip.numpy(), self._probabilities(waveform).numpy())
            np.add.at(windows, clip.numpy(), 1)
        probabilities = sums / windows[:, np.newaxis]
        predicted = probabilities.argmax(axis=1)
        of_truth = probabilities[np.arange(len(side)), side.labels]
        return Scores(
            loss=float(-np.mean(np.log(np.maximum(of_truth, _LEAST_PROBABILITY)))),
            accuracy=accuracy(side.labels, predicted),
            macro_f1=macro_f1(side.labels, predicted, config.labels.num_classes),
        )
