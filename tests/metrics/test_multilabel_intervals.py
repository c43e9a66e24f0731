from __future__ import annotations

import time

import numpy as np
import pytest

from irmas_tf.metrics import multilabel
from irmas_tf.metrics.multilabel_intervals import SongIntervals


def _data(clips: int = 120, classes: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, scores with ties, answers and song groups of uneven size; the last class is rare."""
    rng = np.random.default_rng(seed)
    labels = rng.random([clips, classes]) < 0.3
    labels[:, -1] = False
    labels[:3, -1] = True
    scores = np.round(labels * 0.4 + rng.random([clips, classes]), 1)
    return labels, scores, scores > 0.7, np.sort(rng.integers(0, 25, clips)) * 3 - 7


def test_intervals_hold_the_figures_and_are_the_same_every_time() -> None:
    labels, scores, answers, groups = _data()
    intervals = SongIntervals(groups)
    found = intervals.decision_intervals(labels, answers) | intervals.ranking_intervals(labels, scores)
    figures = multilabel.decision_scores(labels, answers)
    for name, interval in found.items():
        value = getattr(figures, name, None)
        value = getattr(multilabel, name)(labels, scores) if value is None else value
        assert interval is not None and interval.low < value < interval.high, name
    assert SongIntervals(groups).ranking_intervals(labels, scores) == intervals.ranking_intervals(labels, scores)


def test_order_of_clips_does_not_matter() -> None:
    labels, scores, answers, groups = _data()
    order = np.random.default_rng(1).permutation(len(labels))
    first, second = SongIntervals(groups), SongIntervals(groups[order])
    for one, other in (
        (first.decision_intervals(labels, answers), second.decision_intervals(labels[order], answers[order])),
        (first.ranking_intervals(labels, scores), second.ranking_intervals(labels[order], scores[order])),
    ):
        for name in one:
            assert (one[name].low, one[name].high) == pytest.approx((other[name].low, other[name].high), abs=1e-9)


def test_unknown_labels_count_nowhere() -> None:
    """Whatever was scored or answered there; and a matrix without unknown labels is one of bool."""
    labels, scores, answers, groups = _data()
    intervals = SongIntervals(groups)
    of_bool = intervals.decision_intervals(labels, answers)
    assert intervals.decision_intervals(labels.astype(np.int8), answers) == of_bool
    partly = np.where(np.random.default_rng(1).random(labels.shape) < 0.4, -1, labels).astype(np.int8)
    other = np.where(partly < 0, 1 - answers, answers).astype(bool)
    assert intervals.decision_intervals(partly, answers) == intervals.decision_intervals(partly, other)
    shuffled = np.where(partly < 0, 1 - scores, scores)
    found = intervals.ranking_intervals(partly, scores)
    assert found == intervals.ranking_intervals(partly, shuffled)
    value = multilabel.mean_average_precision(partly, scores)
    assert found["mean_average_precision"].low < value < found["mean_average_precision"].high
    # A class by itself, over its known clips, is the same as those clips alone.
    rows = partly[:, 0] >= 0
    alone = SongIntervals(groups[rows]).class_f1_intervals(labels[rows][:, [0]], answers[rows][:, [0]])
    assert intervals.class_f1_intervals(partly, answers)[0] == pytest.approx(alone[0])


def test_a_class_that_is_absent_altogether_counts_as_in_the_figure() -> None:
    labels, scores, answers, groups = _data()
    intervals = SongIntervals(groups)
    before = intervals.decision_intervals(labels, answers) | intervals.ranking_intervals(labels, scores)
    labels, scores, answers = (np.c_[v, np.zeros(len(v), v.dtype)] for v in (labels, scores, answers))
    after = intervals.decision_intervals(labels, answers) | intervals.ranking_intervals(labels, scores)
    for name in ("macro_f1", "mean_average_precision_all_classes"):
        expected = before[name].times(5 / 6)
        assert (after[name].low, after[name].high) == pytest.approx((expected.low, expected.high))
    assert after["mean_average_precision"] == before["mean_average_precision"]
    assert intervals.class_f1_intervals(labels, answers)[5] is None


def test_one_song_gives_no_interval() -> None:
    labels, scores, answers, _ = _data()
    intervals = SongIntervals(np.zeros(len(labels)))
    assert set(intervals.decision_intervals(labels, answers).values()) == {None}
    assert set(intervals.ranking_intervals(labels, scores).values()) == {None}


def test_nobody_named_has_no_interval_of_its_precision() -> None:
    labels, *_, groups = _data()
    found = SongIntervals(groups).decision_intervals(labels, np.zeros_like(labels))
    assert found["micro_precision"] is None
    assert found["micro_recall"].low == 0 and found["macro_f1"].low == 0


def test_the_official_size_is_quick() -> None:
    rng = np.random.default_rng(0)
    labels, scores = rng.random([2874, 11]) < 0.15, rng.random([2874, 11])
    start = time.process_time()
    intervals = SongIntervals(rng.integers(0, 208, 2874))
    intervals.ranking_intervals(labels, scores)
    intervals.decision_intervals(labels, scores > 0.8)
    assert time.process_time() - start < 1
