"""Who plays a part: drawn from the seed alone, from sources that can, and changed as asked."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from irmas_tf.timbres.notes import Note
from irmas_tf.timbres.orchestra import Orchestra
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.sf2 import SoundFont, bundled_soundfont
from irmas_tf.timbres.sources import CHANGES, Source, parse_sounds
from irmas_tf.timbres.zones import SoundFontError
from tests.helpers.sound_sources import make_patches

NOTE = Note(0.4, 0.5, 64, 100)
CLASS_PROGRAMS = (0, 19, 25, 29, 40, 42, 53, 56, 65, 71, 73)


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    return make_patches(tmp_path_factory.mktemp("patches"), CLASS_PROGRAMS)


@pytest.fixture(scope="module")
def two(patches) -> Orchestra:
    return parse_sounds(f"timgm6mb,{patches}:3:vio=0").open(44100, 64 << 20)


def sampler_of(player) -> Sampler:
    return player.timbres[0].layers[0].sampler


def test_one_source_without_changes_is_that_source():
    orchestra = parse_sounds("timgm6mb").open(44100, 64 << 20)
    player = orchestra.player("1", "lead", 0, 40, "vio")
    font = SoundFont(bundled_soundfont())
    np.testing.assert_array_equal(player.play(0, 40, NOTE, 10.0), Sampler(font, quick=True).play(0, 40, NOTE, 10.0))


def test_sources_are_drawn_by_weight_and_class(two):
    drawn = Counter(sampler_of(two.player(f"{n}", "lead", 0, 73, "flu")) is two.samplers[1] for n in range(200))
    assert 120 < drawn[True] < 180  # three quarters
    assert all(sampler_of(two.player(f"{n}", "lead", 0, 40, "vio")) is two.samplers[0] for n in range(30))


def test_what_a_source_lacks_is_played_by_one_of_the_same_class_or_not_at_all(patches):
    only = parse_sounds(str(patches)).open(44100, 64 << 20)
    only.check()
    for program, code, taken in ((30, "gel", 29), (67, "sax", 65), (52, "voi", 53), (18, "org", 19), (24, "gac", 25)):
        player = only.player("x", "lead", 0, program, code)
        assert player.timbres[0].layers[0].program == taken
        assert np.abs(player.play(0, program, NOTE)).max() > 0.01
    assert only.player("x", "pad", 0, 89, "").play(0, 89, NOTE).size == 0
    drum = only.player("x", "drums", 128, 40, "").play(128, 40, Note(0, 0.1, 38, 100), one_shot=True)
    assert np.abs(drum).max() > 0.01


def test_classes_that_nobody_plays_are_named(tmp_path):
    few = make_patches(tmp_path / "few", (40, 73), drums=())
    with pytest.raises(SoundFontError, match=r"few cannot play cel, cla.*standard drum kit.*another source"):
        parse_sounds(str(few)).open(44100, 1 << 20).check()


@pytest.mark.slow
def test_the_same_seed_plays_the_same_whatever_was_played_before(patches):
    text = f"timgm6mb,{patches},voice,organ"
    first, second = (parse_sounds(text, "all").open(44100, 64 << 20) for _ in range(2))
    parts = [(f"{n}", 0, program, code) for n in range(3) for program, code in ((53, "voi"), (27, "gel"), (16, "org"))]
    notes = [NOTE, Note(3.1, 0.4, 60, 80, vibrato=(20, 5, 0.1), vowel="is")]
    heard = {
        part: [first.player(part[0], "lead", *part[1:]).play(0, part[2], note) for note in notes] for part in parts
    }
    for part in parts[::-1]:
        for note, before in zip(notes[::-1], heard[part][::-1], strict=True):
            np.testing.assert_array_equal(second.player(part[0], "lead", *part[1:]).play(0, part[2], note), before)


def test_every_change_happens_and_only_when_asked(two, patches):
    def drawn(change: str) -> list:
        orchestra = Orchestra([Source("t", str(bundled_soundfont())), Source("p", str(patches))], [change])
        return [orchestra.player(f"{n}", "lead", 0, 27, "gel") for n in range(40)]

    shows = {
        "body": lambda p: p.timbres[0].layers[0].body != 0,
        "blend": lambda p: len(p.timbres[0].layers) == 2,
        "phrase": lambda p: len(p.timbres) > 1,
        "players": lambda p: len(p.timbres[0].players) > 1,
        "amplifier": lambda p: p.amplifier is not None,
    }
    assert set(shows) == set(CHANGES)
    for change in CHANGES:
        players = drawn(change)
        for name, shown in shows.items():
            share = sum(map(shown, players)) / len(players)
            assert (0.05 < share < 0.95) if name == change else share == 0, (change, name, share)


def test_a_phrase_later_another_timbre_plays(patches):
    orchestra = Orchestra([Source("t", str(bundled_soundfont())), Source("p", str(patches))], ["phrase"])
    player = next(
        p for p in (orchestra.player(f"{n}", "lead", 0, 40, "vio") for n in range(99))
        if len({id(t.layers[0].sampler) for t in p.timbres}) > 1
    )  # fmt: skip
    early, late = (
        player.play(0, 40, Note(turn * player.phrase_seconds + 0.01, 0.3, 64, 100)) for turn in range(2)
    )  # fmt: skip
    size = min(len(early), len(late))
    assert np.corrcoef(early[:size], late[:size])[0, 1] < 0.9


def test_a_body_is_another_sample_at_the_same_pitch():
    sampler = Sampler(SoundFont(bundled_soundfont()))
    plain, larger = (sampler.play(0, 0, NOTE, body=body)[4000:20000] for body in (0, 12))
    peaks = [int(np.argmax(np.abs(np.fft.rfft(x * np.hanning(len(x)))))) for x in (plain, larger)]
    low, high = sorted(peaks)  # another harmonic may be the strongest
    assert abs(high - round(high / low) * low) <= 2
    assert not np.array_equal(plain, larger)
