from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from irmas_tf.evaluation.multi_label import MultiLabelEvaluation
from irmas_tf.evaluation.score_file import read_score_file
from irmas_tf.reports.multi_label_files import write_multi_label_reports
from irmas_tf.reports.multi_label_summary import summarize_multi_label
from tests.helpers.made_evaluation import make_evaluation
from tests.helpers.tiny_run import make_config


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[MultiLabelEvaluation, dict[str, Any], Path]:
    evaluation = make_evaluation(make_config())
    summary = summarize_multi_label(evaluation)
    folder = tmp_path_factory.mktemp("reports") / "test"
    paths = write_multi_label_reports(evaluation, summary, folder)
    assert sorted(folder.iterdir()) == sorted(paths) and paths[-1].name == "metrics.json"
    return evaluation, summary, folder


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_files(written: tuple[MultiLabelEvaluation, dict[str, Any], Path]) -> None:
    _, summary, folder = written
    assert {p.name for p in folder.iterdir()} == {
        "metrics.json",
        "per_class.csv",
        "thresholds.csv",
        "threshold_curves.csv",
        "clips.csv",
        "clips_s2.csv",
        "clips_mean_logit.csv",
        "thresholds.png",
        "co_occurrence.png",
        "reliability.png",
    }
    assert json.loads((folder / "metrics.json").read_text()) == summary
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in ("thresholds.png", "reliability.png"))
    assert [row["class"] for row in _rows(folder / "per_class.csv")] == summary["classes"]


def test_the_clips_are_a_score_file_of_the_same_scores(
    written: tuple[MultiLabelEvaluation, dict[str, Any], Path],
) -> None:
    evaluation, _, folder = written
    for aggregation in evaluation.clips.scores:
        name = "clips.csv" if aggregation == "mean" else f"clips_{aggregation}.csv"
        found = read_score_file(folder / name)
        np.testing.assert_array_equal(found.scores, evaluation.clips.scores[aggregation])
        np.testing.assert_array_equal(found.labels, evaluation.clips.labels)
        assert found.files == evaluation.clips.files
        assert found.parts == tuple(evaluation.clips.parts) and found.songs == tuple(map(str, evaluation.clips.groups))
    answers = [row["answers"].split() for row in _rows(folder / "clips.csv")]
    codes = evaluation.clips.codes
    assert answers == [[codes[k] for k in np.flatnonzero(row)] for row in evaluation.answers()]


def test_all_thresholds_and_curves(written: tuple[MultiLabelEvaluation, dict[str, Any], Path]) -> None:
    evaluation, summary, folder = written
    rows = _rows(folder / "thresholds.csv")
    assert len(rows) == sum(len(d.thresholds) for d in evaluation.decisions.values())
    (row,) = [
        r for r in rows if (r["aggregation"], r["regime"], r["level"], r["fold"]) == ("mean", "fixed", "global", "all")
    ]
    assert float(row["cel"]) == summary["aggregations"]["mean"]["decisions"]["fixed"]["global"]["thresholds"]["all"]
    assert {r["voi"] for r in rows if (r["regime"], r["level"]) == ("oracle", "per_class")} == {"inf"}
    curves = _rows(folder / "threshold_curves.csv")
    assert {row["aggregation"] for row in curves} == {"mean", "s2", "mean_logit"}
    assert {"micro_f1", "macro_f1", "f1_voi"} < set(curves[0])


def test_without_calibration_there_is_no_reliability(tmp_path: Path) -> None:
    evaluation = dataclasses.replace(make_evaluation(make_config(), clips=12, songs=4), calibration=None)
    paths = write_multi_label_reports(evaluation, summarize_multi_label(evaluation), tmp_path)
    assert "reliability.png" not in {path.name for path in paths}
