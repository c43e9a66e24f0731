"""Basses stay low and on the chords, drums on the beat, pads in between."""

from __future__ import annotations

import random
import statistics

import pytest

from irmas_tf.corpus import accompaniment
from irmas_tf.corpus.harmony import GENRES, make_frame
from irmas_tf.corpus.instruments import BASSES, CHORDS, PADS


@pytest.mark.parametrize("seed, genre", [*enumerate(sorted(GENRES))])
def test_basses_are_low_and_mostly_on_chord_roots(genre, seed):
    rng = random.Random(seed)
    frame = make_frame(rng, genre, seconds=24)
    notes = accompaniment.bass(rng, frame, BASSES[genre][0][0])
    assert all(28 <= n.key <= 60 for n in notes)
    assert statistics.median(n.key for n in notes) <= 42
    downbeats = [c for c in frame.chords if c.start < frame.beats - 1]
    on_root = 0
    for chord in downbeats:
        near = min(notes, key=lambda n: abs(n.start - frame.time(chord.start)))
        on_root += near.key % 12 == chord.root
    assert on_root >= 0.6 * len(downbeats)


@pytest.mark.parametrize("genre", sorted(GENRES))
def test_drums_use_the_kit_and_keep_time(genre):
    for seed in range(2):
        rng = random.Random(seed)
        frame = make_frame(rng, genre, drums=True, seconds=24)
        notes = accompaniment.drums(rng, frame)
        assert notes
        assert all(35 <= n.key <= 81 and 0 < n.velocity <= 127 and n.start >= 0 for n in notes)
        assert notes == sorted(notes, key=lambda n: (n.start, n.key))
        grid = [frame.time(b / 12) for b in range(frame.beats * 12 + 12)]
        assert statistics.median(min(abs(n.start - g) for g in grid) for n in notes) < 0.01


@pytest.mark.parametrize("genre", sorted(GENRES))
def test_every_chord_and_pad_program_writes_its_part(genre):
    for write, table in ((accompaniment.chords, CHORDS), (accompaniment.pad, PADS)):
        for program, _ in table[genre]:
            rng = random.Random(f"{genre} {program}")
            frame = make_frame(rng, genre, seconds=24)
            notes = write(rng, frame, program)
            assert notes
            assert all(28 <= n.key <= 100 and n.start >= 0 and n.duration > 0 for n in notes)
