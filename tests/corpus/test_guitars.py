"""Guitar chords are playable and right, and every texture fills the song within the instrument's range."""

from __future__ import annotations

import itertools
import random

import pytest

from irmas_tf.corpus.guitars import GUITAR_TEXTURES, STRINGS, guitar_voicing
from irmas_tf.corpus.harmony import GENRES, Chord, make_frame
from irmas_tf.corpus.instruments import INSTRUMENTS


def test_an_open_e_minor_and_c_major():
    assert guitar_voicing(Chord(4, (0, 3, 7), 0, 4)) == [40, 47, 52, 55, 59, 64]
    assert guitar_voicing(Chord(0, (0, 4, 7), 0, 4))[1:] == [48, 52, 55, 60, 64]


@pytest.mark.parametrize("intervals", [(0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 6, 10), (0, 4, 7, 11)])
def test_voicings_fit_a_hand_and_the_chord(intervals):
    for root, position in ((0, 0), (3, 2), (4, 5), (7, 0), (8, 5), (11, 2)):
        chord = Chord(root, intervals, 0, 4)
        voicing = guitar_voicing(chord, position)
        sounding = [k for k in voicing if k is not None]
        assert len(sounding) >= 3
        assert {k % 12 for k in sounding} <= set(chord.pitch_classes)
        assert min(sounding) % 12 == root
        frets = [k - s for k, s in zip(voicing, STRINGS, strict=True) if k is not None]
        assert max(frets) - min(frets) <= 5 or min(frets) == 0


@pytest.mark.parametrize("texture, genre", [*zip(sorted(GUITAR_TEXTURES), itertools.cycle(sorted(GENRES)))])
def test_textures_fill_the_song_in_range(texture, genre):
    for code, number in (("gac", 25), ("gel", 30)):
        program = next(p for p in INSTRUMENTS[code].programs if p.number == number)
        rng = random.Random(f"{texture} {genre}")
        frame = make_frame(rng, genre, seconds=24)
        notes = GUITAR_TEXTURES[texture](rng, frame, program, INSTRUMENTS[code].expression, 90)
        assert all(program.lowest <= n.key <= program.highest for n in notes)
        assert all(0 < n.velocity <= 127 and n.start >= 0 and n.duration > 0 for n in notes)
        starts = sorted(n.start for n in notes)
        assert starts[0] < 8
        assert starts[-1] > frame.seconds - 10


def test_a_strum_spreads_its_strings():
    rng = random.Random(1)
    frame = make_frame(rng, "cou_fol", seconds=20)
    notes = GUITAR_TEXTURES["strum"](rng, frame, INSTRUMENTS["gac"].programs[1], INSTRUMENTS["gac"].expression, 90)
    first = sorted(notes, key=lambda n: n.start)[:4]
    spread = [b.start - a.start for a, b in itertools.pairwise(first)]
    assert all(0.003 < s < 0.05 for s in spread)
