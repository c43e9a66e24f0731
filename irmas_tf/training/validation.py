"""Scoring the model on the validation side between epochs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.split_sides import SplitSide
from irmas_tf.metrics import multilabel, single_label
from irmas_tf.metrics.thresholds import best_global, best_per_class
from irmas_tf.models.probabilities import probabilities_of
from irmas_tf.runs.thresholds import Thresholds
from irmas_tf.training.embedded import EmbeddedClips
from irmas_tf.training.excerpts import SideMixtures, evaluation_batches

_LEAST_PROBABILITY = 1e-12  # keeps the loss finite


@dataclasses.dataclass(frozen=True)
class Scores:
    """Scores over clips, in [0, 1] except the loss in nats; those of the other task are None.

    Attributes:
        loss: mean negative log likelihood of the labels; of several labels, summed over the known classes.
        accuracy, macro_f1: of one label.
        mean_average_precision, lrap, micro_f1: of several labels; the last at the one threshold that gives the most.
        thresholds: levels that suit these clips best.
    """

    loss: float
    accuracy: float | None = None
    macro_f1: float | None = None
    mean_average_precision: float | None = None
    lrap: float | None = None
    micro_f1: float | None = None
    thresholds: Thresholds | None = None


class Validator:
    """Scores a model by the mean of its probabilities over each clip's windows, as `irmas_tf.evaluate` does.

    Args:
        model: waveform [batch, window_samples] -> logits [batch, classes]; its present weights are used.
        config: the run's configuration.
        clips: what is scored, with its labels.
        embedded: the clips as vectors; ``model`` is then [batch, channels] -> logits.
    """

    def __init__(
        self, model: keras.Model, config: Config, clips: SplitSide | SideMixtures, embedded: EmbeddedClips | None = None
    ) -> None:
        self._config = config
        self._clips = clips
        self._embedded = embedded
        # A free batch axis: the last, shorter batch does not retrace.
        width = config.audio.window_samples if embedded is None else embedded.vectors.shape[1]
        signature = [tf.TensorSpec([None, width], tf.float32)]
        self._probabilities = tf.function(
            lambda waveform: probabilities_of(model(waveform, training=False), config), signature
        )

    def run(self, before_batch: Callable[[], None]) -> Scores:
        """Score all clips; ``before_batch`` may raise to stop."""
        config, clips = self._config, self._clips
        sums = np.zeros([len(clips), config.labels.num_classes])
        windows = np.zeros(len(clips), np.int64)
        source = self._embedded
        batches = evaluation_batches(clips, config) if source is None else source.evaluation_batches()
        for waveform, clip in batches:
            before_batch()
            np.add.at(sums, clip.numpy(), self._probabilities(waveform).numpy())
            np.add.at(windows, clip.numpy(), 1)
        probabilities = sums / windows[:, np.newaxis]
        if config.model.task == SINGLE_LABEL:
            return _single_label_scores(clips.labels, probabilities)
        if isinstance(clips, SideMixtures):
            return _multi_label_scores(clips.labels, probabilities, config.labels.codes, "mixtures of ")
        labels = clips.targets if clips.has_unknown else clips.targets.astype(bool)
        return _multi_label_scores(labels, probabilities, config.labels.codes, "")


def _single_label_scores(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    predicted = probabilities.argmax(axis=1)
    of_truth = probabilities[np.arange(len(labels)), labels]
    return Scores(
        loss=float(-np.mean(np.log(np.maximum(of_truth, _LEAST_PROBABILITY)))),
        accuracy=single_label.accuracy(labels, predicted),
        macro_f1=single_label.macro_f1(labels, predicted, probabilities.shape[1]),
    )


def _multi_label_scores(labels: np.ndarray, probabilities: np.ndarray, codes: tuple[str, ...], of_what: str) -> Scores:
    """Return the scores of labels [n, classes], bool or int8 with -1 where nobody knows, which counts nowhere."""
    of_truth = np.maximum(np.where(labels > 0, probabilities, 1.0 - probabilities), _LEAST_PROBABILITY)
    of_truth[labels < 0] = 1.0
    overall = best_global(labels, probabilities)
    levels = best_per_class(labels, probabilities, fallback=overall)
    return Scores(
        loss=float(-np.log(of_truth).sum(axis=1).mean()),
        mean_average_precision=multilabel.mean_average_precision(labels, probabilities),
        lrap=multilabel.lrap(labels, probabilities),
        micro_f1=multilabel.micro_f1(labels, probabilities >= overall),
        thresholds=Thresholds(
            dict(zip(codes, map(float, levels), strict=True)),
            overall,
            f"{len(labels)} {of_what}validation excerpts, mean probabilities over windows",
        ),
    )
