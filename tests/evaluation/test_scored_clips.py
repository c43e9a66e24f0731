from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from irmas_tf.datasets.irmas_counts import TESTING_CLIPS
from irmas_tf.evaluation import scored_clips as s
from irmas_tf.metrics.multilabel import decision_scores, macro_f1, micro_f1

CODES = ("a", "b", "c")


def _clips(groups: list[int], parts: list[int] | None = None, seed: int = 0) -> s.ScoredClips:
    rng = np.random.default_rng(seed)
    n = len(groups)
    labels = rng.random([n, 3]) < 0.4
    return s.ScoredClips(
        codes=CODES,
        names=CODES,
        files=tuple(map(str, range(n))),
        groups=np.array(groups),
        parts=np.array(parts or [0] * n),
        labels=labels,
        scores={"mean": np.clip(0.3 * labels + 0.7 * rng.random([n, 3]), 0, 1)},
    )


def _official_parts() -> np.ndarray:
    return np.repeat(list(TESTING_CLIPS), list(TESTING_CLIPS.values()))


def test_three_complete_parts_are_the_folds() -> None:
    parts = _official_parts()
    found = s.song_folds(np.arange(len(parts)) // 14 * 3 + parts, parts)
    assert found is not None
    assert found[0].tolist() == (parts - 1).tolist() and found[1] == ("Part1", "Part2", "Part3")
    assert found[2] == "the two other Parts"


def test_a_song_in_two_parts_stays_whole() -> None:
    parts = _official_parts()
    groups = np.arange(len(parts))
    groups[-1] = groups[0]
    found = s.song_folds(groups, parts)
    assert found is not None and found[0][[0, -1, -2]].tolist() == [0, 0, 2]


def test_parts_without_their_duplicates_are_complete_and_parts_without_a_clip_are_not() -> None:
    parts = _official_parts()[3:]
    groups = np.arange(len(parts))
    found = s.song_folds(groups, parts, dict(TESTING_CLIPS))
    assert found is not None and found[1] == ("Part1", "Part2", "Part3")
    found = s.song_folds(groups, parts)
    assert found is not None and found[1] == ("songs 1/3", "songs 2/3", "songs 3/3")
    assert "not the official Parts: Part1: 804 of 807, Part2: 1301 of 1301, Part3: 766 of 766 clips" in found[2]
    found = s.song_folds(groups, parts, {**TESTING_CLIPS, 0: 2})
    assert found is not None and "766 of 766, 2 of no Part clips" in found[2]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([0] * 20, "the Parts are not known"),
        ([1] * 20, "not the official Parts: Part1: 20 of 807, Part2: 0 of 1301"),
        ([1, 2] * 10, "Part1: 10 of 807, Part2: 10 of 1301, Part3: 0 of 766 clips"),
        ([1] + [2] * 18 + [3], "Part1: 1 of 807, Part2: 18 of 1301, Part3: 1 of 766 clips"),
    ],
)
def test_without_all_parts_whole_songs_are_dealt_out_evenly(parts: list[int], why: str) -> None:
    groups = np.array([7] * 6 + [1] * 4 + [2] * 4 + [3] * 3 + [4] * 2 + [5])
    found = s.song_folds(groups, np.array(parts))
    assert found is not None
    fold, names, words = found
    assert len(names) == 3 and why in words
    for group in np.unique(groups):
        assert len(set(fold[groups == group])) == 1, "a song is never split"
    sizes = np.bincount(fold)
    assert len(sizes) == 3 and sizes.min() >= 6


def test_two_songs_make_two_folds_and_one_none() -> None:
    found = s.song_folds(np.array([4, 4, 8]), np.zeros(3, int))
    assert found is not None and len(found[1]) == 2
    assert s.song_folds(np.array([4, 4]), np.zeros(2, int)) is None
    assert s.tuned_on_other_songs(_clips([1, 1, 1]), "mean", s.GLOBAL) is None


