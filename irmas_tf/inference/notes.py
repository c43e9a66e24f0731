"""Notes on an answer: what is odd about the sound, and what that does to the answer.

A note has a code for programs, which stays, and a sentence for people. Codes: `SILENT`, `SILENT_IN_MONO`,
`PARTLY_SILENT`, `SCALE`, `SHORT`, `NARROW_BAND`, `INCOMPLETE`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from irmas_tf.audio.heard import Heard
from irmas_tf.audio.silence import SILENCE_DBFS
from irmas_tf.config.audio import AudioConfig

SILENT, SILENT_IN_MONO, PARTLY_SILENT = "silent", "silent_in_mono", "partly_silent"
OF_SILENCE = (SILENT, SILENT_IN_MONO, PARTLY_SILENT)
SCALE, SHORT, NARROW_BAND, INCOMPLETE = "scale", "short", "narrow_band", "incomplete"

LOUDEST_PEAK = 8.0
"""Greatest sample that is not remarked on: factors of 2 to 4 above full scale change no answer, one of 128 does."""
LEAST_WINDOWS = 0.1
"""Length below which a clip is short, in windows of the model."""
LEAST_BAND = 0.5
"""Stored rate from which on a file's band is not remarked on, as a part of the model's rate."""

# Above these peaks, samples look like integers of so many bits; a recording seldom stays 40 dB below its full scale.
_INTEGERS = ((2.0**24, 32), (2.0**17, 24), (2.0**8, 16))


@dataclasses.dataclass(frozen=True)
class Note:
    """Something odd about a sound.

    Attributes:
        code: for programs.
        text: for people; one line, without the name of the file.
    """

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


def clip_notes(
    heard: Heard, seconds: float, silent: np.ndarray, audio: AudioConfig, dbfs: float = SILENCE_DBFS
) -> tuple[Note, ...]:
    """Return the notes on a clip of which all has been heard.

    Args:
        heard: what was met while it was decoded.
        seconds: its length.
        silent: [windows] bool, which of its windows are silent.
        audio: the model's rate and window.
        dbfs: the level below which a window was silent.
    """
    return (*silence_notes(heard, silent, dbfs), *sound_notes(heard, seconds, audio))


def silence_notes(heard: Heard, silent: np.ndarray, dbfs: float = SILENCE_DBFS) -> tuple[Note, ...]:
    """Return what is to be said of silent windows (see `clip_notes`)."""
    count, windows = int(np.count_nonzero(silent)), len(silent)
    if not count:
        return ()
    if count < windows:
        are, do = ("is", "does") if count == 1 else ("are", "do")
        text = f"{count} of {windows} windows {are} silent (below {dbfs:g} dBFS) and {do} not count"
        return (Note(PARTLY_SILENT, text),)
    if heard.channels_cancel:
        text = (
            f"the channels cancel each other: their mean, which the model hears, is silent (below {dbfs:g} dBFS), so"
            " no class is named; take one channel, or invert one"
        )
        return (Note(SILENT_IN_MONO, text),)
    return (Note(SILENT, f"is silent (below {dbfs:g} dBFS), so no class is named"),)


def sound_notes(heard: Heard, seconds: float, audio: AudioConfig | None) -> tuple[Note, ...]:
    """Return what is to be said of a clip besides silence (see `clip_notes`), less if the model's audio is unknown."""
    notes = []
    if heard.peak > LOUDEST_PEAK:
        notes.append(Note(SCALE, _scale_text(heard.peak)))
    if audio is not None and seconds < LEAST_WINDOWS * audio.window_seconds:
        length = f"{1000 * seconds:.3g} ms" if seconds >= 0.001 else "less than 1 ms"
        text = f"lasts {length}, a window of the model {audio.window_seconds:g} s: most of what it hears is padding"
        notes.append(Note(SHORT, text))
    if audio is not None and 0 < heard.rate_hz <= LEAST_BAND * audio.sample_rate_hz:
        text = (
            f"has a rate of {heard.rate_hz:,} Hz: it holds nothing above {heard.rate_hz // 2:,} Hz, and the model hears"
            f" up to {audio.sample_rate_hz // 2:,} Hz"
        )
        notes.append(Note(NARROW_BAND, text))
    notes += [Note(INCOMPLETE, " ".join(problem.split())) for problem in dict.fromkeys(heard.problems)]
    return tuple(notes)


def is_silent(notes: Iterable[Note]) -> bool:
    """Return whether notes say that all of a clip is silent, so that it names no class."""
    return any(note.code in (SILENT, SILENT_IN_MONO) for note in notes)


def note_objects(notes: Iterable[Note]) -> list[dict[str, str]]:
    """Return notes as JSON has them."""
    return [{"code": note.code, "text": note.text} for note in notes]


def _scale_text(peak: float) -> str:
    reaches = f"samples reach {peak:,.0f} where full scale is 1.0"
    for least, bits in _INTEGERS:
        if peak >= least:
            return f"{reaches}, as {bits}-bit integers stored as floats do: divide by {2 ** (bits - 1)}"
    return f"{reaches}: scale them down"
