"""Keys, chords, genres and time: the frame a song's parts are written into."""

from __future__ import annotations

import bisect
import dataclasses
import functools
import random
import re

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "minor_pentatonic": (0, 3, 5, 7, 10),
    "major_pentatonic": (0, 2, 4, 7, 9),
}
_NUMERALS = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
# fmt: off
_QUALITIES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {  # suffix -> (major numeral, minor numeral)
    "": ((0, 4, 7), (0, 3, 7)), "7": ((0, 4, 7, 10), (0, 3, 7, 10)), "M7": ((0, 4, 7, 11), (0, 3, 7, 11)),
    "9": ((0, 4, 7, 10, 14), (0, 3, 7, 10, 14)), "6": ((0, 4, 7, 9), (0, 3, 7, 9)), "o": ((0, 3, 6), (0, 3, 6)),
    "o7": ((0, 3, 6, 9), (0, 3, 6, 9)), "h7": ((0, 3, 6, 10), (0, 3, 6, 10)), "sus4": ((0, 5, 7), (0, 5, 7)),
    "add9": ((0, 4, 7, 14), (0, 3, 7, 14)), "5": ((0, 7), (0, 7)),
}
# fmt: on


@dataclasses.dataclass(frozen=True)
class Chord:
    """A chord with its place in the song, in beats."""

    root: int
    intervals: tuple[int, ...]
    start: float
    length: float

    @functools.cached_property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes, root first."""
        return tuple((self.root + i) % 12 for i in self.intervals)


@dataclasses.dataclass(frozen=True)
class Genre:
    """What songs of one IRMAS genre have in common.

    ``progressions`` are (mode, numerals, weight); ``beats_per_chord`` the lengths a chord may have.
    """

    code: str
    tempo_bpm: tuple[float, float]
    metres: tuple[tuple[int, float], ...]
    progressions: tuple[tuple[str, str, float], ...]
    swing: tuple[float, float]
    straight_share: float
    drums_share: float
    rubato: float


# fmt: off
GENRES: dict[str, Genre] = {g.code: g for g in (
    Genre("cla", (56, 138), ((4, .6), (3, .4)), (
        ("major", "I IV V I", 1), ("major", "I V vi iii IV I ii V7", 1), ("major", "I vi ii V7", 1),
        ("major", "I ii V7 I IV ii V I", 1), ("minor", "i iv V7 i", 1), ("minor", "i bVI bIII V", .7),
        ("minor", "i V7 i bVII bIII iv V7 i", 1), ("minor", "i iv bVII bIII bVI iih7 V7 i", 1),
        ("major", "I I V7 V7 V7 V7 I I", .6)), (.5, .5), 1.0, 0.0, .05),
    Genre("pop_roc", (72, 148), ((4, .94), (3, .06)), (
        ("major", "I V vi IV", 1), ("major", "vi IV I V", 1), ("major", "I vi IV V", .8), ("major", "I IV vi V", .7),
        ("minor", "i bVI bIII bVII", 1), ("minor", "i bVII bVI bVII", .8), ("minor", "i iv bVI V", .6),
        ("mixolydian", "I bVII IV I", .8), ("dorian", "i IV i IV", .5), ("major", "I iii IV iv", .4),
        ("major", "Iadd9 V6 vi7 IVM7", .4)), (.5, .54), .9, .8, .01),
    Genre("jaz_blu", (76, 196), ((4, .9), (3, .1)), (
        ("major", "ii7 V7 IM7 IM7", 1), ("major", "IM7 vi7 ii7 V7", 1), ("major", "iii7 vi7 ii7 V7", .7),
        ("minor", "i7 iv7 iih7 V7", .8), ("minor", "iih7 V7 i6 i6", .8), ("dorian", "i7 i7 bVIIM7 i7", .4),
        ("blues", "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7", 1.2),
        ("blues", "I7 IV7 I7 I7 IV7 IV7 I7 vi7 ii7 V7 I7 V7", .6)), (.58, .68), .2, .6, .02),
    Genre("cou_fol", (70, 150), ((4, .65), (3, .25), (2, .1)), (
        ("major", "I IV I V", 1), ("major", "I I IV IV I I V V", .8), ("major", "I V IV I", .8),
        ("major", "I vi IV V", .6), ("major", "I IV V I", .8), ("dorian", "i bVII i IV", .5),
        ("minor", "i bVII bVI V", .5), ("mixolydian", "I bVII I IV", .4)), (.5, .6), .7, .35, .02),
    Genre("lat_sou", (84, 180), ((4, .95), (2, .05)), (
        ("minor", "i iv V7 i", 1), ("minor", "i bVII bVI V7", 1), ("minor", "i7 IV9 i7 IV9", .7),
        ("major", "I IV V7 IV", 1), ("major", "IM7 ii7 V7 IM7", 1), ("major", "I6 II7 ii7 V7", .7),
        ("minor", "iv7 bVII7 bIIIM7 bVIM7 iih7 V7 i i", .6), ("dorian", "i7 IV7 i7 IV7", .5)), (.5, .56), .8, .65, .01),
)}
# fmt: on


def weighted(rng: random.Random, pairs: tuple[tuple, ...] | list[tuple]) -> object:
    """Return the first element of one tuple, drawn with the weight in its last."""
    return rng.choices(pairs, [p[-1] for p in pairs])[0][0]


def parse_numeral(text: str) -> tuple[int, tuple[int, ...]]:
    """Return (semitones above the tonic, chord intervals) of a Roman numeral such as ``bVIIM7`` or ``iih7``.

    Raises:
        ValueError: not a numeral this module knows.
    """
    match = re.fullmatch(r"([b#]?)([IViv]+)(.*)", text)
    if not match or match[2].lower() not in _NUMERALS or match[3] not in _QUALITIES:
        raise ValueError(f"unknown chord numeral {text!r}")
    degree = _NUMERALS[match[2].lower()] + {"": 0, "b": -1, "#": 1}[match[1]]
    return degree % 12, _QUALITIES[match[3]][0 if match[2].isupper() else 1]


@functools.lru_cache(maxsize=4096)
def _scale_keys(low: int, high: int, tonic: int, scale: str, chord: tuple[int, ...]) -> tuple[int, ...]:
    classes = {(tonic + s) % 12 for s in SCALES[scale]}
    tones = set(chord)
    classes = {c for c in classes if c in tones or not {(c + 1) % 12, (c - 1) % 12} & (tones - classes)} | tones
    return tuple(k for k in range(low, high + 1) if k % 12 in classes)


@dataclasses.dataclass
class Frame:
    """Key, metre, tempo and chords of a song.

    Attributes:
        genre: the genre's rules.
        tonic: pitch class of the key.
        mode: name in `SCALES`.
        bpm: beats per minute.
        beats_per_bar: metre.
        bars: length of the song.
        swing: share of the beat that its first half takes (.5 is straight).
        chords: in order, without gaps.
        drums: whether a drum kit plays.
        beat_seconds: times of beats 0, 1, ... (a slowly varying tempo where the genre allows rubato).
    """

    genre: Genre
    tonic: int
    mode: str
    bpm: float
    beats_per_bar: int
    bars: int
    swing: float
    chords: list[Chord]
    drums: bool
    beat_seconds: list[float]

    @property
    def beats(self) -> int:
        """Length in beats."""
        return self.bars * self.beats_per_bar

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.beat_seconds[self.beats]

    @property
    def seconds_per_beat(self) -> float:
        """Mean length of a beat."""
        return 60.0 / self.bpm

    def time(self, beat: float) -> float:
        """Return the time of a beat position, with swing and rubato."""
        whole = int(beat)
        part = beat - whole
        if self.swing != 0.5:
            part = part * 2 * self.swing if part < 0.5 else self.swing + (part - 0.5) * 2 * (1 - self.swing)
        whole = min(max(whole, 0), len(self.beat_seconds) - 2)
        return self.beat_seconds[whole] + part * (self.beat_seconds[whole + 1] - self.beat_seconds[whole])

    def chord_at(self, beat: float) -> Chord:
        """Return the chord that sounds at a beat."""
        index = bisect.bisect_right(self.chords, beat + 1e-6, key=lambda c: c.start) - 1
        return self.chords[min(max(index, 0), len(self.chords) - 1)]

    def scale_keys(self, low: int, high: int, beat: float, scale: str = "") -> list[int]:
        """Return the MIDI keys from ``low`` to ``high`` that fit the scale at a beat.

        The chord's own notes replace scale notes a semitone away, so that a raised leading note sounds over V in minor.
        """
        return list(
            _scale_keys(low, high, self.tonic, scale or self.mode, () if scale else self.chord_at(beat).pitch_classes)
        )


def make_frame(
    rng: random.Random, genre_code: str, *, drums: bool | None = None, tempo_scale: float = 1.0, seconds: float = 60.0
) -> Frame:
    """Draw key, metre, tempo and chord progression of a song.

    Args:
        rng: source of randomness.
        genre_code: IRMAS genre.
        drums: whether drums play; None draws it.
        tempo_scale: slower or faster than the genre's range.
        seconds: shortest length.
    """
    genre = GENRES[genre_code]
    mode, numerals, _ = rng.choices(genre.progressions, [p[-1] for p in genre.progressions])[0]
    beats_per_bar = int(weighted(rng, genre.metres))  # type: ignore[call-overload]
    bpm = rng.uniform(*genre.tempo_bpm) * tempo_scale
    straight = rng.random() < genre.straight_share
    tonic = rng.randrange(12)
    chords: list[Chord] = []
    bars_per_chord = 1 if bpm < 100 or mode == "blues" else rng.choice((1, 1, 2))
    half = mode != "blues" and beats_per_bar == 4 and bpm < 92 and rng.random() < 0.35
    length = beats_per_bar * (0.5 if half else bars_per_chord)
    names = numerals.split()
    cycle_bars = max(1, round(len(names) * length / beats_per_bar))
    bars = max(16, int(seconds * bpm / 60 / beats_per_bar) + 1)
    bars = -(-bars // cycle_bars) * cycle_bars
    beat = 0.0
    variation = rng.random() < 0.4
    while beat < bars * beats_per_bar:
        for number, name in enumerate(names):
            if variation and beat > 0 and number == len(names) - 2 and rng.random() < 0.25:
                name = rng.choice(names)
            degree, intervals = parse_numeral(name)
            chords.append(Chord((tonic + degree) % 12, intervals, beat, length))
            beat += length
    rubato = genre.rubato * rng.uniform(0.3, 1.0)
    period, phase = rng.uniform(6, 14), rng.uniform(0, 6.28)
    times = [0.0]
    for number in range(bars * beats_per_bar + 8):
        # A triangle wave: the tempo leans forward and holds back once a phrase.
        wave = 4 * abs(((number / period + phase) % 1.0) - 0.5) - 1
        times.append(times[-1] + 60.0 / bpm * (1 + rubato * wave))
    return Frame(
        genre=genre,
        tonic=tonic,
        mode=mode,
        bpm=bpm,
        beats_per_bar=beats_per_bar,
        bars=bars,
        swing=0.5 if straight else rng.uniform(*genre.swing),
        chords=chords,
        drums=rng.random() < genre.drums_share if drums is None else drums,
        beat_seconds=times,
    )
