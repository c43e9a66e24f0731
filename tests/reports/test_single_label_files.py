from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.reports.single_label_files import format_table, summarize, write_reports
from tests.helpers.tiny_run import make_config


@pytest.fixture
def evaluation() -> Evaluation:
    """60 excerpts of 20 songs; classes 9 and 10 never occur."""
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(0, 9, 20), 3)
    probabilities = rng.dirichlet(np.ones(11), 60) + 0.35 * np.eye(11)[labels]
    return Evaluation(
        split="validation",
        config=make_config(),
        files=tuple(f"cel/[cel][cla]{i:04d}__1.wav" for i in range(60)),
        groups=np.repeat(np.arange(20), 3),
        labels=labels,
        probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
        train_labels=np.array([3, 3, 4]),
        seconds=2.0,
        replicates=200,
    )


def test_summary_is_consistent_with_sklearn_and_itself(evaluation: Evaluation) -> None:
    summary = summarize(evaluation)
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
    assert summary["warnings"] == []


def test_summary_is_plain_json(evaluation: Evaluation) -> None:
    summary = summarize(evaluation)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"split": "train"}, "trained on"),
        ({"leaks": 7}, "7 songs are on both sides"),
        ({"groups": np.zeros(60, int)}, "no interval"),
    ],
)
def test_what_weakens_a_score_is_said(evaluation: Evaluation, change: dict[str, object], words: str) -> None:
    summary = summarize(dataclasses.replace(evaluation, **change))
    assert any(words in text for text in summary["warnings"])
    assert words in format_table(summary)


def test_table_shows_the_scores(evaluation: Evaluation) -> None:
    summary = summarize(evaluation)
    text = format_table(summary)
    assert f"{summary['accuracy']['value']:.3f}  [{summary['accuracy']['low']:.3f}" in text
    assert all(name in text for name in ("macro F1", "acoustic guitar", "majority", "excerpts/s", "->"))
    assert max(map(len, text.splitlines())) <= 120


def test_files_agree_with_the_summary(evaluation: Evaluation, tmp_path: Path) -> None:
    summary = summarize(evaluation)
    folder = tmp_path / "evaluation" / "validation"
    paths = write_reports(evaluation, summary, folder)
    assert sorted(p.name for p in paths) == sorted(p.name for p in folder.iterdir())
    assert json.loads((folder / "metrics.json").read_text()) == summary
    with (folder / "per_class.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["f1"]) for r in rows] == [row["f1"] for row in summary["per_class"]]
    with (folder / "confusion.csv").open(newline="") as file:
        header, *cells = csv.reader(file)
    assert header == ["label", *summary["classes"]]
    assert [[int(c) for c in row[1:]] for row in cells] == summary["confusion"]
    with (folder / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["file"] for r in rows] == list(evaluation.files)
    for row, probabilities in zip(rows, evaluation.probabilities, strict=True):
        values = {code: float(row[code]) for code in summary["classes"]}
        assert row["predicted"] == max(values, key=values.__getitem__)
        np.testing.assert_allclose(list(values.values()), probabilities, atol=1e-6)
    assert sum(r["label"] == r["predicted"] for r in rows) / 60 == pytest.approx(summary["accuracy"]["value"])
    assert (folder / "confusion.png").read_bytes()[:4] == b"\x89PNG"


def test_a_failure_leaves_the_old_reports(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_reports(evaluation, summarize(evaluation), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("irmas_tf.reports.single_label_files.confusion_figure", broken)
    with pytest.raises(OSError, match="disk full"):
        write_reports(evaluation, summarize(evaluation), tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
