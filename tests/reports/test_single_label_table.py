from __future__ import annotations

from irmas_tf.evaluation.single_label_summary import summarize_single_label
from irmas_tf.reports.single_label_table import format_single_label_table
from tests.helpers.made_evaluation import single_label_evaluation


def test_table_shows_scores_and_warnings() -> None:
    summary = {**summarize_single_label(single_label_evaluation()), "warnings": ["heard before"]}
    text = format_single_label_table(summary)
    assert f"{summary['accuracy']['value']:.3f}  [{summary['accuracy']['low']:.3f}" in text
    for words in ("macro F1", "acoustic guitar", "majority", "excerpts/s", "->", "note: heard before"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 120
    alone = {**summary, "accuracy": {"value": 0.5, "low": None, "high": None}}
    assert "  accuracy  0.500\n" in format_single_label_table(alone)
