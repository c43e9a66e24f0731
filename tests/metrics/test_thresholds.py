"""Brute force over all levels that tell scores apart is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from irmas_tf.metrics import thresholds as t
from tests.helpers import cases


def _candidates(scores: np.ndarray) -> list[float]:
    values = np.unique(scores)
    return [*values, *((values[1:] + values[:-1]) / 2), values[-1] + 1]


def _case(seed: int, clips: int = 25, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.random([clips, classes]) < 0.3
    scores = 0.4 * labels + rng.random([clips, classes])
    return labels, np.round(scores, 1) if seed % 2 else scores


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(cases(4, 100)))
def test_the_best_levels_are_those_of_brute_force(seed: int) -> None:
    labels, scores = _case(seed)
    every = [f1_score(labels, scores >= x, average="micro", zero_division=0) for x in _candidates(scores)]
    best = t.best_global(labels, scores)
    assert f1_score(labels, scores >= best, average="micro") == pytest.approx(max(every))
    of_class = t.best_per_class(labels, scores)
    for k in range(labels.shape[1]):
        if labels[:, k].any():
            every = [f1_score(labels[:, k], scores[:, k] >= x, zero_division=0) for x in _candidates(scores[:, k])]
            assert f1_score(labels[:, k], scores[:, k] >= of_class[k]) == pytest.approx(max(every))


@pytest.mark.parametrize("seed", range(cases(2, 20)))
def test_the_curve_is_what_its_levels_score(seed: int) -> None:
    labels, scores = _case(seed, classes=1)
    levels, f1 = t.f1_curve(labels, scores)
    assert len(levels) == len(np.unique(scores)) and (np.diff(levels) < 0).all()
    assert f1.tolist() == pytest.approx([f1_score(labels, scores >= x, zero_division=0) for x in levels])


def test_a_level_lies_between_scores() -> None:
    assert t.best_threshold([True, False], [0.8, 0.4]) == pytest.approx(0.6)
    assert t.best_threshold([True, True], [0.8, 0.4]) == pytest.approx(0.4)


def test_between_neighbouring_floats_the_level_is_the_higher_one() -> None:
    low = 0.3
    for _ in range(4):
        high = float(np.nextafter(low, 1))
        level = t.best_threshold([True, False], [high, low])
        assert low < level <= high
        low = high


def test_of_equal_levels_the_highest_is_taken() -> None:
    # F1 is 2/3 when only the first is named, and again when the first four are.
    labels, scores = [True, False, False, True], [0.9, 0.7, 0.5, 0.3]
    assert t.best_threshold(labels, scores) == pytest.approx(0.8)


def test_a_class_without_labels_is_never_named_or_takes_the_fallback() -> None:
    labels, scores = np.array([[True, False]] * 3), np.random.default_rng(0).random([3, 2])
    assert t.best_per_class(labels, scores)[1] == np.inf
    assert t.best_per_class(labels, scores, fallback=0.25)[1] == 0.25
    assert not t.decide(scores, t.best_per_class(labels, scores))[:, 1].any()
    assert t.best_global(np.zeros([3, 2]), scores) == np.inf


def test_a_score_at_the_level_names_its_class() -> None:
    assert t.decide([[0.5, 0.4]], 0.5).tolist() == [[True, False]]
    assert t.decide([[0.5, 0.4]], [0.6, 0.4]).tolist() == [[False, True]]


def test_counts_at_levels_in_any_order() -> None:
    labels, scores = _case(1)
    levels = np.array([0.7, 0.1, 2.0, -1.0, 0.5])
    hits, named = t.counts_at(labels, scores, levels)
    assert hits.shape == named.shape == (5, 4)
    for row, level in enumerate(levels):
        np.testing.assert_array_equal(named[row], (scores >= level).sum(axis=0))
        np.testing.assert_array_equal(hits[row], ((scores >= level) & labels).sum(axis=0))


@pytest.mark.parametrize(
    ("labels", "scores", "words"),
    [([True], [0.1, 0.2], "1 labels and 2 scores"), ([], [], "at least one"), ([True], [np.nan], "finite")],
)
def test_what_has_no_curve_is_refused(labels: list[bool], scores: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        t.f1_curve(labels, scores)
