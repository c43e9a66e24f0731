"""Songs: reproducible, within range for every instrument, led by their class, with labels that are drawn as wanted."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.corpus.composition import compose_song, compose_test_song, draw_labels
from irmas_tf.corpus.instruments import INSTRUMENTS, PROGRAM_TO_CODE
from irmas_tf.timbres.notes import DRUM_BANK


@settings(max_examples=15)
@given(st.sampled_from(IRMAS_CODES), st.integers(0, 10**9))
def test_songs_are_led_by_their_class_and_stay_in_range(code, seed):
    song = compose_song(code, str(seed), seconds=24)
    (lead,) = song.leads
    assert lead is song.parts[0]
    assert lead.code == code == PROGRAM_TO_CODE[lead.program]
    program = next(p for p in INSTRUMENTS[code].programs if p.number == lead.program)
    assert lead.notes
    for note in lead.notes:
        assert program.lowest <= note.key <= program.highest
        assert 1 <= note.velocity <= 127
    assert song.genre in {genre for genre, _ in INSTRUMENTS[code].genres}
    assert song.drums == any(p.bank == DRUM_BANK for p in song.parts)
    for part in song.parts[1:]:
        assert part.notes
        assert part.code == ""
        assert part.bank == DRUM_BANK or (
            part.program not in INSTRUMENTS[code].never_with and PROGRAM_TO_CODE.get(part.program) != code
        )
        assert part.notes == sorted(part.notes, key=lambda n: (n.start, n.key))


@pytest.mark.parametrize("code", ["gel", "org", "voi"])
def test_the_same_seed_composes_the_same_song(code):
    first, again, other = (compose_song(code, seed, seconds=20) for seed in ("1", "1", "2"))
    assert first == again
    assert first != other


@pytest.mark.slow
def test_songs_vary():
    songs = [compose_song("gel", str(seed), seconds=8) for seed in range(60)]
    assert len({s.leads[0].program for s in songs}) >= 5
    assert len({s.genre for s in songs}) >= 3
    assert 1 <= sum(len(s.parts) == 1 for s in songs) <= 30
    assert len({s.frame.tonic for s in songs}) >= 10
    assert any(s.drums for s in songs)
    assert not all(s.drums for s in songs)


def test_labels_are_drawn_in_irmas_proportions():
    rng = random.Random(0)
    drawn = [draw_labels(rng) for _ in range(4000)]
    assert all(1 <= len(d) <= 5 and len(set(d)) == len(d) for d in drawn)
    sizes = Counter(map(len, drawn))
    assert set(sizes) == {1, 2, 3, 4, 5}
    assert sizes[1] > sizes[2] > sizes[3] > sizes[4] > sizes[5]
    counts = Counter(code for d in drawn for code in d)
    assert set(counts) == set(IRMAS_CODES)
    assert counts["voi"] > counts["sax"] > counts["cla"]


@settings(max_examples=10)
@given(st.integers(0, 10**9))
def test_test_songs_have_one_lead_a_label_and_an_unlabelled_rest(seed):
    codes = draw_labels(random.Random(seed))
    song = compose_test_song(codes, str(seed), seconds=24)
    assert [p.code for p in song.leads] == codes
    for part in song.parts:
        if part.role != "lead" and part.bank != DRUM_BANK:
            assert part.program not in PROGRAM_TO_CODE
