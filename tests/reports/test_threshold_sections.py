from __future__ import annotations

import dataclasses

import pytest

from irmas_tf.evaluation.multi_label import MultiLabelEvaluation, all_decisions
from irmas_tf.evaluation.multi_label_summary import summarize_multi_label
from irmas_tf.evaluation.scored_clips import CHOSEN_HERE, FIXED, LEVELS
from irmas_tf.reports.threshold_sections import confidence_section, thresholds_section
from tests.helpers.made_evaluation import multi_label_evaluation
from tests.helpers.pictures import texts_of


@pytest.fixture(scope="module")
def evaluation() -> MultiLabelEvaluation:
    return multi_label_evaluation()


def test_every_regime_has_its_figures(evaluation: MultiLabelEvaluation) -> None:
    summary = summarize_multi_label(evaluation)
    section = thresholds_section(evaluation, summary)
    rows = section.blocks[0].rows
    decisions = summary["aggregations"]["mean"]["decisions"]
    wanted = [scores for levels in decisions.values() for scores in levels.values()]
    assert [row[1][:5] for row in rows[:-1]] == [f"{scores['micro_f1']['value']:.3f}" for scores in wanted]
    starred = {(row[0], column) for row in rows for column, cell in enumerate(row) if "★" in cell}
    assert starred == {("fixed in advance, one for all classes", 1), ("fixed in advance, one per class", 2)}
    assert section.lead.startswith(
        "Fixed in advance: chosen without these clips; these are the scores that count. Tuned on other songs:"
    )
    assert "The run's own" not in section.lead
    assert rows[-1][0].startswith("baseline: always ")
    assert len(section.folded) == 3, "the ranking, and the regimes of two other aggregations"
    level = evaluation.decisions["mean", "oracle", "global"].thresholds[0, 0]
    assert f"oracle, {level:.2f}" in texts_of(section.blocks[1].picture, "key")


def test_levels_chosen_on_these_clips_do_not_pass_for_what_counts(evaluation: MultiLabelEvaluation) -> None:
    own = {
        ("mean", level): dataclasses.replace(evaluation.decisions["mean", FIXED, level], regime=CHOSEN_HERE)
        for level in LEVELS
    }
    decisions = all_decisions(evaluation.clips, own, other_songs=False)
    made = dataclasses.replace(evaluation, decisions=decisions)
    section = thresholds_section(made, summarize_multi_label(made))
    rows = section.blocks[0].rows
    assert [row[0] for row in rows if "★" in "".join(row)] == [
        "the run's own, chosen here, one for all classes",
        "the run's own, chosen here, one per class",
    ]
    assert "chose them on these very clips" in section.lead
    text = section.lead + " ".join(texts_of(section.blocks[1].picture, "key"))
    assert "scores that count" not in text and "in advance" not in text and "other songs" not in text


def test_calibration_is_shown_with_and_without(evaluation: MultiLabelEvaluation) -> None:
    section = confidence_section(evaluation)
    table, as_is, cooled = section.blocks
    assert [row[0] for row in table.rows][:2] == ["as the model gives them", "temperature"]
    for figure, name in ((as_is, "as_is"), (cooled, "temperature")):
        error = evaluation.calibration.variant("mean", name).reliability.expected_calibration_error
        assert f"Off by {error:.3f}" in figure.caption
    without = dataclasses.replace(evaluation, calibration=None)
    assert len(confidence_section(without).blocks) == 1


def test_the_best_and_the_worst_classes_are_those_of_the_table(evaluation: MultiLabelEvaluation) -> None:
    summary = summarize_multi_label(evaluation)
    occurring = [row for row in summary["per_class"] if row["support"]]
    rows = sorted(occurring, key=lambda row: -row["f1"])
    figure = next(
        b for b in thresholds_section(evaluation, summary).blocks if getattr(b, "name", "") == "class_thresholds"
    )
    assert texts_of(figure.picture, "key") == [f"F1 of {row['name']}" for row in (*rows[:2], *rows[-2:])]
