from __future__ import annotations

import numpy as np

from irmas_tf.evaluation.score_entries import score_entry
from irmas_tf.metrics.song_intervals import Interval
from irmas_tf.reports.report import summarize
from irmas_tf.reports.score_texts import figure_text, footer_text, headline_text, score_text
from tests.helpers.made_evaluation import multi_label_evaluation, single_label_evaluation


def test_scores_as_text() -> None:
    score = score_entry(0.5, Interval(0.25, 0.756))
    assert score_text(score) == "0.500 [0.250, 0.756]"
    assert score_text(score, 2, "  ") == "0.500  [0.25, 0.76]"
    assert score_text(score_entry(0.5, None)) == "0.500"
    assert score_text(score_entry(np.nan, None), none="-") == "-" and figure_text(None) == "–"
    assert figure_text(0.125, 2) == "0.12"


def test_headings_and_footers_are_those_of_the_summary() -> None:
    single, several = summarize(single_label_evaluation()), summarize(multi_label_evaluation())
    assert headline_text(single).startswith(f"validation: accuracy {single['accuracy']['value']:.3f} [")
    fixed = several["aggregations"]["mean"]["decisions"]["fixed"]
    assert headline_text(several).startswith(f"test: micro F1 {fixed['global']['micro_f1']['value']:.3f} [")
    assert f", macro F1 {fixed['per_class']['macro_f1']['value']:.3f} [" in headline_text(several)
    footer = footer_text(single, ("a.csv", "b.csv"))
    assert single["config_hash"] in footer and "jackknife over songs" in footer and "a.csv, b.csv beside" in footer
    assert "configuration" not in footer_text({**single, "config_hash": None}, ())
