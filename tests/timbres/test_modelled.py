"""Computed instruments: in tune, repeatable, different from variant to variant, looped without a seam."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.timbres import models, stk
from irmas_tf.timbres.modelled import RATE_HZ, hertz
from irmas_tf.timbres.notes import Note
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.zones import SoundFontError

BANKS = {name: make() for name, make in (
    ("organ", models.organ_bank), ("voice", models.voice_bank), ("additive", models.additive_bank),
)}  # fmt: skip
PROGRAMS = [(name, program) for name, bank in BANKS.items() for program in range(128) if bank.zones(0, program)]


def harmonic_share(audio: np.ndarray, key: int) -> float:
    """Return the share of power within 40 cents of the harmonics of half a key (organs go an octave down)."""
    power = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ)
    order = np.maximum(np.round(hz / (hertz(key) / 2)), 1)
    near = np.abs(1200 * np.log2(np.maximum(hz, 1) / (order * hertz(key) / 2))) < 40
    return float(power[near].sum() / power.sum())


@pytest.mark.parametrize("name, program", PROGRAMS)
def test_notes_are_in_tune_and_repeatable(name, program):
    bank = BANKS[name]
    zone = min(bank.zones(1, program), key=lambda z: abs(z.root_key - 62))
    wave = bank.samples(zone)
    np.testing.assert_array_equal(type(bank).samples(emptied(bank), zone), wave)
    assert np.isfinite(wave).all()
    assert 0.65 < np.abs(wave).max() < 0.75
    assert harmonic_share(wave[8000:40000], int(zone.root_key)) > 0.6
    other = bank.zones(2, program)[bank.zones(1, program).index(zone)]
    assert np.corrcoef(np.abs(np.fft.rfft(wave)), np.abs(np.fft.rfft(bank.samples(other))))[0, 1] < 0.999


def emptied(bank):
    """Return a bank of the same programs that has kept nothing."""
    fresh = type(bank)(bank._programs, bank.variants, bank.vowels)
    fresh._made = bank._made
    return fresh


@pytest.mark.parametrize("name, program", [p for p in PROGRAMS if p[1] in (16, 19, 40, 42, 53, 71, 73)])
def test_a_loop_has_no_seam(name, program):
    bank = BANKS[name]
    zone = bank.zones(3, program)[4]
    audio = bank.samples(zone)
    first, last = zone.loop
    step = np.abs(np.diff(audio[first:last])).max()
    assert abs(audio[last - 1] - audio[first - 1]) <= step
    held = Sampler(bank).play(3, program, Note(0, 4.0, int(zone.root_key), 127))
    levels = [float(np.sqrt(np.mean(held[i : i + 4410] ** 2))) for i in range(2 * RATE_HZ, 4 * RATE_HZ - 4410, 4410)]
    assert min(levels) > 0.3 * max(levels)


def test_keys_of_a_program_are_all_covered_once():
    for name, program in PROGRAMS:
        zones = BANKS[name].zones(0, program)
        assert [sum(z.keys[0] <= key <= z.keys[1] for z in zones) for key in range(128)] == [1] * 128


def test_vowels_differ_and_are_other_bank_numbers():
    bank = BANKS["voice"]
    a, i = (bank.samples(bank.zones(turn * bank.variants, 53)[3]) for turn in (0, 2))

    def bright(x: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(x)) ** 2
        hz = np.fft.rfftfreq(len(x), 1 / RATE_HZ)
        return float(power[(hz > 1800) & (hz < 3400)].sum() / power[(hz > 600) & (hz < 1400)].sum())

    assert bright(i) > 2 * bright(a)


def test_without_stk_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(stk.shutil, "which", lambda name: None)
    with pytest.raises(SoundFontError, match="apt-get install stk"):
        stk.StkBank()


def test_a_failing_stk_is_one_line(monkeypatch, tmp_path):
    script = tmp_path / "stk-demo"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setattr(stk, "PROGRAM", str(script))
    with pytest.raises(SoundFontError, match=r"wrote nothing \(status 3\); leave stk out"):
        stk.play_note("Clarinet", 60, 0.5, 0)


@pytest.mark.skipif(stk.shutil.which(stk.PROGRAM) is None, reason="needs Debian's package stk")
def test_stk_s_models_are_tuned_and_give_the_same_notes_again():
    bank = stk.StkBank()
    zone = bank.zones(2, 71)[5]
    wave = bank.samples(zone)
    off = stk.cents_from(wave, zone.root_key)
    assert off is not None and abs(off) < 15
    again = stk.play_note("Clarinet", zone.root_key, 1.0, 2)
    np.testing.assert_array_equal(stk.play_note("Clarinet", zone.root_key, 1.0, 2), again)


def test_chosen_variants_take_turns():
    bank = BANKS["organ"]
    chosen = bank._programs[16].chosen
    assert len(chosen) > 3
    first, again, next_one = (bank.samples(bank.zones(turn, 16)[8]) for turn in (0, len(chosen), 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, next_one)
