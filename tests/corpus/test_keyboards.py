"""Keyboard textures fill the song in range, with a left hand below the right, and organs hold where pianos strike."""

from __future__ import annotations

import itertools
import random
import statistics

import pytest

from irmas_tf.corpus.harmony import GENRES, make_frame
from irmas_tf.corpus.instruments import INSTRUMENTS
from irmas_tf.corpus.keyboards import KEYBOARD_TEXTURES, left_hand

MANNERS = {name for code in ("pia", "org") for p in INSTRUMENTS[code].programs for name, _ in p.manners}


def play(texture: str, genre: str, code: str, seed: int = 0):
    rng = random.Random(f"{texture} {genre} {seed}")
    frame = make_frame(rng, genre, seconds=24)
    program = INSTRUMENTS[code].programs[0]
    return frame, program, KEYBOARD_TEXTURES[texture](rng, frame, program, INSTRUMENTS[code].expression, 90)


def test_every_keyboard_texture_is_used():
    assert set(KEYBOARD_TEXTURES) <= MANNERS


@pytest.mark.parametrize("texture, genre", [*zip(2 * sorted(KEYBOARD_TEXTURES), itertools.cycle(sorted(GENRES)))])
def test_textures_fill_the_song_in_range(texture, genre):
    code = "org" if texture.startswith("organ") or texture in ("chorale", "toccata") else "pia"
    frame, program, notes = play(texture, genre, code)
    assert all(program.lowest <= n.key <= program.highest for n in notes)
    assert all(0 < n.velocity <= 127 and n.start >= 0 and n.duration > 0 for n in notes)
    starts = sorted(n.start for n in notes)
    assert starts[0] < 8
    assert starts[-1] > frame.seconds - 10
    sounding = sorted((n.start, n.end) for n in notes)
    assert any(b[0] < a[1] - 0.05 for a, b in itertools.pairwise(sounding)), "not a single chord"


@pytest.mark.parametrize("style", ["alberti", "broken", "octaves", "stride", "waltz", "shells", "walking", "held"])
def test_left_hands_stay_low(style):
    rng = random.Random(style)
    frame = make_frame(rng, "jaz_blu", seconds=24)
    notes = left_hand(rng, frame, 80, style)
    assert notes
    assert statistics.median(n.key for n in notes) < 60
    assert max(n.end for n in notes) < frame.seconds + 4


def test_a_chorale_is_slower_than_a_toccata():
    def length(texture: str) -> float:
        return statistics.median(n.duration for seed in range(4) for n in play(texture, "cla", "org", seed)[2])

    assert length("chorale") > 1.5 * length("toccata") or length("chorale") > 1.0
