"""What plays under the predominant instrument: bass, chords, pads, drums. Each writes one part over the whole song."""

from __future__ import annotations

import random

from irmas_tf.corpus.guitars import GUITAR_TEXTURES, clip_to_range, each_chord, hit, stack
from irmas_tf.corpus.harmony import Frame
from irmas_tf.corpus.instruments import Expression, Program
from irmas_tf.corpus.keyboards import KEYBOARD_TEXTURES
from irmas_tf.timbres.notes import Note

KICK, STICK, SNARE, HAT, PEDAL_HAT, OPEN_HAT, CRASH, RIDE = 36, 37, 38, 42, 44, 46, 49, 51
TAMBOURINE, COWBELL, CONGA_MUTE, CONGA, CONGA_LOW, MARACAS, CLAVES = 54, 56, 62, 63, 64, 70, 75
_TOMS = (50, 47, 45, 43)
# Bars of (drum, positions in beats, velocity); a fill and a crash come every fourth or eighth bar.
_EIGHTHS = (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)
# fmt: off
GROOVES: dict[str, tuple[tuple[tuple[int, tuple[float, ...], int], ...], ...]] = {
    "pop_roc": (
        ((KICK, (0, 2), 108), (SNARE, (1, 3), 104), (HAT, _EIGHTHS, 72)),
        ((KICK, (0, 1.5, 2.5), 106), (SNARE, (1, 3), 104), (HAT, _EIGHTHS, 70), (OPEN_HAT, (3.5,), 66)),
        ((KICK, (0, 1, 2, 3), 106), (SNARE, (1, 3), 98), (OPEN_HAT, (.5, 1.5, 2.5, 3.5), 66)),
        ((KICK, (0, .75, 2.5), 104), (SNARE, (1, 3), 102), (HAT, tuple(b / 4 for b in range(16)), 58)),
        ((KICK, (0, 2.5), 102), (SNARE, (2,), 100), (RIDE, (0, 1, 2, 3), 68)),
        ((KICK, (0, 2), 96), (STICK, (1, 3), 84), (HAT, _EIGHTHS, 60), (TAMBOURINE, (1, 3), 62)),
    ),
    "jaz_blu": (
        ((RIDE, (0, 1, 1.5, 2, 3, 3.5), 78), (PEDAL_HAT, (1, 3), 62), (KICK, (0,), 58), (SNARE, (2.5,), 44)),
        ((RIDE, (0, 1, 1.5, 2, 3, 3.5), 74), (PEDAL_HAT, (1, 3), 60), (SNARE, (1.5, 3.5), 40)),
        ((SNARE, (0, 1, 1.5, 2, 3, 3.5), 58), (PEDAL_HAT, (1, 3), 58), (KICK, (0, 2), 52)),
        ((KICK, (0, 2), 88), (SNARE, (1, 3), 86), (RIDE, (0, .5, 1, 1.5, 2, 2.5, 3, 3.5), 62)),
    ),
    "cou_fol": (
        ((KICK, (0, 2), 92), (SNARE, (1, 3), 82), (HAT, _EIGHTHS, 58)),
        ((KICK, (0, 2), 90), (SNARE, (.5, 1, 1.5, 2.5, 3, 3.5), 56), (HAT, (1, 3), 60)),
        ((KICK, (0, 2), 84), (STICK, (1, 3), 74), (TAMBOURINE, _EIGHTHS, 46)),
    ),
    "lat_sou": (
        ((KICK, (0, 1.5, 2, 3.5), 86), (STICK, (0, .75, 1.5, 2.5, 3.25), 78), (HAT, _EIGHTHS, 54)),
        ((CONGA_MUTE, (0, 1, 2), 70), (CONGA, (1.5, 3), 84), (CONGA_LOW, (3.5,), 86), (CLAVES, (0, 1.5, 3), 78),
         (MARACAS, _EIGHTHS, 52)),
        ((COWBELL, (0, 1, 2, 3), 70), (CONGA, (1, 1.5, 3, 3.5), 82), (KICK, (0, 2), 78), (CLAVES, (1, 2, 3.5), 72)),
        ((KICK, (0, 2), 92), (SNARE, (1, 3), 70), (MARACAS, tuple(b / 4 for b in range(16)), 46),
         (CONGA, (1.5, 3.5), 76)),
    ),
    "cla": (((KICK, (0,), 60), (CRASH, (), 60)), ((SNARE, (0, 1, 1.5, 2, 3), 48),)),
}
# fmt: on


def drums(rng: random.Random, frame: Frame) -> list[Note]:
    """Write a drum part: one groove a song, ghost changes, a fill every fourth or eighth bar."""
    groove = rng.choice(GROOVES[frame.genre.code])
    phrase = rng.choice((4, 8))
    level = rng.uniform(0.85, 1.05)
    notes: list[Note] = []

    def strike(drum: int, beat: float, velocity: float) -> None:
        shift = rng.gauss(0, 0.005)
        notes.append(
            Note(
                max(0.0, frame.time(beat) + shift),
                0.25,
                drum,
                int(min(max(velocity * level + rng.gauss(0, 5), 15), 124)),
            )
        )

    for bar in range(frame.bars):
        first = bar * frame.beats_per_bar
        fill = bar % phrase == phrase - 1 and frame.genre.code != "cla" and rng.random() < 0.7
        for drum, positions, velocity in groove:
            for position in positions:
                if position >= frame.beats_per_bar or (fill and position >= frame.beats_per_bar - 1):
                    continue
                offbeat = 0 if position == int(position) else -10
                if rng.random() < 0.97:
                    strike(drum, first + position, velocity + offbeat)
        if fill:
            step = rng.choice((0.25, 0.5, 1 / 3))
            for number in range(round(1 / step)):
                drum = rng.choice((SNARE, SNARE, *_TOMS))
                strike(drum, first + frame.beats_per_bar - 1 + number * step, 84 + number * 4)
        if bar % phrase == 0 and bar and frame.genre.code in ("pop_roc", "lat_sou"):
            strike(CRASH, first, 88)
    return sorted(notes, key=lambda n: (n.start, n.key))


