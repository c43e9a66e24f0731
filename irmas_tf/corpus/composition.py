"""Composing songs: who plays, in which key and tempo, what is predominant where, and how the mix will be."""

from __future__ import annotations

import dataclasses
import random

from irmas_tf.corpus import accompaniment
from irmas_tf.corpus.guitars import GUITAR_TEXTURES, lead
from irmas_tf.corpus.harmony import Frame, make_frame, weighted
from irmas_tf.corpus.instruments import (
    BASSES,
    CHORDS,
    DRUM_KITS,
    INSTRUMENTS,
    PADS,
    PROGRAM_TO_CODE,
    Program,
)
from irmas_tf.corpus.keyboards import KEYBOARD_TEXTURES
from irmas_tf.corpus.melody import melody
from irmas_tf.timbres.notes import DRUM_BANK, Note

# Loudness of the accompaniment's parts among themselves, dB.
_PART_LEVELS = {"bass": -2.0, "drums": -1.0, "chords": -3.0, "pad": -8.0}


@dataclasses.dataclass
class Part:
    """One instrument's notes over a whole song.

    Attributes:
        role: lead, bass, chords, pad or drums.
        bank, program: SoundFont preset.
        notes: sorted by start.
        code: IRMAS code if the part may be labelled (leads), else empty.
        pan: -1 left to 1 right.
        level_db: loudness wanted among the parts of the same role group.
        drive: amplifier distortion, 0 is clean.
    """

    role: str
    bank: int
    program: int
    notes: list[Note]
    code: str = ""
    pan: float = 0.0
    level_db: float = 0.0
    drive: float = 0.0

    def __post_init__(self) -> None:
        self.notes.sort(key=lambda n: (n.start, n.key))


@dataclasses.dataclass
class Song:
    """A composed piece: `frame`, `parts` with the leads first, and how loud the leads are over the rest."""

    genre: str
    drums: bool
    frame: Frame
    parts: list[Part]
    lead_over_rest_db: float
    seed: str

    @property
    def leads(self) -> list[Part]:
        """Parts that carry a label."""
        return [p for p in self.parts if p.role == "lead"]

    @property
    def seconds(self) -> float:
        """Length of the piece."""
        return self.frame.seconds


def _pick_program(rng: random.Random, code: str, genre: str) -> tuple[Program, str]:
    """Return a program of a class that suits the genre, and a manner of playing it."""
    programs = list(INSTRUMENTS[code].programs)
    weights = []
    for program in programs:
        weight = program.weight
        if code == "gel":
            loud = program.number in (28, 29, 30)
            weight *= {"jaz_blu": 0.1 if loud else 1, "pop_roc": 1.0 if loud else 0.6}.get(genre, 0.4 if loud else 1)
            weight *= 4 if program.number == 26 and genre == "jaz_blu" else 1
        elif code == "org":
            pipes = program.number in (19, 20)
            weight *= (8 if pipes else 0.15) if genre == "cla" else (0.12 if pipes else 1)
        elif code == "gac":
            weight *= {"cla": (3, 0.15), "lat_sou": (2.5, 0.5), "pop_roc": (0.4, 1.5)}.get(genre, (1, 1))[
                program.number == 25
            ]
        elif code == "pia" and program.number == 3:
            weight *= 0.1 if genre == "cla" else 1
        weights.append(weight)
    program = rng.choices(programs, weights)[0]
    return program, str(weighted(rng, program.manners))


