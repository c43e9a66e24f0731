"""The score of a run's validation side, by its model or an exported form of it: for acceptance checks.

Who saw which songs: the weights have learnt nothing of this side, though the best epoch was chosen on it; what an int8
file is made with (the ranges of its values) comes from the training side. Both models answer the same excerpts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from irmas_tf.datasets import splits
from irmas_tf.datasets.split_sides import split_sides
from irmas_tf.evaluation.single_label import all_answers
from irmas_tf.evaluation.test_part import labels_of
from irmas_tf.inference.prediction import predict_files
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.window_model import ClassModel
from irmas_tf.metrics.multilabel import micro_f1

LEVEL = 0.5
"""From which a class is named where the run has no thresholds of its own."""


class ValidationScore(NamedTuple):
    """A score in [0, 1] of so many excerpts, and what it is called."""

    value: float
    excerpts: int
    name: str


def validation_score(run: RunModel, data_dir: str = "", model: ClassModel | None = None) -> ValidationScore:
    """Return how well a model answers the run's validation side.

    Where every excerpt has one class, by the accuracy of the most probable class. Else by the micro F1 of the decisions
    on what is known, by the run's thresholds: of a thousand classes nearly all are absent, so that the share of right
    decisions would be near 1 even for a model that names nothing.

    Args:
        run: the run.
        data_dir: folder of the data; empty is the one the run was trained on.
        model: answers in place of the run's model.

    Raises:
        DataError: the data is not what the run was trained on, or an excerpt cannot be read.
        ThresholdsError: the run's thresholds are damaged or missing.
    """
    config = run.config
    excerpts = config.dataset.training(data_dir or config.data.data_dir)
    side = split_sides(splits.load_split(run.run.split_path), excerpts, config.labels).validation
    answers = all_answers(predict_files(run if model is None else model, side.paths))
    probabilities = np.stack([answer.vector for answer in answers])
    if side.is_single:
        right = probabilities.argmax(axis=1) == side.labels
        return ValidationScore(float(right.mean()), len(side), "accuracy")
    levels = LEVEL if run.thresholds is None else run.thresholds
    return ValidationScore(micro_f1(labels_of(side), probabilities >= levels), len(side), "micro F1")
