"""Guitar playing: voicings, strums, picking, power chords, riffs. Each texture writes the notes of a whole song."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from irmas_tf.corpus.harmony import Chord, Frame
from irmas_tf.corpus.instruments import Expression, Program
from irmas_tf.corpus.melody import melody
from irmas_tf.timbres.notes import Note

STRINGS = (40, 45, 50, 55, 59, 64)  # standard guitar tuning
Texture = Callable[[random.Random, Frame, Program, Expression, int], list[Note]]


def guitar_voicing(chord: Chord, position: int = 0) -> list[int | None]:
    """Return the key each of the six strings sounds for a chord (None: not played), root in the bass.

    Args:
        chord: what to play.
        position: lowest fret of the hand; 0 uses open strings.
    """
    frets: list[int | None] = [None] * 6
    classes = chord.pitch_classes
    bass = next(
        (s for s in range(3) for f in range(position, position + 5) if (STRINGS[s] + f) % 12 == classes[0]), None
    )
    if bass is None:
        return guitar_voicing(chord, position - 1) if position else [None] * 3 + [k + 12 for k in stack(chord, 48, 3)]
    for string in range(bass, 6):
        wanted = classes[:1] if string == bass else classes
        options = [f for f in range(position, position + 5) if (STRINGS[string] + f) % 12 in wanted]
        if options:
            sounding = {(STRINGS[s] + f) % 12 for s, f in enumerate(frets) if f is not None}
            fresh = [f for f in options if (STRINGS[string] + f) % 12 not in sounding]
            frets[string] = (fresh or options)[0]
    return [None if f is None else STRINGS[s] + f for s, f in enumerate(frets)]


def stack(chord: Chord, low: int, count: int) -> list[int]:
    """Return ``count`` chord tones upwards from ``low``."""
    keys = [k for k in range(low, low + 48) if k % 12 in chord.pitch_classes]
    return keys[:count]


def clip_to_range(notes: list[Note], program: Program) -> list[Note]:
    """Move notes outside the instrument's range by octaves."""
    for note in notes:
        while note.key > program.highest:
            note.key -= 12
        while note.key < program.lowest:
            note.key += 12
    return [n for n in notes if n.start >= 0 and n.duration > 0.02]


def each_chord(frame: Frame) -> Iterator[tuple[Chord, float, float]]:
    """Yield (chord, first beat, beats) of every chord, cut at the song's end."""
    for chord in frame.chords:
        if chord.start < frame.beats - 0.1:
            yield chord, chord.start, min(chord.length, frame.beats - chord.start)


def hit(
    rng: random.Random,
    frame: Frame,
    beat: float,
    length: float,
    keys: list[int],
    velocity: int,
    spread: float,
    up: bool = False,
    ring: float = 1.0,
) -> list[Note]:
    """Return one chord with ``spread`` seconds between neighbouring notes, low to high or reversed."""
    start = frame.time(beat) + rng.gauss(0, 0.006)
    held = (frame.time(beat + length) - frame.time(beat)) * ring
    order = list(reversed(keys)) if up else keys
    return [
        Note(
            start + i * spread,
            max(0.05, held - i * spread),
            key,
            int(min(max(velocity + rng.gauss(0, 4) - (i * 2 if up else 0), 20), 124)),
        )
        for i, key in enumerate(order)
    ]


# fmt: off
_STRUMS = {  # beat, weight of the stroke, upstroke
    4: (((0, 1, 0), (1, .8, 0), (1.5, .6, 1), (2.5, .7, 1), (3, .9, 0), (3.5, .6, 1)),
        ((0, 1, 0), (1, .9, 0), (2, 1, 0), (3, .9, 0)),
        tuple((b / 2, (1, .6)[b % 2], b % 2) for b in range(8)),
        ((0, 1, 0), (.75, .7, 1), (1.5, .9, 0), (2, .6, 1), (2.5, .8, 0), (3.25, .7, 1), (3.5, .8, 0)),
        tuple((b / 4, (1, .5, .75, .5)[b % 4], b % 2) for b in range(16) if b not in (1, 5, 9, 13))),
    3: (((0, 1, 0), (1, .7, 0), (1.5, .5, 1), (2, .7, 0), (2.5, .5, 1)), ((0, 1, 0), (1, .7, 0), (2, .7, 0))),
    2: (((0, 1, 0), (.5, .5, 1), (1, .8, 0), (1.5, .5, 1)), ((0, 1, 0), (1, .8, 0))),
}
# fmt: on