def lead_part(rng: random.Random, frame: Frame, code: str, level: int = 94, sparse: bool = False) -> Part:
    """Write a predominant part.

    Args:
        rng: source of randomness.
        frame: the song.
        code: IRMAS code of the instrument.
        level: middle velocity.
        sparse: for polyphonic instruments, prefer textures that leave room for a second lead.
    """
    program, manner = _pick_program(rng, code, frame.genre.code)
    expression = INSTRUMENTS[code].expression
    if frame.genre.code == "cla" and code in ("gac", "gel") and manner in ("strum", "power"):
        manner = "fingerpick" if code == "gac" else "lead"
    if sparse and code == "pia" and manner in ("two_hands", "melody_octaves"):
        manner = rng.choice(("block", "arpeggio"))
    if manner in GUITAR_TEXTURES:
        notes = GUITAR_TEXTURES[manner](rng, frame, program, expression, level)
        if code == "gac" and sparse and manner == "chord_melody":
            notes = GUITAR_TEXTURES["fingerpick"](rng, frame, program, expression, level)
    elif manner in KEYBOARD_TEXTURES:
        notes = KEYBOARD_TEXTURES[manner](rng, frame, program, expression, level)
    elif frame.genre.code == "jaz_blu" and rng.random() < 0.5:
        notes = (
            lead(rng, frame, program, expression, level)
            if manner != "sing"
            else melody(rng, frame, program, expression, level=level, sung=True)
        )
    else:
        notes = melody(rng, frame, program, expression, level=level, sung=manner == "sing")
    notes = [n for n in notes if program.lowest <= n.key <= program.highest]
    drive = program.drive * rng.uniform(0.6, 1.5)
    return Part("lead", 0, program.number, notes, code, rng.uniform(-0.25, 0.25), 0.0, drive)


def _accompany(rng: random.Random, frame: Frame, avoid: set[int], only_unlabelled: bool, full: float) -> list[Part]:
    """Return bass, chords, pad and drums, each sometimes missing.

    Args:
        avoid: programs that would sound like a lead.
        only_unlabelled: leave out every program of the eleven classes.
        full: 0 thin to 1 every part.
    """
    genre = frame.genre.code
    parts: list[Part] = []

    def allowed(options: tuple[tuple[int, float], ...]) -> list[tuple[int, float]]:
        return [o for o in options if o[0] not in avoid and not (only_unlabelled and o[0] in PROGRAM_TO_CODE)]

    def add(role: str, bank: int, program: int, notes: list[Note]) -> None:
        wide = {"bass": 0.1, "drums": 0.15}.get(role, 0.75)
        level = _PART_LEVELS[role] + rng.uniform(-3, 3)
        parts.append(Part(role, bank, program, notes, "", rng.uniform(-wide, wide), level))

    if frame.drums:
        kit = int(weighted(rng, DRUM_KITS[genre]))  # type: ignore[call-overload]
        add("drums", DRUM_BANK, kit, accompaniment.drums(rng, frame))
    basses, comps, pads = allowed(BASSES[genre]), allowed(CHORDS[genre]), allowed(PADS[genre])
    if basses and rng.random() < 0.35 + 0.6 * full:
        program = int(weighted(rng, basses))  # type: ignore[call-overload]
        add("bass", 0, program, accompaniment.bass(rng, frame, program))
    if comps and (rng.random() < 0.75 or not parts):
        program = int(weighted(rng, comps))  # type: ignore[call-overload]
        add("chords", 0, program, accompaniment.chords(rng, frame, program))
    if pads and rng.random() < 0.45 * full:
        program = int(weighted(rng, pads))  # type: ignore[call-overload]
        add("pad", 0, program, accompaniment.pad(rng, frame, program))
    return parts


def compose_song(code: str, seed: str, seconds: float = 60.0) -> Song:
    """Compose a piece with one predominant instrument, alone or accompanied.

    Args:
        code: IRMAS code.
        seed: anything; the same text gives the same song.
        seconds: shortest length.
    """
    rng = random.Random(f"song {code} {seed}")
    instrument = INSTRUMENTS[code]
    genre = str(weighted(rng, instrument.genres))
    solo = rng.random() < instrument.solo_share * (1.3 if genre == "cla" else 0.8)
    frame = make_frame(rng, genre, drums=False if solo else None, seconds=seconds)
    part = lead_part(rng, frame, code)
    parts = [part]
    if not solo:
        parts += _accompany(rng, frame, set(instrument.never_with), False, rng.random())
    return Song(genre, any(p.role == "drums" for p in parts), frame, parts, rng.uniform(3.5, 12.0), seed)


