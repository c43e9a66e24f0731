"""Two-handed keyboard playing: piano textures by genre, organ chorales, toccatas, comping and leads."""

from __future__ import annotations

import random

from irmas_tf.corpus.guitars import Texture, arpeggio, clip_to_range, each_chord, hit, lead, stack
from irmas_tf.corpus.harmony import Chord, Frame
from irmas_tf.corpus.instruments import Expression, Program
from irmas_tf.corpus.melody import melody
from irmas_tf.timbres.notes import Note


def _voice_lead(chord: Chord, before: list[int], low: int, high: int, count: int) -> list[int]:
    """Return ``count`` chord tones between ``low`` and ``high`` that move least from the chord before."""
    options = []
    for start in range(low, low + 12):
        keys = [k for k in range(start, high + 1) if k % 12 in chord.pitch_classes][:count]
        if len(keys) == count:
            options.append(keys)
    if not options:
        return stack(chord, low, count)
    if not before:
        return options[len(options) // 2]
    return min(options, key=lambda keys: sum(abs(a - b) for a, b in zip(keys, before, strict=False)))


def left_hand(rng: random.Random, frame: Frame, level: int, style: str) -> list[Note]:
    """Return a left hand over the whole song.

    Args:
        style: alberti, octaves, stride, broken, shells, walking, waltz or held.
    """
    notes: list[Note] = []
    for chord, first, beats in each_chord(frame):
        root = 36 + (chord.root - 36) % 12
        fifth, tenth = root + 7, root + 12 + chord.intervals[1 if len(chord.intervals) > 2 else 0]
        beat = 0.0
        if style == "held":
            notes += hit(rng, frame, first, beats, [root, root + 12], level, 0.004)
        elif style == "shells":
            notes += hit(rng, frame, first, beats * 0.9, [root + 12, root + 12 + chord.intervals[-1]], level - 6, 0.003)
        while beat < beats - 0.01:
            at, strong = first + beat, (first + beat) % frame.beats_per_bar < 0.01
            if style == "alberti":
                keys = stack(chord, 48, 3)
                notes += hit(rng, frame, at, 0.5, [keys[(0, 2, 1, 2)[int(beat * 2) % 4]]], level - 8, 0, ring=1.1)
                beat += 0.5
            elif style == "broken":
                keys = [root, fifth, root + 12, tenth, fifth + 12, tenth]
                remaining = frame.time(first + beats) - frame.time(at)
                notes.append(Note(frame.time(at), remaining, keys[int(beat * 2) % 6], int(level - 6 + rng.gauss(0, 4))))
                beat += 0.5
            elif style in ("stride", "waltz"):
                low = strong or (style == "stride" and beat % 2 < 0.01)
                keys = [root] if low else stack(chord, 52, 3)
                notes += hit(rng, frame, at, 0.8, keys, level + (2 if low else -10), 0.003, ring=0.7)
                beat += 1
            elif style == "walking":
                step = rng.choice((0, 2, 3, 4, 5, 7, 9, 10)) if beat > 0 else 0
                notes += hit(rng, frame, at, 1, [root + step], level, 0, ring=0.95)
                beat += 1
            elif style == "octaves":
                notes += hit(rng, frame, at, min(2.0, beats - beat), [root, root + 12], level, 0, ring=0.95)
                beat += rng.choice((1, 1.5, 2, 2))
            else:
                break
    return notes


def _left_style(rng: random.Random, frame: Frame) -> str:
    if frame.beats_per_bar == 3:
        return rng.choice(("waltz", "waltz", "broken", "held"))
    return rng.choice(
        {
            "cla": ("alberti", "broken", "held", "octaves", "broken"),
            "jaz_blu": ("shells", "stride", "walking", "shells"),
            "pop_roc": ("octaves", "broken", "held", "octaves"),
            "lat_sou": ("octaves", "shells", "broken"),
            "cou_fol": ("stride", "octaves", "broken"),
        }[frame.genre.code]
    )


def two_hands(
    rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 90
) -> list[Note]:
    """A melody in the right hand over a left-hand pattern."""
    notes = melody(rng, frame, program, expression, level=level + 4, low=60, high=min(86, program.comfortable[1]))
    return clip_to_range(notes + left_hand(rng, frame, level - 8, _left_style(rng, frame)), program)


def melody_octaves(
    rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 94
) -> list[Note]:
    """A melody in octaves, chords filled in, over a strong left hand."""
    line = melody(rng, frame, program, expression, level=level + 4, low=60, high=77)
    doubled = [Note(n.start + 0.003, n.duration, n.key + 12, min(124, n.velocity + 3)) for n in line]
    return clip_to_range(line + doubled + left_hand(rng, frame, level, _left_style(rng, frame)), program)


def block(rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 88) -> list[Note]:
    """Right-hand chords in a rhythm of the genre (ballad quarters, syncopated pop, montuno, swing stabs)."""
    patterns: dict[str, tuple[tuple[float, ...], ...]] = {
        "pop_roc": ((0, 1, 2, 3), (0, 1.5, 3), (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5), (0, 1.5, 2.5)),
        "jaz_blu": ((0, 1.5), (0.5, 2.5), (1.5, 3), (1, 3), (0, 2.5, 3.5)),
        "lat_sou": ((0, 0.5, 1.5, 2.5, 3.5), (0, 1, 1.5, 2.5, 3), (0.5, 1.5, 2, 3, 3.5)),
        "cla": ((0, 2), (0, 1, 2, 3), (0,)),
        "cou_fol": ((0, 1, 2, 3), (1, 3), (0, 1, 1.5, 2, 3)),
    }
    pattern = [b for b in rng.choice(patterns[frame.genre.code]) if b < frame.beats_per_bar] or [0.0]
    count, low, before = rng.choice((3, 3, 4)), rng.randint(55, 60), []  # type: ignore[var-annotated]
    arpeggiated, ring = rng.choice((0.0, 0.0, 0.02)), rng.choice((1.0, 0.9, 0.5))
    notes: list[Note] = []
    for bar in range(frame.bars):
        if frame.genre.code == "jaz_blu":
            pattern = [b for b in rng.choice(patterns["jaz_blu"]) if b < frame.beats_per_bar]
        for number, beat in enumerate(pattern):
            at = bar * frame.beats_per_bar + beat
            following = pattern[number + 1] if number + 1 < len(pattern) else frame.beats_per_bar
            before = _voice_lead(frame.chord_at(at), before, low, low + 22, count)
            notes += hit(
                rng, frame, at, following - beat, before, level + (5 if beat == 0 else 0), arpeggiated, ring=ring
            )
    if rng.random() < 0.5:
        notes += melody(rng, frame, program, expression, level=level + 10, low=72, high=min(88, program.comfortable[1]))
    return clip_to_range(notes + left_hand(rng, frame, level - 2, _left_style(rng, frame)), program)


def organ_chords(
    rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 90
) -> list[Note]:
    """Held or stabbed chords of a drawbar organ, with or without a bass line and a melody on top."""
    rhythm, before = rng.choice(("held", "held", "stab", "pulse")), []  # type: ignore[var-annotated]
    low, sway = rng.randint(53, 60), rng.uniform(0, 14)
    notes: list[Note] = []
    for chord, first, beats in each_chord(frame):
        before = _voice_lead(chord, before, low, low + 22, rng.choice((3, 4)))
        beat = 0.0
        while beat < beats - 0.01:
            length = beats - beat if rhythm == "held" else 1.0 if rhythm == "pulse" else rng.choice((1.0, 0.5, 1.5))
            played = hit(
                rng,
                frame,
                first + beat,
                min(length, beats - beat),
                before,
                level,
                0.0,
                ring={"held": 1.0, "pulse": 0.8, "stab": 0.45}[rhythm],
            )
            for note in played:
                note.vibrato = (sway, 6.2, 0.0) if sway > 5 and note.duration > 0.6 else None
            notes += played
            beat += length
    if rng.random() < 0.5:
        notes += left_hand(rng, frame, level - 4, rng.choice(("held", "octaves", "walking")))
    if rng.random() < 0.4:
        notes += melody(rng, frame, program, expression, level=level + 8, low=69, high=min(86, program.comfortable[1]))
    return clip_to_range(notes, program)


def organ_riff(
    rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 94
) -> list[Note]:
    """A repeated syncopated chord figure."""
    slots = sorted(
        rng.sample([b / 2 for b in range(frame.beats_per_bar * 2)], min(frame.beats_per_bar * 2, rng.randint(3, 5)))
    )
    shift = [rng.choice((0, 0, 1, -1)) for _ in slots]
    notes: list[Note] = []
    for bar in range(frame.bars):
        for number, beat in enumerate(slots):
            at = bar * frame.beats_per_bar + beat
            following = slots[number + 1] if number + 1 < len(slots) else frame.beats_per_bar
            keys = stack(frame.chord_at(at), 58 + shift[number] * 3, 3)
            notes += hit(rng, frame, at, following - beat, keys, level, 0, ring=rng.choice((0.5, 0.9, 0.9)))
    return clip_to_range(notes + left_hand(rng, frame, level - 4, rng.choice(("octaves", "walking", "held"))), program)


def organ_lead(
    rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 96
) -> list[Note]:
    """A solo line over quiet held chords of the same organ."""
    notes = lead(rng, frame, program, expression, level)
    for chord, first, beats in each_chord(frame):
        notes += hit(rng, frame, first, beats, stack(chord, 50, 3), level - 26, 0)
    return clip_to_range(notes, program)


def chorale(rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 90) -> list[Note]:
    """Four parts in slow note values: pedal, two held inner voices, a moving soprano."""
    notes = left_hand(rng, frame, level - 2, "held")
    before: list[int] = []
    for chord, first, beats in each_chord(frame):
        before = _voice_lead(chord, before, 52, 69, 3)
        notes += hit(rng, frame, first, beats, before, level - 4, 0, ring=1.02)
    slow = Expression((0.5, 1.2), 0.95, 0, leap=0.08, arpeggio=0.05, rest_beats=(0.1, 0.3))
    return clip_to_range(notes + melody(rng, frame, program, slow, level=level + 6, low=67, high=81), program)


def toccata(rng: random.Random, frame: Frame, program: Program, expression: Expression, level: int = 94) -> list[Note]:
    """Fast figures in the manuals over a pedal point."""
    notes = arpeggio(rng, frame, program, Expression((1.5, 3), 0.6, 0.2, leap=0.15), level)
    return clip_to_range(notes + left_hand(rng, frame, level, "held"), program)


KEYBOARD_TEXTURES: dict[str, Texture] = {
    "two_hands": two_hands,
    "melody_octaves": melody_octaves,
    "block": block,
    "organ_chords": organ_chords,
    "organ_riff": organ_riff,
    "organ_lead": organ_lead,
    "chorale": chorale,
    "toccata": toccata,
}
