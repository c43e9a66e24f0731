from __future__ import annotations

import numpy as np

from irmas_tf.evaluation.song_notes import interval_notes, song_groups, song_notes


def test_numbers_stay_what_they_are_and_names_become_numbers():
    assert song_groups(("10", "2", "10")).tolist() == [10, 2, 10]
    assert song_groups(("b", "a", "b")).tolist() == [1, 0, 1]
    assert song_groups(("1", "1234567890", "1")).tolist() == [0, 1, 0], "too long for a number"


def test_what_makes_intervals_wrong_is_said():
    assert song_notes(np.array([0, 0, 1]), "look again") == []
    (note,) = song_notes(np.arange(3), "look again")
    assert "every clip is a song of its own" in note and note.endswith("; look again")
    assert song_notes(np.zeros(3, int), "look again") == ["all 3 clips belong to one song; look again if they are not"]
    assert song_notes(np.zeros(1, int), "") == []


def test_why_intervals_are_not_to_be_trusted_is_said():
    labels = np.zeros([60, 3], bool)
    labels[:, 0] = labels[:30, 1] = labels[58:, 2] = True
    assert list(interval_notes(np.zeros(60, int), labels, "abc")) == ["one song only: no interval can be given"]
    few, lone = interval_notes(np.repeat(np.arange(6), 10), labels, "abc")
    assert few.startswith("only 6 songs") and lone.startswith("a single song holds c:")
    (few_clips,) = interval_notes(np.arange(60), labels, "abc", ranked=True)
    assert few_clips.startswith("fewer than 5 clips are labelled c:")
    assert list(interval_notes(np.arange(60), labels[:, :2], "ab", ranked=True)) == []
    (many,) = interval_notes(np.arange(20), np.eye(20, dtype=bool), list(map(str, range(20))))
    assert "holds 0, 1, 2, 3, 4, 5, 6, 7 and 12 more:" in many
