from __future__ import annotations

import numpy as np

from irmas_tf.evaluation.score_entries import interval_entry, score_entry
from irmas_tf.metrics.song_intervals import Interval


def test_scores_are_plain_numbers_or_none() -> None:
    score = score_entry(np.float64(0.5), Interval(0.25, 0.75))
    assert score == {"value": 0.5, "low": 0.25, "high": 0.75} and type(score["value"]) is float
    assert score_entry(float("nan"), None) == {"value": None, "low": None, "high": None}
    assert interval_entry()["confidence"] == 0.95 and "over songs" in interval_entry()["method"]
