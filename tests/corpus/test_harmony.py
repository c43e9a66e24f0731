"""Chords are spelled right, progressions fill the song without gaps, and time runs forward."""

from __future__ import annotations

import itertools
import random

import pytest

from irmas_tf.corpus.harmony import GENRES, SCALES, make_frame, parse_numeral
from irmas_tf.datasets.irmas import GENRES as IRMAS_GENRES


@pytest.mark.parametrize(
    "numeral, degree, intervals",
    [("I", 0, (0, 4, 7)), ("iv", 5, (0, 3, 7)), ("V7", 7, (0, 4, 7, 10)), ("bVIIM7", 10, (0, 4, 7, 11)),
     ("iih7", 2, (0, 3, 6, 10)), ("bIII", 3, (0, 4, 7)), ("vi7", 9, (0, 3, 7, 10))],
)  # fmt: skip
def test_numerals(numeral, degree, intervals):
    assert parse_numeral(numeral) == (degree, intervals)


@pytest.mark.parametrize("text", ["", "VIII", "X", "Vfoo", "ib"])
def test_unknown_numerals_are_refused(text):
    with pytest.raises(ValueError, match="numeral"):
        parse_numeral(text)


def test_genres_are_those_of_irmas():
    assert set(GENRES) == set(IRMAS_GENRES)
    for genre in GENRES.values():
        for mode, numerals, _ in genre.progressions:
            assert mode in SCALES
            assert all(parse_numeral(n) for n in numerals.split())


@pytest.mark.parametrize("genre", sorted(GENRES))
@pytest.mark.parametrize("seed", range(2))
def test_chords_follow_on_one_another_and_time_runs_forward(genre, seed):
    frame = make_frame(random.Random(seed), genre, seconds=30)
    assert frame.seconds >= 29
    assert frame.chords[0].start == 0
    for before, after in zip(frame.chords, frame.chords[1:], strict=False):
        assert after.start == pytest.approx(before.start + before.length)
    assert frame.chords[-1].start + frame.chords[-1].length >= frame.beats
    times = [frame.time(b / 4) for b in range(frame.beats * 4 + 1)]
    assert all(b > a for a, b in itertools.pairwise(times))
    assert frame.chord_at(frame.chords[3].start) == frame.chords[3]
    assert frame.chord_at(1e9) == frame.chords[-1]


def test_the_same_seed_gives_the_same_frame():
    assert make_frame(random.Random(3), "jaz_blu") == make_frame(random.Random(3), "jaz_blu")
    assert make_frame(random.Random(3), "jaz_blu") != make_frame(random.Random(4), "jaz_blu")


def test_swing_delays_the_offbeat():
    frame = next(f for s in range(50) if (f := make_frame(random.Random(s), "jaz_blu")).swing > 0.5)
    start, off, following = frame.time(4.0), frame.time(4.5), frame.time(5.0)
    assert (off - start) / (following - start) == pytest.approx(frame.swing)


def test_the_leading_note_is_raised_over_the_dominant_in_minor():
    for seed in range(200):
        frame = make_frame(random.Random(seed), "cla")
        dominants = [c for c in frame.chords if (c.root - frame.tonic) % 12 == 7 and c.intervals[1] == 4]
        if frame.mode == "minor" and dominants:
            classes = {(k - frame.tonic) % 12 for k in frame.scale_keys(48, 72, dominants[0].start)}
            assert 11 in classes
            assert 10 not in classes
            return
    pytest.fail("no piece in minor with a dominant among 200")
