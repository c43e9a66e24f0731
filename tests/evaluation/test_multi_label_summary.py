from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from irmas_tf.evaluation.multi_label import MultiLabelEvaluation
from irmas_tf.evaluation.multi_label_summary import summarize_multi_label
from irmas_tf.evaluation.scored_clips import ORACLE, OTHER_SONGS, PER_CLASS
from tests.helpers.made_evaluation import multi_label_evaluation


@pytest.fixture(scope="module")
def evaluation() -> MultiLabelEvaluation:
    return multi_label_evaluation()


@pytest.fixture(scope="module")
def summary(evaluation: MultiLabelEvaluation) -> dict[str, Any]:
    return summarize_multi_label(evaluation)


@pytest.mark.slow
def test_figures_are_sklearns(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> None:
    labels = evaluation.clips.labels
    for name, of in summary["aggregations"].items():
        scores = evaluation.clips.scores[name]
        assert of["lrap"]["value"] == pytest.approx(sk.label_ranking_average_precision_score(labels, scores))
        precision = sk.average_precision_score(labels[:, :10], scores[:, :10], average=None)
        assert of["mean_average_precision"]["value"] == pytest.approx(precision.mean())
        assert of["mean_average_precision_all_classes"]["value"] == pytest.approx(precision.sum() / 11)
        assert list(of["average_precision"].values()) == [*map(pytest.approx, precision), None]
        assert of["classes_without_labels"] == ["voi"]
        assert {(regime, level) for regime, levels in of["decisions"].items() for level in levels} == {
            key[1:] for key in evaluation.decisions
        }
        for regime, levels in of["decisions"].items():
            for level, figures in levels.items():
                answers = evaluation.answers((name, regime, level))
                for average in ("micro", "macro"):
                    expected = sk.f1_score(labels, answers, average=average, zero_division=0)
                    assert figures[f"{average}_f1"]["value"] == pytest.approx(expected)
                assert figures["hamming_loss"]["value"] == pytest.approx(sk.hamming_loss(labels, answers))
                assert figures["exact_match"]["value"] == pytest.approx(sk.accuracy_score(labels, answers))


def test_intervals_hold_the_values(summary: dict[str, Any]) -> None:
    for of in summary["aggregations"].values():
        figures = [of["lrap"], of["mean_average_precision"]]
        figures += [score for levels in of["decisions"].values() for d in levels.values() for score in (d["micro_f1"],)]
        for score in figures:
            assert 0 <= score["low"] <= score["value"] + 0.02 and score["value"] - 0.02 <= score["high"] <= 1
            assert score["low"] < score["high"]


def test_baselines_stand_beside(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> None:
    constant = summary["baselines"]["constant"]
    assert constant["classes"] == ["gel", "pia", "voi"]
    expected = sk.f1_score(evaluation.clips.labels, evaluation.baselines.answers, average="micro")
    assert constant["micro_f1"]["value"] == pytest.approx(expected)
    ranking = summary["baselines"]["prevalence_ranking"]["lrap"]["value"]
    scores = np.tile(evaluation.baselines.prevalence, (len(evaluation.clips), 1))
    assert ranking == pytest.approx(sk.label_ranking_average_precision_score(evaluation.clips.labels, scores))
    oracle = summary["baselines"]["oracle_prevalence_ranking"]["lrap"]["value"]
    scores = np.tile(evaluation.clips.labels.sum(axis=0), (len(evaluation.clips), 1))
    assert oracle == pytest.approx(sk.label_ranking_average_precision_score(evaluation.clips.labels, scores)) != ranking


def test_classes_are_those_of_the_headline(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> None:
    assert summary["headline"] == {
        "aggregation": "mean",
        "regime": "fixed",
        "level": "per_class",
        "level_of": {"micro_f1": "global", "macro_f1": "per_class"},
        "chosen_on": "80 mixtures",
    }
    f1 = sk.f1_score(evaluation.clips.labels, evaluation.answers(), average=None, zero_division=0)
    assert [row["f1"] for row in summary["per_class"]] == pytest.approx(f1)
    assert [row["support"] for row in summary["per_class"]] == evaluation.clips.labels.sum(axis=0).tolist()
    decisions = summary["aggregations"]["mean"]["decisions"]
    assert [row["threshold"] for row in summary["per_class"]] == list(
        decisions["fixed"]["per_class"]["thresholds"]["all"].values()
    )
    assert set(decisions[OTHER_SONGS][PER_CLASS]["thresholds"]) == {"songs 1/3", "songs 2/3", "songs 3/3"}
    assert decisions[ORACLE][PER_CLASS]["thresholds"]["all"]["voi"] is None, "never named: infinite"


def test_counts_and_warnings(summary: dict[str, Any]) -> None:
    assert (summary["clips"], summary["songs"], summary["clips_per_second"]) == (60, 15, 30.0)
    assert summary["parts"] == {"1": 20, "2": 20, "3": 20}
    assert summary["labels_per_clip"] == pytest.approx(summary["labels"] / 60)
    assert summary["warnings"][0] == "made by hand"
    assert "no clip is labelled voi" in summary["warnings"][1] and len(summary["warnings"]) == 2
    assert "mAP is over the 10 other classes" in summary["warnings"][1]


def test_calibration_is_told_with_and_without(summary: dict[str, Any]) -> None:
    calibration = summary["calibration"]
    names = [(row["aggregation"], row["name"]) for row in calibration["variants"]]
    variants = ("as_is", "temperature", "uniform_prior", "estimated_prior")
    assert names == [(a, v) for a in ("mean", "mean_logit") for v in variants]
    as_is, figures = calibration["variants"][0], summary["aggregations"]["mean"]
    assert as_is["lrap"] == pytest.approx(figures["lrap"]["value"])
    assert as_is["micro_f1"] == pytest.approx(figures["decisions"]["fixed"]["global"]["micro_f1"]["value"])


def test_it_is_plain_json(summary: dict[str, Any]) -> None:
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_one_song_has_no_intervals_and_says_so(evaluation: MultiLabelEvaluation) -> None:
    clips = dataclasses.replace(evaluation.clips, groups=np.zeros(60, int))
    figures = summarize_multi_label(dataclasses.replace(evaluation, clips=clips))
    assert figures["aggregations"]["mean"]["lrap"]["low"] is None
    assert any("one song only" in text for text in figures["warnings"])
