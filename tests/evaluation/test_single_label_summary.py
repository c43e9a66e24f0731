from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.evaluation.single_label_summary import summarize_single_label
from irmas_tf.inference.notes import Note
from tests.helpers.made_evaluation import single_label_evaluation


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return single_label_evaluation()


def test_summary_is_consistent_with_sklearn_and_itself(evaluation: Evaluation) -> None:
    summary = summarize_single_label(evaluation)
    predicted = evaluation.probabilities.argmax(axis=1)
    assert summary["accuracy"]["value"] == pytest.approx(accuracy_score(evaluation.labels, predicted))
    f1 = f1_score(evaluation.labels, predicted, labels=range(11), average="macro", zero_division=0)
    assert summary["macro_f1"]["value"] == pytest.approx(f1)
    for score in (summary["accuracy"], summary["macro_f1"]):
        assert 0 <= score["low"] < score["value"] < score["high"] <= 1
    assert summary["majority_baseline"]["class"] == "gac"
    assert summary["majority_baseline"]["accuracy"] == pytest.approx(np.mean(evaluation.labels == 3))
    assert np.trace(summary["confusion"]) / 60 == pytest.approx(summary["accuracy"]["value"])
    assert [row["support"] for row in summary["per_class"]] == np.sum(summary["confusion"], axis=1).tolist()
    assert np.mean([row["f1"] for row in summary["per_class"]]) == pytest.approx(f1)
    assert (summary["excerpts"], summary["songs"], summary["excerpts_per_second"]) == (60, 20, 30.0)
    assert [text.partition(":")[0] for text in summary["warnings"]] == ["a single song holds cla, pia"]


def test_summary_is_plain_json(evaluation: Evaluation) -> None:
    summary = summarize_single_label(evaluation)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"split": "train"}, "trained on"),
        ({"leaks": 7}, "7 songs are on both sides"),
        ({"groups": np.zeros(60, int)}, "no interval"),
        ({"notes": ((Note("silent", "is silent"),), *[()] * 59)}, "1 of 60 excerpts have the note silent"),
    ],
)
def test_what_weakens_a_score_is_said(evaluation: Evaluation, change: dict[str, object], words: str) -> None:
    summary = summarize_single_label(dataclasses.replace(evaluation, **change))
    assert any(words in text for text in summary["warnings"])
