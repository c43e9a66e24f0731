"""The command's tests (tests/test_evaluate.py) cover whole evaluations; these cover what they cannot see."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.audio.walk import Failure
from irmas_tf.config.labels import get_label_scheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.evaluation.single_label import Evaluation, all_answers, check_split
from irmas_tf.inference.answers import Answer
from tests.helpers.tiny_run import make_config


def test_only_sides_of_the_split_are_scored_with_one_label() -> None:
    with pytest.raises(ConfigError, match="--split=test: must be one of validation, train, test"):
        check_split("test")
    check_split("validation")
    check_split("train")


def test_confusion_and_intervals_follow_from_the_probabilities() -> None:
    probabilities = np.eye(11)[[0, 1, 1, 2]]
    evaluation = Evaluation(
        split="validation",
        config=make_config(),
        files=("a", "b", "c", "d"),
        groups=np.array([0, 0, 1, 1]),
        labels=np.array([0, 1, 2, 2]),
        probabilities=probabilities,
        train_labels=np.array([0]),
        seconds=1.0,
    )
    assert evaluation.predicted.tolist() == [0, 1, 1, 2]
    assert evaluation.confusion[2, 1] == 1 and np.trace(evaluation.confusion) == 3
    accuracy = evaluation.intervals()["accuracy"]
    # Two songs, all right and half right, say next to nothing of others.
    assert accuracy is not None and 0 < accuracy.low < 0.1 and 0.9 < accuracy.high < 1


def test_scores_over_a_part_of_the_split_are_refused() -> None:
    answer = Answer("a.wav", 1.0, get_label_scheme("irmas"), np.full(11, 1 / 11), ("cel",))
    assert all_answers([answer, answer]) == [answer, answer]
    failures = [Failure(f"{i}.wav", "is empty") for i in range(5)]
    with pytest.raises(DataError, match=r"5 of 6 excerpts .*: 0\.wav: is empty; .*2\.wav: is empty; \.\.\."):
        all_answers([answer, *failures])