def strum(rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 88) -> list[Note]:
    """Strummed chords in one pattern a song; upstrokes are lighter and miss the bass strings."""
    pattern = rng.choice(_STRUMS[frame.beats_per_bar])
    if frame.bpm > 120 and len(pattern) > 8:
        pattern = _STRUMS[frame.beats_per_bar][0]
    position, spread = rng.choice((0, 0, 0, 2, 4, 5)), rng.uniform(0.006, 0.022)
    muted = rng.choice((0.0, 0.0, 0.25))
    notes: list[Note] = []
    for bar in range(frame.bars):
        for number, (beat, weight, up) in enumerate(pattern):
            at = bar * frame.beats_per_bar + beat
            following = pattern[number + 1][0] if number + 1 < len(pattern) else frame.beats_per_bar
            keys = [k for k in guitar_voicing(frame.chord_at(at), position) if k is not None]
            if up:
                keys = keys[-rng.randint(3, 4) :]
            short = muted and rng.random() < muted
            notes += hit(
                rng,
                frame,
                at,
                following - beat,
                keys,
                int(level * (0.72 + 0.28 * weight)),
                spread,
                bool(up),
                0.25 if short else 1.05,
            )
    return clip_to_range(notes, program)


def fingerpick(
    rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 86
) -> list[Note]:
    """Picked patterns over a held chord: alternating bass, three treble strings, notes ringing to the chord's end."""
    step = 0.5 if frame.bpm > 88 or rng.random() < 0.4 else 0.25
    count = round(frame.beats_per_bar / step)
    treble = [rng.choice((3, 4, 5)) for _ in range(count)]
    bass_every = max(1, round(1 / step)) * rng.choice((1, 2))
    pinch, position = rng.random() < 0.4, rng.choice((0, 0, 0, 2, 3, 5))
    notes: list[Note] = []
    for chord, first, beats in each_chord(frame):
        strings = guitar_voicing(chord, position)
        low = [k for k in strings[:4] if k is not None]
        for slot in range(round(beats / step)):
            beat = first + slot * step
            ring = frame.time(first + beats) - frame.time(beat)
            start = frame.time(beat) + rng.gauss(0, 0.008)
            if slot % bass_every == 0 and low:
                key = low[(slot // bass_every) % min(2, len(low))]
                notes.append(Note(start, min(ring, 2.5), key, int(level + rng.gauss(2, 4))))
                if not pinch:
                    continue
            picked = strings[treble[slot % count]]
            if picked is not None and rng.random() < 0.94:
                notes.append(
                    Note(start + 0.004, min(ring, 2.0), picked, int(min(120, max(40, level - 6 + rng.gauss(0, 6)))))
                )
    return clip_to_range(notes, program)


def arpeggio(rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 86) -> list[Note]:
    """Broken chords up, down or both ways, with the pedal down or strings ringing."""
    step = rng.choice((0.5, 0.5, 0.25)) if frame.bpm < 105 else 0.5
    shape, width = rng.choice(("up", "up_down", "down", "alberti")), rng.randint(4, 7)
    low = rng.randint(max(program.comfortable[0], 40), max(program.comfortable[0], 40) + 12)
    ring_share = rng.choice((1.0, 1.0, 0.4))
    notes: list[Note] = []
    for chord, first, beats in each_chord(frame):
        keys = stack(chord, low, width)
        order = {
            "up": keys,
            "down": keys[::-1],
            "up_down": keys + keys[-2:0:-1],
            "alberti": [keys[0], keys[2], keys[1], keys[2]],
        }[shape]
        for slot in range(round(beats / step)):
            beat = first + slot * step
            held = max(step * frame.seconds_per_beat * 0.9, (frame.time(first + beats) - frame.time(beat)) * ring_share)
            velocity = int(min(max(level + (8 if slot % 4 == 0 else 0) + rng.gauss(0, 5), 30), 122))
            notes.append(
                Note(frame.time(beat) + rng.gauss(0, 0.006), min(held, 2.5), order[slot % len(order)], velocity)
            )
    if rng.random() < 0.6:
        top = program.comfortable[1]
        notes += melody(
            rng, frame, program, expression, level=level + 8, low=max(top - 16, program.comfortable[0]), high=top
        )
    return clip_to_range(notes, program)


def chord_melody(
    rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 88
) -> list[Note]:
    """A guitar melody with bass notes and light chords under it."""
    line = melody(
        rng, frame, program, expression, level=level + 6, low=max(57, program.lowest), high=min(79, program.highest)
    )
    notes = list(line)
    for chord, first, beats in each_chord(frame):
        voicing = [k for k in guitar_voicing(chord, 0) if k is not None]
        notes += hit(rng, frame, first, beats, voicing[:1], level - 4, 0.0)
        beat = first + 1
        while beat < first + beats - 0.1:
            if rng.random() < 0.6:
                notes += hit(
                    rng, frame, beat, min(1.5, first + beats - beat), voicing[1:4], level - 16, rng.uniform(0.004, 0.03)
                )
            beat += rng.choice((1, 1, 2))
    return clip_to_range(notes, program)


def power(rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 98) -> list[Note]:
    """Power chords (root, fifth, octave) in driving or held rhythms."""
    pattern = rng.choice(
        (
            ((0, 4),),
            ((0, 1.5), (1.5, 1.5), (3, 1)),
            tuple((b / 2, 0.5) for b in range(8)),
            ((0, 1), (1, 0.5), (1.5, 1.5), (3, 0.5), (3.5, 0.5)),
            ((0, 0.5), (0.5, 0.5), (1.5, 1), (2.5, 0.5), (3, 1)),
        )
    )
    tight = rng.uniform(0.6, 1.0)
    notes: list[Note] = []
    for bar in range(frame.bars):
        for beat, length in pattern:
            if beat >= frame.beats_per_bar:
                continue
            at = bar * frame.beats_per_bar + beat
            root = 40 + (frame.chord_at(at).root - 40) % 12
            keys = [root, root + 7, root + 12] if rng.random() < 0.8 else [root, root + 7]
            notes += hit(rng, frame, at, min(length, frame.beats_per_bar - beat), keys, level, 0.004, ring=tight)
    return clip_to_range(notes, program)


def riff(rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 96) -> list[Note]:
    """A low one-bar figure, palm-muted between accents, moved with the chords' roots."""
    slots = [0.0]
    while slots[-1] < frame.beats_per_bar - 0.5:
        slots.append(slots[-1] + rng.choice((0.25, 0.5, 0.5, 0.5, 0.75)))
    offsets = [0] + [rng.choice((0, 0, 0, 3, 5, 7, 10, 12)) for _ in slots[1:]]
    accents = [rng.random() < 0.4 for _ in slots]
    notes: list[Note] = []
    for bar in range(frame.bars):
        for number, beat in enumerate(slots):
            at = bar * frame.beats_per_bar + beat
            following = slots[number + 1] if number + 1 < len(slots) else frame.beats_per_bar
            root = 40 + (frame.chord_at(at).root - 40) % 12 + offsets[number]
            keys = [root, root + 7] if accents[number] else [root]
            notes += hit(
                rng,
                frame,
                at,
                following - beat,
                keys,
                level if accents[number] else level - 14,
                0.003,
                ring=0.95 if accents[number] else 0.5,
            )
    return clip_to_range(notes, program)


def lead(rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 98) -> list[Note]:
    """A guitar or organ solo line, pentatonic or blues most of the time."""
    minor = frame.mode in ("minor", "dorian", "blues")
    scale = rng.choice(("minor_pentatonic", "blues", "")) if minor else rng.choice(("major_pentatonic", "", ""))
    if frame.genre.code == "jaz_blu" and frame.mode != "blues":
        scale = ""
    return clip_to_range(melody(rng, frame, program, expression, scale=scale, level=level), program)


def jazz_chords(
    rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 88
) -> list[Note]:
    """Rootless comping on and off the beat."""
    notes: list[Note] = []
    for bar in range(frame.bars):
        hits = rng.choice(((0, 1.5), (0, 2.5), (0.5, 2), (1.5, 3), (0, 1, 2, 3), (1, 3), (0, 1.5, 3.5)))
        for beat in hits:
            if beat >= frame.beats_per_bar:
                continue
            at = bar * frame.beats_per_bar + beat
            keys = stack(frame.chord_at(at), rng.randint(52, 57), 4)
            notes += hit(
                rng, frame, at, rng.choice((0.4, 0.8, 1.4)), keys, level + rng.randint(-8, 6), rng.uniform(0.002, 0.012)
            )
    return clip_to_range(notes, program)


GUITAR_TEXTURES: dict[str, Texture] = {
    "strum": strum,
    "fingerpick": fingerpick,
    "arpeggio": arpeggio,
    "chord_melody": chord_melody,
    "power": power,
    "riff": riff,
    "lead": lead,
    "jazz_chords": jazz_chords,
}