@pytest.mark.parametrize("level", s.LEVELS)
def test_levels_tuned_on_other_songs_do_not_see_their_own(level: str) -> None:
    clips = _clips([k // 4 for k in range(36)])
    before = s.tuned_on_other_songs(clips, "mean", level)
    assert before is not None and before.fold is not None
    changed = clips.labels.copy()
    mine = before.fold == 1
    changed[mine] = ~changed[mine]
    after = s.tuned_on_other_songs(s.ScoredClips(**{**clips.__dict__, "labels": changed}), "mean", level)
    assert after is not None
    np.testing.assert_array_equal(before.thresholds[1], after.thresholds[1])
    assert not np.array_equal(before.thresholds[[0, 2]], after.thresholds[[0, 2]])
    for k in range(3):
        others = before.fold != k
        expected = s.optimal(clips.labels[others], clips.scores["mean"][others], level)
        np.testing.assert_array_equal(before.thresholds[k], expected)


def test_answers_use_the_levels_of_the_clips_own_fold() -> None:
    decision = s.Decision(
        s.OTHER_SONGS, s.PER_CLASS, "", np.array([[0.1, 0.5, 0.9], [0.6, 0.6, 0.6]]), np.array([1, 0]), ("x", "y")
    )
    assert decision.answers(np.full([2, 3], 0.5)).tolist() == [[False] * 3, [True, True, False]]
    assert s.fixed(0.5, s.GLOBAL, "", 3).answers(np.array([[0.4, 0.5, 0.6]])).tolist() == [[False, True, True]]


@pytest.mark.parametrize("seed", range(8))
def test_an_oracle_bounds_what_it_was_chosen_for(seed: int) -> None:
    clips = _clips([k // 4 for k in range(40)], seed=seed)
    scores, labels = clips.scores["mean"], clips.labels
    best = {level: decision_scores(labels, s.oracle(clips, "mean", level).answers(scores)) for level in s.LEVELS}
    for level in np.linspace(0, 1, 101):
        assert micro_f1(labels, scores >= level) <= best[s.GLOBAL].micro_f1 + 1e-12
        assert macro_f1(labels, scores >= level) <= best[s.PER_CLASS].macro_f1 + 1e-12
    for levels in np.random.default_rng(seed).random([300, 3]):
        assert macro_f1(labels, scores >= levels) <= best[s.PER_CLASS].macro_f1 + 1e-12


def test_an_oracle_bounds_nothing_else() -> None:
    """Neither oracle bounds the other's figure, and levels that differ between songs pass both."""
    truth = np.array([[1, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 0]], bool)
    scores = np.array([[0.9, 0.5, 0.2], [0.8, 0.4, 0.1], [0.4, 0.9, 0.6], [0.3, 0.8, 0.5]])
    clips = dataclasses.replace(_clips([0, 0, 1, 1]), labels=truth, scores={"mean": scores})
    best = {level: decision_scores(truth, s.oracle(clips, "mean", level).answers(scores)) for level in s.LEVELS}
    assert best[s.PER_CLASS].micro_f1 > best[s.GLOBAL].micro_f1
    by_song = s.Decision(
        s.OTHER_SONGS, s.PER_CLASS, "", np.array([[0.85, 0.45, 0.15], [0.35, 0.85, 0.55]]), np.array([0, 0, 1, 1])
    )
    found = decision_scores(truth, by_song.answers(scores))
    assert found.micro_f1 == found.macro_f1 == 1 > max(best[s.PER_CLASS].macro_f1, best[s.PER_CLASS].micro_f1)
    # Levels a class for the highest F1 of each need not be the best for micro F1: here a class is named everywhere for
    # the sake of its own F1, and its many wrong answers count in the micro F1.
    rare = np.zeros([20, 2], bool)
    rare[:10, 0] = True
    rare[19, 1] = True
    scores = np.stack([np.linspace(1, 0.1, 20), np.linspace(1, 0.1, 20) / 20], axis=1)
    clips = dataclasses.replace(
        _clips(list(range(20))), codes=("a", "b"), names=("a", "b"), labels=rare, scores={"mean": scores}
    )
    best = {level: decision_scores(rare, s.oracle(clips, "mean", level).answers(scores)) for level in s.LEVELS}
    assert best[s.PER_CLASS].macro_f1 > best[s.GLOBAL].macro_f1
    assert best[s.PER_CLASS].micro_f1 < best[s.GLOBAL].micro_f1


def test_a_class_without_labels_takes_the_global_level_and_the_oracle_never_names_it() -> None:
    clips = _clips([k // 4 for k in range(20)])
    clips.labels[:, 2] = False
    scores = clips.scores["mean"]
    levels = s.optimal(clips.labels, scores, s.PER_CLASS)
    assert levels[2] == s.optimal(clips.labels, scores, s.GLOBAL)[0]
    assert s.oracle(clips, "mean", s.PER_CLASS).thresholds[0, 2] == np.inf


def test_regimes_and_levels_have_words() -> None:
    assert set(s.REGIME_WORDS) == set(s.REGIMES) and set(s.LEVEL_WORDS) == set(s.LEVELS)
    assert _clips([3, 3, 8]).songs == 2 and len(_clips([1, 2])) == 2