def bass(rng: random.Random, frame: Frame, program: int, level: int = 92) -> list[Note]:
    """Write a bass line: roots and fifths, pumping eighths, walking quarters, tumbao or long notes by genre."""
    style = rng.choice(
        {
            "cla": ("long", "long", "roots"),
            "pop_roc": ("eighths", "roots", "syncopated", "eighths"),
            "jaz_blu": ("walking", "walking", "walking", "long"),
            "cou_fol": ("roots", "roots", "walking"),
            "lat_sou": ("tumbao", "tumbao", "syncopated"),
        }[frame.genre.code]
    )
    notes: list[Note] = []
    for chord, first, beats in each_chord(frame):
        root = 28 + (chord.root - 28) % 12
        fifth = root + 7 if root < 36 else root - 5
        beat = 0.0
        while beat < beats - 0.01:
            key, length, ring = root, 1.0, 0.92
            if style == "long":
                length, ring = beats, 0.98
            elif style == "roots":
                length = min(2.0, beats - beat)
                key = fifth if beat % 4 >= 2 else root
            elif style == "eighths":
                length = 0.5
                key = root + 12 if rng.random() < 0.06 and root < 34 else root
            elif style == "walking":
                tones = [root + i for i in chord.intervals] + [root + 12]
                key = root if beat == 0 else rng.choice(tones)
                if beats - beat <= 1.01 and beats > 1:  # approach the next root by a semitone or a tone
                    following = 28 + (frame.chord_at(first + beats).root - 28) % 12
                    key = following + rng.choice((-1, 1, 2, -2))
            elif style == "tumbao":
                length = rng.choice((1.5, 1.0, 0.5)) if beat < beats - 1.4 else beats - beat
                key = rng.choice((root, fifth, root + 12 if root < 36 else root))
            else:
                length = rng.choice((0.5, 0.75, 1.5, 1.0))
                key = root if rng.random() < 0.75 else fifth
            if beat == 0:
                key = root  # the bass says which chord it is
            length = min(length, beats - beat)
            notes += hit(rng, frame, first + beat, length, [key], level + (4 if beat == 0 else 0), 0, ring=ring)
            beat += length
    return clip_to_range(notes, Program(program, 1, 28, 60, (28, 55), ()))


def chords(rng: random.Random, frame: Frame, program: int, level: int = 78) -> list[Note]:
    """Write chords in the manner of the program: guitars strum or pick, keyboards comp, strings hold."""
    player = Program(program, 1, 36, 88, (48, 79), ())
    plain = Expression((0.8, 1.6), 0.6, 0.1)
    if program in (24, 25, 105):
        style = rng.choice(("strum", "fingerpick", "fingerpick") if program != 25 else ("strum", "strum", "fingerpick"))
        return GUITAR_TEXTURES[style](rng, frame, player, plain, level)
    if program in (26, 27):
        return GUITAR_TEXTURES["jazz_chords" if program == 26 else "strum"](rng, frame, player, plain, level)
    if program == 30:
        return GUITAR_TEXTURES["power"](rng, frame, player, plain, level - 4)
    if program in (16, 18, 19, 21, 48):
        return pad(rng, frame, program, level)
    if program in (11, 46, 6):
        return (
            GUITAR_TEXTURES["jazz_chords"](rng, frame, player, plain, level)
            if program == 11
            else _broken(rng, frame, player, level)
        )
    if frame.genre.code == "jaz_blu":
        return GUITAR_TEXTURES["jazz_chords"](rng, frame, player, plain, level)
    if rng.random() < 0.5:
        return _broken(rng, frame, player, level)
    return [n for n in KEYBOARD_TEXTURES["block"](rng, frame, player, plain, level - 4) if n.key < 74]


def _broken(rng: random.Random, frame: Frame, player: Program, level: int) -> list[Note]:
    low, step = rng.randint(48, 57), 0.5
    shape = rng.choice(((0, 1, 2, 1), (0, 2, 1, 2), (0, 1, 2, 3), (0, 2, 3, 2)))
    notes: list[Note] = []
    for chord, first, beats in each_chord(frame):
        keys = stack(chord, low, 4)
        for slot in range(round(beats / step)):
            notes += hit(rng, frame, first + slot * step, step, [keys[shape[slot % 4]]], level, 0, ring=1.6)
    return clip_to_range(notes, player)


def pad(rng: random.Random, frame: Frame, program: int, level: int = 72) -> list[Note]:
    """Write held chords that move little from one to the next."""
    low = rng.randint(50, 58)
    notes: list[Note] = []
    for chord, first, beats in each_chord(frame):
        for note in hit(rng, frame, first, beats, stack(chord, low, rng.choice((3, 3, 4))), level, 0, ring=1.02):
            note.attack = 0.06
            notes.append(note)
    return clip_to_range(notes, Program(program, 1, 43, 84, (48, 79), ()))
