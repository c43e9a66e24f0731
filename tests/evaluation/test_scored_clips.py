from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.evaluation import scored_clips as s
from irmas_tf.metrics.multilabel import decision_scores

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


def test_three_parts_are_the_folds() -> None:
    groups, parts = np.array([5, 5, 2, 9, 9]), np.array([2, 2, 1, 3, 3])
    found = s.song_folds(groups, parts)
    assert found is not None
    assert found[0].tolist() == [1, 1, 0, 2, 2] and found[1] == ("Part1", "Part2", "Part3")
    assert found[2] == "the two other Parts"


def test_a_song_in_two_parts_stays_whole() -> None:
    groups, parts = np.array([1, 1, 2, 3]), np.array([1, 2, 2, 3])
    found = s.song_folds(groups, parts)
    assert found is not None and found[0].tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("parts", [[0] * 20, [1] * 20, [1, 2] * 10])
def test_without_all_parts_songs_are_dealt_out_evenly(parts: list[int]) -> None:
    groups = np.array([7] * 6 + [1] * 4 + [2] * 4 + [3] * 3 + [4] * 2 + [5])
    found = s.song_folds(groups, np.array(parts))
    assert found is not None
    fold, names, words = found
    assert len(names) == 3 and "not all three Parts" in words
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


def test_nothing_beats_the_oracle() -> None:
    clips = _clips([k // 4 for k in range(40)], seed=3)
    scores = clips.scores["mean"]
    best = {level: decision_scores(clips.labels, s.oracle(clips, "mean", level).answers(scores)) for level in s.LEVELS}
    for level in np.linspace(0, 1, 101):
        assert decision_scores(clips.labels, scores >= level).micro_f1 <= best[s.GLOBAL].micro_f1 + 1e-12
    tuned = s.tuned_on_other_songs(clips, "mean", s.PER_CLASS)
    assert tuned is not None
    assert decision_scores(clips.labels, tuned.answers(scores)).macro_f1 <= best[s.PER_CLASS].macro_f1


def test_a_class_without_labels_takes_the_global_level_and_the_oracle_never_names_it() -> None:
    clips = _clips([k // 4 for k in range(20)])
    clips.labels[:, 2] = False
    scores = clips.scores["mean"]
    levels = s.optimal(clips.labels, scores, s.PER_CLASS)
    assert levels[2] == s.optimal(clips.labels, scores, s.GLOBAL)[0]
    assert s.oracle(clips, "mean", s.PER_CLASS).thresholds[0, 2] == np.inf


def test_regimes_and_levels_have_words() -> None:
    assert set(s.REGIME_WORDS) == set(s.REGIMES)
    assert _clips([3, 3, 8]).songs == 2 and len(_clips([1, 2])) == 2
