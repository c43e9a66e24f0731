"""Single lines: phrases of a motif, its sequences and a cadence, with the articulation of the instrument that plays."""

from __future__ import annotations

import dataclasses
import random

from irmas_tf.corpus.harmony import Frame
from irmas_tf.corpus.instruments import Expression, Program
from irmas_tf.timbres.notes import Note

# fmt: off
_CELLS: tuple[tuple[tuple[float, ...], float], ...] = (  # rhythm of one or two beats, notes a beat
    ((2.0,), .5), ((1.5, .5), 1.0), ((1.0,), 1.0), ((1.0, 1.0), 1.0), ((.5, 1.0, .5), 1.5), ((.5, 1.5), 1.0),
    ((.5, .5), 2.0), ((.75, .25), 2.0), ((.5, .25, .25), 3.0), ((1 / 3, 1 / 3, 1 / 3), 3.0), ((.25, .25, .5), 3.0),
    ((.25, .25, .25, .25), 4.0), ((1.0, .5, .5), 1.5), ((.5, .5, 1.0), 1.5),
)
# fmt: on


@dataclasses.dataclass
class _Draft:
    """A note before performance: beats, key, and whether the phrase ends on it."""

    start: float
    length: float
    key: int
    last: bool


def _rhythm(rng: random.Random, beats: float, density: float, triplets: bool) -> list[float]:
    durations: list[float] = []
    left = beats
    while left > 1e-6:
        fitting = [(c, d) for c, d in _CELLS if sum(c) <= left + 1e-6 and (triplets or abs(c[0] - 1 / 3) > 0.01)]
        if not fitting:
            durations.append(left)
            break
        weights = [2.0 ** (-2.0 * abs(d - density)) + 0.01 for _, d in fitting]
        cell = rng.choices(fitting, weights)[0][0]
        durations += cell
        left -= sum(cell)
    return durations


def _steps(rng: random.Random, count: int, expression: Expression) -> list[int]:
    """Return scale steps between the notes of a motif: mostly seconds, some runs, leaps turned back."""
    steps: list[int] = []
    direction = rng.choice((-1, 1))
    while len(steps) < count:
        if rng.random() < expression.leap:
            leap = rng.choice((2, 3, 4, 5))
            steps += [direction * leap, -direction]
            direction = -direction
        elif rng.random() < expression.arpeggio:
            steps += [2 * direction] * rng.choice((2, 3))
        elif rng.random() < 0.08:
            steps.append(0)
        else:
            steps += [direction] * rng.choice((1, 2, 2, 3, 4))
        if rng.random() < 0.45:
            direction = -direction
    return steps[:count]


