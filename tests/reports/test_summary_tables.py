from __future__ import annotations

import copy
from typing import Any

import pytest

from irmas_tf.evaluation.multi_label_summary import summarize_multi_label
from irmas_tf.evaluation.single_label_summary import summarize_single_label
from irmas_tf.reports.summary_tables import format_multi_label_table, format_single_label_table
from tests.helpers.made_evaluation import multi_label_evaluation, single_label_evaluation


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return summarize_multi_label(multi_label_evaluation())


@pytest.fixture
def summary(made: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(made)


def _row(text: str, beginning: str) -> str:
    (line,) = [line for line in text.splitlines() if line.strip().startswith(beginning)]
    return line


def test_every_figure_stands_under_its_name(summary: dict[str, Any]) -> None:
    text = format_multi_label_table(summary)
    assert text.endswith("\n") and "nan" not in text and "None" not in text
    fixed = summary["aggregations"]["s2"]["decisions"]["fixed"]["global"]
    header, row = _row(text, "decisions, by"), _row(text, "s2, fixed in advance, global")
    for name, title in (("micro_f1", "micro F1"), ("macro_f1", "macro F1")):
        column = header.index(title)
        assert row[column:].startswith(f"{fixed[name]['value']:.3f} [{fixed[name]['low']:.3f}, ")
    baseline = _row(text, "baseline: always gel+pia+voi")
    assert f"{summary['baselines']['constant']['micro_f1']['value']:.3f} [" in baseline
    assert f"{summary['baselines']['prevalence_ranking']['lrap']['value']:.3f} [" in _row(text, "baseline: prevalence")


def test_regimes_are_explained_once(summary: dict[str, Any]) -> None:
    text = format_multi_label_table(summary)
    assert _row(text, "fixed in advance: chosen on 80 mixtures")
    assert _row(
        text, "tuned on other songs: chosen on the other songs, in 3 folds of songs (not the official Parts: Part1: 20"
    )
    assert _row(
        text, "oracle: chosen on the scored clips themselves, global for micro F1, per class for macro F1: no result"
    )


def test_the_headline_names_the_level_of_each_f1(summary: dict[str, Any]) -> None:
    text = format_multi_label_table(summary)
    decisions = summary["aggregations"]["mean"]["decisions"]["fixed"]
    assert _row(text, "mean, thresholds fixed in advance:")
    micro, macro = decisions["global"]["micro_f1"]["value"], decisions["per_class"]["macro_f1"]["value"]
    assert _row(text, f"micro F1 {micro:.3f} [").endswith("one for all classes (global)")
    assert _row(text, f"macro F1 {macro:.3f} [").endswith("one per class (per class)")


def test_map_says_how_many_classes_it_covers(summary: dict[str, Any]) -> None:
    assert "mAP over 10 of 11 classes" in format_multi_label_table(summary)
    for of in summary["aggregations"].values():
        of["classes_without_labels"] = []
    assert "mAP over all 11 classes" in format_multi_label_table(summary)


def test_the_ranking_by_the_clips_own_counts_is_called_an_oracle(summary: dict[str, Any]) -> None:
    value = summary["baselines"]["oracle_prevalence_ranking"]["lrap"]["value"]
    assert f"{value:.3f} [" in _row(format_multi_label_table(summary), "oracle: prevalence in these very clips")


def test_levels_chosen_on_different_data_are_told_apart(summary: dict[str, Any]) -> None:
    for level in summary["aggregations"]["mean"]["decisions"]["fixed"].values():
        level["chosen_on"] = "a file"
    text = format_multi_label_table(summary)
    assert _row(text, "fixed in advance (mean): chosen on a file")
    assert _row(text, "fixed in advance (s2, mean_logit): chosen on 80 mixtures")


def test_classes_warnings_and_calibration(summary: dict[str, Any]) -> None:
    text = format_multi_label_table(summary)
    assert "note: made by hand" in text
    assert "-" in _row(text, "voice").split(), "no average precision"
    assert _row(text, "calibration, fitted on 80 mixtures; temperature: mean ")
    assert _row(text, "mean_logit, estimated prior")
    without = format_multi_label_table({**summary, "calibration": None})
    assert "calibration" not in without


def test_plain_excerpts_stand_beside_mixtures(summary: dict[str, Any]) -> None:
    plain = {"excerpts": 7, "accuracy": 0.5, "macro_f1": 0.25}
    text = format_multi_label_table({**summary, "single_label": plain})
    assert "the 7 plain excerpts, one label each: accuracy 0.500, macro F1 0.250" in text


def test_the_single_label_table_shows_scores_and_warnings() -> None:
    summary = {**summarize_single_label(single_label_evaluation()), "warnings": ["heard before"]}
    text = format_single_label_table(summary)
    assert f"{summary['accuracy']['value']:.3f}  [{summary['accuracy']['low']:.3f}" in text
    for words in ("macro F1", "acoustic guitar", "majority", "excerpts/s", "->", "note: heard before"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 120
    alone = {**summary, "accuracy": {"value": 0.5, "low": None, "high": None}}
    assert "  accuracy  0.500\n" in format_single_label_table(alone)
