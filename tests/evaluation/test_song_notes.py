from __future__ import annotations

import numpy as np

from irmas_tf.evaluation.song_notes import song_groups, song_notes


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