def _draft(
    rng: random.Random, frame: Frame, low: int, high: int, expression: Expression, density: float, scale: str
) -> list[_Draft]:
    notes: list[_Draft] = []
    beat = rng.choice((0.0, 0.0, 0.5, frame.beats_per_bar - 1.0))
    centre = (low + high) / 2 + rng.uniform(-2, 2)
    triplets = frame.swing == 0.5 and rng.random() < 0.15
    key = round(centre)
    while beat < frame.beats - 1:
        phrase_bars = rng.choice((2, 2, 2, 4) if frame.beats_per_bar > 2 else (4, 4, 8))
        motif_beats = float(frame.beats_per_bar if rng.random() < 0.7 else 2)
        rhythm = _rhythm(rng, motif_beats, density, triplets)
        steps = _steps(rng, len(rhythm), expression)
        lift = rng.choice((-2, -1, 1, 2))
        end = min(beat + phrase_bars * frame.beats_per_bar - rng.uniform(*expression.rest_beats), float(frame.beats))
        first = True
        while beat < end - 0.2:
            if not first and rng.random() < 0.3:
                rhythm = _rhythm(rng, motif_beats, density, triplets)
            if not first and rng.random() < 0.35:
                steps = _steps(rng, len(rhythm), expression)
            for number, duration in enumerate(rhythm):
                if beat >= end - 0.2:
                    break
                keys = frame.scale_keys(low, high, beat, scale)
                place = min(range(len(keys)), key=lambda i: abs(keys[i] - key))
                step = (0 if first else lift) if number == 0 else steps[(number - 1) % len(steps)]
                # The farther from the middle of the register, the stronger the pull back.
                if abs(key - centre) > (high - low) * 0.3 and (key - centre) * step > 0 and rng.random() < 0.8:
                    step = -step
                place = min(max(place + step, 0), len(keys) - 1)
                key = keys[place]
                strong = abs(beat - round(beat)) < 0.01 and round(beat) % (2 if frame.beats_per_bar != 3 else 3) == 0
                last = beat + duration >= end - 0.2
                if (strong and rng.random() < 0.75) or last:
                    tones = [k for k in keys if k % 12 in frame.chord_at(beat).pitch_classes] or keys
                    key = min(tones, key=lambda k: (abs(k - key), k))
                if last:
                    duration = max(duration, min(end - beat + 0.2, rng.choice((1.0, 2.0, 2.0, 3.0))))
                notes.append(_Draft(beat, duration, key, last))
                first = False
                beat += duration
        beat = max(beat, end)
        bar = -(-beat // frame.beats_per_bar) * frame.beats_per_bar
        beat = bar if rng.random() < 0.7 else max(beat, bar - rng.choice((0.5, 1.0)))
    return notes


def melody(
    rng: random.Random,
    frame: Frame,
    program: Program,
    expression: Expression,
    *,
    scale: str = "",
    level: int = 92,
    sung: bool = False,
    low: int | None = None,
    high: int | None = None,
) -> list[Note]:
    """Write and perform one line over the whole song.

    Args:
        rng: source of randomness.
        frame: the song.
        program: bounds the range.
        expression: articulation and ornaments.
        scale: name in `SCALES` that replaces the key's (pentatonic and blues lines).
        level: middle velocity.
        sung: notes carry vowels.
        low, high: a register inside the comfortable one.
    """
    span = program.comfortable
    low, high = span[0] if low is None else low, span[1] if high is None else high
    if high - low > 21 and not sung:  # a song keeps to a part of a wide register
        width = rng.randint(15, 21)
        low = rng.randint(low, high - width)
        high = low + width
    elif sung and high - low > 15:
        low = rng.randint(low, high - 15)
        high = low + 15
    density = rng.uniform(*expression.density) * min(1.4, max(0.55, 100.0 / frame.bpm))
    drafts = _draft(rng, frame, low, high, expression, density, scale)
    manner = rng.random()  # some songs are mostly legato, some mostly detached
    legato = min(0.95, expression.legato * (1.6 if manner < 0.4 else 0.8))
    staccato = expression.staccato * (0.4 if manner < 0.4 else 1.6)
    depth, rate_hz = rng.uniform(*expression.vibrato_cents), rng.uniform(*expression.vibrato_hz)
    notes: list[Note] = []
    vowel = rng.choice("aeiou")
    previous: _Draft | None = None
    phrase_start = drafts[0].start if drafts else 0.0
    for number, draft in enumerate(drafts):
        following = drafts[number + 1] if number + 1 < len(drafts) else None
        start = frame.time(draft.start) + rng.gauss(0, 0.007)
        length = frame.time(draft.start + draft.length) - frame.time(draft.start)
        joined = following is not None and not draft.last and following.start - draft.start - draft.length < 0.01
        draw = rng.random()
        if draw < staccato and not draft.last:
            held = length * rng.uniform(0.35, 0.55)
        elif draw < staccato + legato and joined:
            held = length * 1.02 + 0.015
        else:
            held = length * rng.uniform(0.8, 0.95)
        held = max(held, 0.06)
        position = min((draft.start - phrase_start) / (2.0 * frame.beats_per_bar), 1.0)
        arch = 10 * (1 - (2 * position - 1) ** 2) - 5
        accent = 7 if abs(draft.start - round(draft.start)) < 0.01 else (-3 if frame.swing == 0.5 else 3)
        velocity = int(min(max(level + arch + accent + rng.gauss(0, 5), 30), 124))
        bend = _bend(rng, expression, draft, previous, length)
        vibrato = None
        if depth > 3 and held > 0.28:
            vibrato = (depth * rng.uniform(0.7, 1.2), rate_hz * rng.uniform(0.95, 1.05), rng.uniform(0.05, 0.22))
        swell = None
        if expression.swell and held > 0.35 and rng.random() < expression.swell:
            swell = rng.choice(
                ((0.55, 1.0, 0.7), (0.5, 0.85, 1.0), (1.0, 0.8, 0.5), (0.7, 1.0, 0.45), (1.0, 0.55, 0.9))
            )
        if sung and (previous is None or previous.last or rng.random() < 0.75):
            vowel = rng.choice("aeiou") + (rng.choice(("s", "t", "k", "m", "f", "", "", "")))
        elif sung:
            vowel = vowel[0]  # the syllable goes on
        attack = rng.uniform(*expression.attack)
        if previous is not None and not previous.last and rng.random() < expression.grace and length > 0.15:
            scale_keys = frame.scale_keys(
                max(program.lowest, draft.key - 3), min(program.highest, draft.key + 3), draft.start, scale
            )
            near = [k for k in scale_keys if k != draft.key] or [draft.key]
            ornament = rng.uniform(0.05, 0.09)
            notes.append(Note(start - ornament * 0.6, ornament, rng.choice(near), max(30, velocity - 12)))
            start += ornament * 0.4
        if expression.trill and length > 0.5 and rng.random() < expression.trill * 2:
            upper = next((k for k in frame.scale_keys(draft.key + 1, program.highest, draft.start, scale)), draft.key)
            count = max(4, int(held / 0.08))
            for turn in range(count):
                notes.append(
                    Note(
                        start + turn * held / count,
                        held / count * 1.05,
                        (draft.key, upper)[turn % 2],
                        velocity - turn % 2 * 6,
                    )
                )
        else:
            notes.append(Note(start, held, draft.key, velocity, bend, vibrato, swell, attack, vowel if sung else ""))
            if expression.double_stop and length > 0.3 and rng.random() < expression.double_stop:
                tones = [
                    k
                    for k in range(max(program.lowest, draft.key - 9), draft.key - 2)
                    if k % 12 in frame.chord_at(draft.start).pitch_classes
                ]
                if tones:
                    notes.append(
                        Note(start, held, rng.choice(tones), max(30, velocity - 10), (), vibrato, swell, attack)
                    )
        if draft.last and following is not None:
            phrase_start = following.start
        previous = draft
    return [n for n in notes if n.start >= 0]


def _bend(
    rng: random.Random, expression: Expression, draft: _Draft, previous: _Draft | None, length: float
) -> tuple[tuple[float, float], ...]:
    """Return a scoop from below, a slide from the note before, a fall at the end, or nothing."""
    if (
        previous is not None
        and not previous.last
        and rng.random() < expression.slide
        and 0 < abs(draft.key - previous.key) <= 7
    ):
        return ((0.0, 100.0 * (previous.key - draft.key)), (rng.uniform(0.05, 0.12), 0.0))
    if rng.random() < expression.scoop and length > 0.2:
        return ((0.0, -rng.choice((50.0, 100.0, 100.0, 200.0))), (rng.uniform(0.06, 0.14), 0.0))
    if draft.last and rng.random() < expression.fall * 4 and length > 0.3:
        return ((0.0, 0.0), (length * 0.7, 0.0), (length, -rng.uniform(150, 500)))
    return ()
