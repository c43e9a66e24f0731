from __future__ import annotations

from irmas_tf.evaluation.sound_notes import count_notes, note_warnings
from irmas_tf.inference.notes import Note

SILENT, SHORT = Note("silent", "is silent"), Note("short", "lasts .1 s")


def test_notes_are_counted_and_told_with_the_first_file() -> None:
    notes = [(), (SHORT,), (SILENT, SHORT)]
    assert count_notes(notes) == {"short": 2, "silent": 1} and count_notes([]) == {}
    short, silent = note_warnings(notes, ["a", "b", "c"], "clip")
    assert short == "2 of 3 clips have the note short, the first b: lasts .1 s"
    assert silent.startswith("1 of 3 clips have the note silent, the first c: is silent; scored")
    assert list(note_warnings([(), ()], ["a", "b"], "clip")) == []
