"""What is played: notes as composed and performed, and what renders them must offer."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

DRUM_BANK = 128


@dataclasses.dataclass(slots=True)
class Note:
    """One sounding note. Times in seconds from the start of the song.

    Attributes:
        start, duration: note-on and how long it is held; the release follows.
        key: MIDI number. On drum parts, the drum.
        velocity: 1 to 127; loudness follows (velocity/127)^2 and brightness rises with it.
        bend: pitch curve, (seconds after note-on, cents) points, linear between them (a pitch wheel).
        vibrato: (cents either way, Hz, seconds of delay), or None (a modulation wheel).
        swell: gains at note-on, middle and end (an expression pedal), or None.
        attack: seconds of fade-in added to the instrument's own (soft tonguing, bow start).
        vowel: formants of a sung note, its vowel and the consonant before it; empty for instruments.
    """

    start: float
    duration: float
    key: int
    velocity: int
    bend: tuple[tuple[float, float], ...] = ()
    vibrato: tuple[float, float, float] | None = None
    swell: tuple[float, float, float] | None = None
    attack: float = 0.0
    vowel: str = ""

    @property
    def end(self) -> float:
        """Time of the note-off."""
        return self.start + self.duration


class Player(Protocol):
    """Plays one part of one song: the same timbre, or timbres that belong together, from its first note to its last.

    Attributes:
        sings: the notes' vowels are sung; otherwise the renderer gives them formants.
    """

    sings: bool

    def release_seconds(self, bank: int, program: int, key: int) -> float:
        """Return how long a note may sound after its end."""

    def one_shot_seconds(self, bank: int, program: int, key: int) -> float:
        """Return how long a note sounds whose end is ignored (drums)."""

    def play(
        self,
        bank: int,
        program: int,
        note: Note,
        tuning_cents: float = 0.0,
        seconds: float | None = None,
        one_shot: bool = False,
    ) -> np.ndarray:
        """Return one note, mono float32 from its note-on to the end of its release, ``seconds`` at most.

        The answer depends on the part's seed and on the note alone (its start included), never on what was played
        before.
        """

    def finish(self, stem: np.ndarray, drive: float) -> np.ndarray:
        """Return a stretch of the whole part as the room hears it: through its amplifier, if it has one."""


class Ensemble(Protocol):
    """Finds who plays a part."""

    def player(self, seed: str, role: str, bank: int, program: int, code: str) -> Player:
        """Return the player of a part.

        Args:
            seed: text that differs from song to song and from part to part; the same text, the same sound.
            role: lead, bass, chords, pad or drums.
            bank, program: General MIDI preset.
            code: IRMAS code of a part that carries a label, else empty.
        """


def overdrive(stem: np.ndarray, drive: float) -> np.ndarray:
    """Return a part through a soft clipper at its own level, float32; ``drive`` 0 leaves it as it is."""
    if drive <= 0:
        return stem
    level = float(np.sqrt(np.mean(stem**2))) + 1e-6
    return np.tanh(stem * np.float32(0.35 * (1 + drive) / level)) * np.float32(level)
