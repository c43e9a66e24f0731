from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from irmas_tf.metrics import bootstrap as b

STATISTICS = {"accuracy": b.accuracy_of, "macro_f1": b.macro_f1_of}


def _data(songs: int = 300, classes: int = 11, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Songs of 1-3 excerpts of one class; a song is wholly right or wholly wrong."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, songs)
    label = rng.integers(0, classes, songs)
    answer = np.where(rng.random(songs) < 0.7, label, rng.integers(0, classes, songs))
    return np.repeat(label, sizes), np.repeat(answer, sizes), np.repeat(np.arange(songs) * 7 - 20, sizes)


def test_statistics_agree_with_sklearn() -> None:
    labels, predicted, groups = _data()
    total = b.group_confusions(labels, predicted, groups, 12).sum(axis=0)
    assert b.accuracy_of(total) == pytest.approx(accuracy_score(labels, predicted))
    sklearn_f1 = f1_score(labels, predicted, labels=range(12), average="macro", zero_division=0)
    assert b.macro_f1_of(total) == pytest.approx(sklearn_f1)


def test_group_confusions_add_up_per_group() -> None:
    counts = b.group_confusions(np.array([0, 1, 0]), np.array([1, 1, 0]), [5, -2, 5], 2)
    np.testing.assert_array_equal(counts, [[[0, 0], [0, 1]], [[1, 1], [0, 0]]])


def test_intervals_agree_with_a_loop_that_draws_songs() -> None:
    labels, predicted, groups = _data(songs=80, classes=4)
    confusions = b.group_confusions(labels, predicted, groups, 4)
    ours = b.bootstrap_intervals(confusions, STATISTICS, replicates=4000)
    rng = np.random.default_rng(1)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    slow: dict[str, list[float]] = {"accuracy": [], "macro_f1": []}
    for _ in range(1000):
        drawn = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        total = b.group_confusions(labels[drawn], predicted[drawn], np.zeros(len(drawn)), 4).sum(axis=0)
        slow["accuracy"].append(b.accuracy_of(total))
        slow["macro_f1"].append(b.macro_f1_of(total))
    for name, values in slow.items():
        low, high = np.quantile(values, [0.025, 0.975])
        assert ours[name].low == pytest.approx(low, abs=0.015)
        assert ours[name].high == pytest.approx(high, abs=0.015)


def test_songs_give_wider_intervals_than_excerpts() -> None:
    labels, predicted, groups = _data()
    by_song = b.bootstrap_intervals(b.group_confusions(labels, predicted, groups, 11), STATISTICS)["accuracy"]
    alone = b.group_confusions(labels, predicted, np.arange(len(labels)), 11)
    by_excerpt = b.bootstrap_intervals(alone, STATISTICS)["accuracy"]
    assert by_song.high - by_song.low > 1.2 * (by_excerpt.high - by_excerpt.low)


def test_coverage_of_the_true_accuracy() -> None:
    hits = 0
    for seed in range(200):
        labels, predicted, groups = _data(songs=150, classes=5, seed=seed)
        interval = b.bootstrap_intervals(
            b.group_confusions(labels, predicted, groups, 5), STATISTICS, replicates=300, seed=seed
        )["accuracy"]
        hits += interval.low <= 0.7 + 0.3 / 5 <= interval.high
    assert 0.90 <= hits / 200 <= 0.985


def test_same_seed_same_interval_and_seeds_differ() -> None:
    confusions = b.group_confusions(*_data(), 11)
    first = b.bootstrap_intervals(confusions, STATISTICS, seed=3)
    assert first == b.bootstrap_intervals(confusions, STATISTICS, seed=3)
    assert first != b.bootstrap_intervals(confusions, STATISTICS, seed=4)


def test_perfect_answers_have_a_point_interval() -> None:
    labels, _, groups = _data()
    interval = b.bootstrap_intervals(b.group_confusions(labels, labels, groups, 11), STATISTICS)["accuracy"]
    assert (interval.low, interval.high) == (1.0, 1.0)


def test_one_song_has_no_interval() -> None:
    confusions = b.group_confusions(np.array([0, 1]), np.array([0, 0]), [1, 1], 2)
    assert b.bootstrap_intervals(confusions, STATISTICS) == {"accuracy": None, "macro_f1": None}


def test_a_thousand_replicates_of_the_training_set_are_quick() -> None:
    confusions = b.group_confusions(*_data(songs=2261), 11)
    start = time.process_time()
    b.bootstrap_intervals(confusions, STATISTICS, replicates=1000)
    assert time.process_time() - start < 1.0


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="one length"):
        b.group_confusions(np.array([0, 1]), np.array([0, 1]), [1], 2)