def compose_backing(avoid: set[int], seed: str, seconds: float, only_unlabelled: bool = False) -> list[Part]:
    """Compose an accompaniment on its own, in a genre, key and tempo of its own, for leads of another song.

    Args:
        avoid: programs that would sound like those leads.
        seed: anything; the same text gives the same parts.
        seconds: shortest length.
        only_unlabelled: leave out every program of the eleven classes.
    """
    rng = random.Random(seed)
    genres = sorted({genre for instrument in INSTRUMENTS.values() for genre, _ in instrument.genres})
    frame = make_frame(rng, rng.choice(genres), drums=None, seconds=seconds)
    return _accompany(rng, frame, avoid, only_unlabelled, rng.random())


# Pairs and trios that are heard together are drawn more often; others still occur.
_FRIENDS = {
    "voi": ("gac", "gel", "pia", "org"),
    "gel": ("voi", "org", "pia", "gac"),
    "pia": ("voi", "sax", "vio", "cel", "gac"),
    "gac": ("voi", "flu", "vio", "pia"),
    "sax": ("tru", "pia", "gel", "org"),
    "tru": ("sax", "pia"),
    "vio": ("cel", "pia", "flu"),
    "cel": ("vio", "pia"),
    "flu": ("cla", "pia", "gac", "vio"),
    "cla": ("flu", "pia"),
    "org": ("voi", "gel", "sax"),
}


def draw_labels(rng: random.Random, first: str | None = None) -> list[str]:
    """Draw the instruments of a test song: one to five, frequent together, weighted as the official test labels are.

    Args:
        rng: source of randomness.
        first: an instrument that must be among them.
    """
    count = rng.choices((1, 2, 3, 4, 5), (0.44, 0.34, 0.16, 0.05, 0.01))[0]
    # The square root keeps rare classes in small corpora while the order of the classes stays IRMAS's.
    weights = {c: i.test_weight**0.5 for c, i in INSTRUMENTS.items()}
    chosen = [first] if first else rng.choices(list(weights), list(weights.values()))
    while len(chosen) < count:
        friends = {c: w * (6 if c in _FRIENDS[chosen[0]] else 1) for c, w in weights.items() if c not in chosen}
        chosen += rng.choices(list(friends), list(friends.values()))
    return chosen


def compose_test_song(codes: list[str], seed: str, seconds: float = 75.0) -> Song:
    """Compose a piece with several predominant instruments, at once or taking turns; the rest is quiet and unlabelled.

    Args:
        codes: IRMAS codes, one part each.
        seed: anything; the same text gives the same song.
        seconds: shortest length.
    """
    rng = random.Random(f"test {' '.join(codes)} {seed}")
    genres: dict[str, float] = {}
    for code in codes:
        for genre, weight in INSTRUMENTS[code].genres:
            genres[genre] = genres.get(genre, 0.0) + weight
    genre = rng.choices(list(genres), list(genres.values()))[0]
    frame = make_frame(rng, genre, drums=None if rng.random() < 0.8 else False, seconds=seconds)
    parts = [lead_part(rng, frame, code, sparse=number > 0) for number, code in enumerate(codes)]
    for number, part in enumerate(parts):
        part.pan = rng.uniform(-0.6, 0.6) if number else rng.uniform(-0.15, 0.15)
        part.level_db = rng.uniform(-5, 0) if number else 0.0
    if len(parts) > 1 and rng.random() < 0.4:
        _take_turns(rng, frame, parts)
    avoid = {p for code in codes for p in INSTRUMENTS[code].never_with}
    if len(codes) > 1 or rng.random() < 0.7:
        parts += _accompany(rng, frame, avoid, True, rng.random())
    return Song(genre, any(p.role == "drums" for p in parts), frame, parts, rng.uniform(5, 12), seed)


def _take_turns(rng: random.Random, frame: Frame, parts: list[Part]) -> None:
    """Let the leads alternate every few bars instead of playing together."""
    section = frame.time(float(rng.choice((2, 4)) * frame.beats_per_bar))
    for number, part in enumerate(parts):
        part.notes = [n for n in part.notes if int(n.start / section) % len(parts) == number]
