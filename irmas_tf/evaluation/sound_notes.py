"""What is odd about the sound of evaluated files, as counts for programs and sentences for people.

Scores are not changed by it: by the protocol every clip is scored by its numbers, also a silent one, of which predict
names no class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from irmas_tf.inference.notes import SILENT, SILENT_IN_MONO, Note

Notes = Sequence[tuple[Note, ...]]
"""The notes of each file."""


def count_notes(notes: Notes) -> dict[str, int]:
    """Return code -> number of files with a note of it, the most frequent first."""
    return dict(Counter(note.code for of_file in notes for note in of_file).most_common())


def note_warnings(notes: Notes, files: Sequence[str], unit: str) -> Iterator[str]:
    """Yield a sentence for each code.

    Args:
        notes: the notes of each file.
        files: what they are called.
        unit: what a file is called, in the singular.
    """
    for code, count in count_notes(notes).items():
        first, text = next(
            (file, note.text)
            for file, of_file in zip(files, notes, strict=True)
            for note in of_file
            if note.code == code
        )
        scored = "; scored by its numbers like any other" if code in (SILENT, SILENT_IN_MONO) else ""
        yield f"{count} of {len(files)} {unit}s have the note {code}, the first {first}: {text}{scored}"
