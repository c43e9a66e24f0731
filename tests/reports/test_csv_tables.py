from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.config.labels import LabelScheme
from irmas_tf.evaluation.score_file import read_score_file
from irmas_tf.reports.csv_tables import multi_label_tables, single_label_tables, write_csv
from irmas_tf.reports.report import summarize
from tests.helpers.made_evaluation import multi_label_evaluation, single_label_evaluation


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the tables of the multi-label evaluation."""
    folder = tmp_path_factory.mktemp("tables")
    evaluation = multi_label_evaluation()
    for name, header, rows in multi_label_tables(evaluation, summarize(evaluation)):
        write_csv(folder / name, header, rows)
    return folder


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_single_label_tables_agree_with_the_summary() -> None:
    evaluation = single_label_evaluation()
    summary = summarize(evaluation)
    tables = {name: (list(header), [list(row) for row in rows])
              for name, header, rows in single_label_tables(evaluation, summary)}  # fmt: skip
    assert list(tables) == ["per_class.csv", "classes.csv", "confusion.csv", "predictions.csv"]
    header, rows = tables["per_class.csv"]
    assert [dict(zip(header, row, strict=True)) for row in rows] == summary["per_class"]
    header, rows = tables["confusion.csv"]
    assert header == ["label", "name", *summary["classes"]]
    assert [row[2:] for row in rows] == summary["confusion"] and [row[0] for row in rows] == summary["classes"]
    assert tables["classes.csv"][1] == [[*pair] for pair in zip(summary["classes"], summary["names"], strict=True)]
    header, rows = tables["predictions.csv"]
    assert header == [
        *("file", "song_group", "label", "label_name", "predicted", "predicted_name"),
        *summary["classes"],
    ]
    assert [row[0] for row in rows] == list(evaluation.files)
    assert sum(row[2] == row[4] for row in rows) / 60 == pytest.approx(summary["accuracy"]["value"])
    np.testing.assert_allclose([[float(p) for p in row[6:]] for row in rows], evaluation.probabilities, atol=1e-6)


def test_the_clips_are_a_score_file_of_the_same_scores(several: Path) -> None:
    evaluation = multi_label_evaluation()
    for aggregation in evaluation.clips.scores:
        name = "clips.csv" if aggregation == "mean" else f"clips_{aggregation}.csv"
        scores = read_score_file(several / name)
        np.testing.assert_array_equal(scores.scores, evaluation.clips.scores[aggregation])
        np.testing.assert_array_equal(scores.labels, evaluation.clips.labels)
        assert scores.files == evaluation.clips.files
        assert scores.parts == tuple(evaluation.clips.parts)
        assert scores.songs == tuple(map(str, evaluation.clips.groups))
    rows = _rows(several / "clips.csv")
    assert [row["label_names"].split(";") for row in rows] == [
        [evaluation.clips.names[k] for k in np.flatnonzero(labels)] for labels in evaluation.clips.labels
    ]
    answers = [row["answers"].split() for row in _rows(several / "clips.csv")]
    codes = evaluation.clips.codes
    assert answers == [[codes[k] for k in np.flatnonzero(row)] for row in evaluation.answers()]


def test_tables_of_scores_end_with_the_model_where_it_is_known() -> None:
    single, multi = single_label_evaluation(), multi_label_evaluation()
    for tables, of_scores in (
        (single_label_tables(single, summarize(single) | {"model_sha256": "c" * 64}), {"predictions.csv"}),
        (
            multi_label_tables(multi, summarize(multi) | {"model_sha256": "c" * 64}),
            {"clips.csv", "clips_s2.csv", "clips_mean_logit.csv"},
        ),
    ):
        ends = {name: (header[-1], next(iter(rows))[-1]) for name, header, rows in tables if "model" in header[-1]}
        assert ends == dict.fromkeys(of_scores, ("model_sha256", "c" * 64))


def test_all_thresholds_and_curves(several: Path) -> None:
    evaluation = multi_label_evaluation()
    summary = summarize(evaluation)
    assert [row["class"] for row in _rows(several / "per_class.csv")] == summary["classes"]
    rows = _rows(several / "thresholds.csv")
    assert len(rows) == sum(len(d.thresholds) for d in evaluation.decisions.values())
    (row,) = [
        r for r in rows if (r["aggregation"], r["regime"], r["level"], r["fold"]) == ("mean", "fixed", "global", "all")
    ]
    assert float(row["cel"]) == summary["aggregations"]["mean"]["decisions"]["fixed"]["global"]["thresholds"]["all"]
    assert {r["voi"] for r in rows if (r["regime"], r["level"]) == ("oracle", "per_class")} == {"inf"}
    curves = _rows(several / "threshold_curves.csv")
    assert {row["aggregation"] for row in curves} == {"mean", "s2", "mean_logit"}
    assert {"micro_f1", "macro_f1", "f1_voi"} < set(curves[0])


def test_unknown_labels_and_names_with_blanks_come_back(tmp_path: Path) -> None:
    made = multi_label_evaluation()
    codes = ("low tone", *made.clips.codes[1:])
    labels = np.where(np.random.default_rng(0).random(made.clips.labels.shape) < 0.3, -1, made.clips.labels)
    clips = dataclasses.replace(made.clips, codes=codes, labels=labels.astype(np.int8))
    evaluation = dataclasses.replace(made, clips=clips)
    name, header, rows = next(t for t in multi_label_tables(evaluation, summarize(made)) if t[0] == "clips.csv")
    write_csv(tmp_path / name, header, rows)
    scores = read_score_file(tmp_path / name, LabelScheme("own", codes, codes, {code: code for code in codes}))
    np.testing.assert_array_equal(scores.labels, labels)
