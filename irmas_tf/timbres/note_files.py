"""Instruments as folders of recorded notes, a file per note named by its pitch: ``violin/A3.wav``, ``sax/Fs4.mp3``.

So are the sample sets of many players on the web: npm's tonejs-instrument packages, for one, whose recordings come from
VSCO 2, Karoryfer, the University of Iowa and Freesound. What a file is called is not always what it sounds (a cello's
As4 is a B4 there), so pitches are measured.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from irmas_tf.timbres.notes import DRUM_BANK
from irmas_tf.timbres.zones import SoundFontError, Zone, spread_zones

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
# Words of a folder's name, all of which must be there, and its General MIDI program; the first that fits counts.
PROGRAMS: tuple[tuple[str, int], ...] = (
    ("bass electric", 33), ("electric guitar", 27), ("nylon guitar", 24), ("acoustic guitar", 25), ("french horn", 60),
    ("pipe organ", 19), ("bassoon", 70), ("contrabass", 43), ("cello", 42), ("clarinet", 71), ("flute", 73),
    ("harmonium", 20), ("harp", 46), ("organ", 19), ("piano", 0), ("saxophone", 65), ("trombone", 57), ("trumpet", 56),
    ("tuba", 58), ("violin", 40), ("xylophone", 13),
)  # fmt: skip
_NOTE = re.compile(r"^([A-G])(s|#|b)?(-?\d)$")
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_LONGEST_SECONDS = 12.0  # what one note of a song lasts at most
_SILENT = 0.01  # of the peak: what is quieter before a note's beginning is cut off
_OFF_CENTS = 150.0  # a note that is farther from its name is taken at its name
_CLEAR = 0.5  # of the autocorrelation at 0: what repeats less has no pitch near its name
_RELEASE_SECONDS = 0.5  # of a fall by 100 dB: a player's hand, and the room


def key_of(stem: str) -> int | None:
    """Return the MIDI key of a note's name (C4 is 60, Fs4 and F#4 are 66), None for other text."""
    found = _NOTE.match(stem)
    if found is None:
        return None
    letter, accidental, octave = found.groups()
    return 12 * (int(octave) + 1) + _SEMITONES[letter] + {"s": 1, "#": 1, "b": -1}.get(accidental or "", 0)


def program_of(folder: str) -> int | None:
    """Return the General MIDI program of a folder's name, None if it names no instrument that is known."""
    words = set(re.split(r"[^a-z]+", folder.lower()))
    return next((program for names, program in PROGRAMS if set(names.split()) <= words), None)


def cents_off(wave: np.ndarray, rate_hz: int, key: float) -> float:
    """Return how many cents a note sounds above ``key``, by the best mean autocorrelation of its first eight periods.

    Args:
        wave: float32 [n], from the note's beginning.
        rate_hz: its rate.
        key: MIDI number.
    """
    part = wave[int(0.15 * rate_hz) :][:16384]
    frequency = 440.0 * 2.0 ** ((key - 69.0) / 12.0)
    if len(part) < 4.0 * rate_hz / frequency:
        return 0.0
    spectrum = np.fft.rfft((part - part.mean()) * np.hanning(len(part)), 4 * len(part))
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)
    # At several periods at once: at one of them alone, a sound an octave higher repeats in wrong places as well.
    periods = np.arange(1, 1 + max(1, min(8, int(0.25 * len(part) * frequency / rate_hz))))
    cents = np.arange(-_OFF_CENTS, _OFF_CENTS + 1.0)
    lags = periods[:, np.newaxis] * rate_hz / frequency * 2.0 ** (-cents / 1200.0)
    heard = np.interp(lags, np.arange(len(part)), likeness[: len(part)]).mean(axis=0)
    best = int(heard.argmax())
    clear = heard[best] > _CLEAR * likeness[0]
    return float(cents[best]) if clear and 0 < best < len(cents) - 1 else 0.0


class NoteFolder:
    """Folders of recorded notes under one folder, each an instrument by its name.

    Args:
        path: folder, searched with its subfolders.

    Attributes:
        path: the folder.

    Raises:
        SoundFontError: there is no note.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._files: dict[int, dict[int, Path]] = {}
        for file in note_files(self.path):
            program, key = program_of(file.parent.name), key_of(file.stem)
            if program is not None and key is not None:
                self._files.setdefault(program, {}).setdefault(key, file)
        if not self._files:
            raise SoundFontError(
                f"{path}: no recorded notes in it; name a folder with instruments in folders of their own, such as"
                " violin/A3.wav"
            )
        self._zones: dict[int, list[Zone]] = {}
        self._waves: list[np.ndarray] = []

    def zones(self, bank: int, program: int) -> list[Zone]:
        """Return every zone of a preset; there are no drums.

        Raises:
            SoundFontError: a note cannot be read; the message names the file.
        """
        if bank == DRUM_BANK or program not in self._files:
            return []
        if program not in self._zones:
            keys = sorted(self._files[program].items())
            self._zones[program] = spread_zones([self._read(file, key) for key, file in keys])
        return self._zones[program]

    def _read(self, file: Path, key: int) -> Zone:
        import soundfile

        try:
            with soundfile.SoundFile(file) as sound:
                rate_hz = int(sound.samplerate)
                audio = sound.read(int(_LONGEST_SECONDS * rate_hz), dtype="float32", always_2d=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise SoundFontError(f"{file}: cannot be read as audio ({error}); copy or install it again") from error
        wave = audio.mean(axis=1)
        loud = np.flatnonzero(np.abs(wave) > _SILENT * np.abs(wave).max(initial=0.0))
        if len(loud) < 8:
            raise SoundFontError(f"{file}: no sound in it; copy or install it again")
        wave = wave[max(0, int(loud[0]) - rate_hz // 500) :]
        self._waves.append(np.round(wave * 32767.0).astype(np.int16))
        return Zone(
            sample=len(self._waves) - 1,
            start=0,
            end=len(wave),
            loop=None,
            rate_hz=rate_hz,
            root_key=key + cents_off(wave, rate_hz, key) / 100.0,
            release_seconds=_RELEASE_SECONDS,
        )

    def samples(self, zone: Zone) -> np.ndarray:
        """Return a zone's sample data, float32 in [-1, 1]."""
        return self._waves[zone.sample] * np.float32(1.0 / 32767.0)


def note_files(folder: Path) -> list[Path]:
    """Return the files under a folder that are named like notes, sorted; of npm's packages, those of tonejs only."""
    places = sorted(folder.glob("tonejs-instrument-*")) if folder.name == "node_modules" else [folder]
    found = [file for place in places for file in place.rglob("*")]
    return sorted(f for f in found if f.suffix.lower() in SUFFIXES and key_of(f.stem) is not None)
