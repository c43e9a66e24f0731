"""Lines stay in range, breathe, move mostly by step, and carry the articulation asked for."""

from __future__ import annotations

import itertools
import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irmas_tf.corpus.harmony import GENRES, make_frame
from irmas_tf.corpus.instruments import INSTRUMENTS
from irmas_tf.corpus.melody import melody

LINES = [(i.code, p) for i in INSTRUMENTS.values() for p in i.programs if p.manners[0][0] in ("melody", "sing")]


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from(LINES), st.sampled_from(sorted(GENRES)))
def test_lines_stay_in_range_and_in_time(seed, line, genre):
    code, program = line
    rng = random.Random(seed)
    frame = make_frame(rng, genre, seconds=30)
    notes = melody(rng, frame, program, INSTRUMENTS[code].expression, sung=code == "voi")
    assert len(notes) > 12
    for note in notes:
        assert program.lowest <= note.key <= program.highest
        assert 0 <= note.start < frame.seconds
        assert 0.02 < note.duration < 12
        assert 20 <= note.velocity <= 127
        assert bool(note.vowel) <= (code == "voi")
    keys = [n.key for n in notes]
    steps = [abs(b - a) for a, b in itertools.pairwise(keys)]
    assert statistics.median(steps) <= 5
    assert len(set(keys)) >= 4


def test_phrases_breathe():
    silent = 0
    for seed in range(8):
        rng = random.Random(seed)
        frame = make_frame(rng, "cla", seconds=30)
        notes = sorted(melody(rng, frame, LINES[0][1], INSTRUMENTS["cel"].expression), key=lambda n: n.start)
        gaps = [b.start - a.end for a, b in itertools.pairwise(notes)]
        silent += max(gaps) > 0.12
    assert silent >= 7


def test_articulation_differs_between_instruments():
    def share(code: str, attribute: str) -> float:
        found = []
        for seed in range(5):
            rng = random.Random(seed)
            frame = make_frame(rng, "jaz_blu", seconds=30)
            program = INSTRUMENTS[code].programs[0]
            found += [bool(getattr(n, attribute)) for n in melody(rng, frame, program, INSTRUMENTS[code].expression)]
        return sum(found) / len(found)

    assert share("vio", "vibrato") > 0.2
    assert share("voi", "bend") > 3 * share("cla", "bend")
    assert share("pia", "vibrato") == 0


@pytest.mark.parametrize("seed", range(2))
def test_the_same_seed_writes_the_same_line(seed):
    def write() -> list:
        rng = random.Random(seed)
        return melody(rng, make_frame(rng, "lat_sou"), LINES[1][1], INSTRUMENTS["cla"].expression)

    assert write() == write()
