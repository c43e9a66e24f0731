"""The share of right answers on a run's validation side, of its model or of an exported form: for acceptance checks.

Who saw which songs: the weights have learnt nothing of this side, though the best epoch was chosen on it; what an int8
file is made with (the ranges of its values) comes from the training side. Both models answer the same excerpts.
"""

from __future__ import annotations

import numpy as np

from irmas_tf.datasets import splits
from irmas_tf.datasets.split_sides import split_sides
from irmas_tf.evaluation.single_label import all_answers
from irmas_tf.evaluation.test_part import labels_of
from irmas_tf.inference.prediction import predict_files
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.window_model import ClassModel
from irmas_tf.metrics.known_labels import truth_and_known

LEVEL = 0.5
"""From which a class is named where the run has no thresholds of its own."""


def validation_accuracy(run: RunModel, data_dir: str = "", model: ClassModel | None = None) -> tuple[float, int]:
    """Return (share of right answers, number of excerpts) on the run's validation side.

    Where every excerpt has one class, an answer is the most probable class of an excerpt. Else answers are the
    decisions on the classes that are known of each excerpt, by the run's thresholds.

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
        return float((probabilities.argmax(axis=1) == side.labels).mean()), len(side)
    levels = LEVEL if run.thresholds is None else run.thresholds
    truth, known = truth_and_known(labels_of(side))
    return float(((probabilities >= levels) == truth)[known].mean()), len(side)
