"""Banks of computed instruments: repeatable, other from variant to variant, of one level, looped without a seam.

What each instrument is like is in test_additive.py, test_organ.py, test_voice.py and test_stk.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.timbres.additive import additive_bank
from irmas_tf.timbres.modelled import (
    RATE_HZ,
    ModelledBank,
    ModelledProgram,
    harmonics,
    hertz,
    phase,
    read_table,
    resonances,
    wavetable,
)
from irmas_tf.timbres.notes import Note
from irmas_tf.timbres.organ import organ_bank
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.voice import voice_bank

BANKS = {"organ": organ_bank(), "voice": voice_bank(), "additive": additive_bank()}
PROGRAMS = [(name, program) for name, bank in BANKS.items() for program in range(128) if bank.zones(0, program)]


def harmonic_share(audio: np.ndarray, key: int) -> float:
    """Return the share of power within 40 cents of the harmonics of half a key (organs go an octave down)."""
    power = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ)
    order = np.maximum(np.round(hz / (hertz(key) / 2)), 1)
    near = np.abs(1200 * np.log2(np.maximum(hz, 1) / (order * hertz(key) / 2))) < 40
    return float(power[near].sum() / power.sum())


@pytest.mark.parametrize("name, program", PROGRAMS)
def test_samples_are_of_their_harmonics_of_one_level_and_repeatable(name, program):
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


@pytest.mark.parametrize("name, program", [("organ", 16), ("organ", 19), ("voice", 53), ("additive", 40)])
def test_a_released_note_is_gone_after_the_release(name, program):
    bank = BANKS[name]
    seconds = bank._programs[program].release_seconds
    audio = Sampler(bank).play(1, program, Note(0, 0.5, 62, 110))
    assert len(audio) == pytest.approx(
        (0.5 + seconds / 2) * RATE_HZ, abs=2
    )  # it ends 50 dB down, half of a 100 dB fall
    held, end = audio[RATE_HZ // 4 : RATE_HZ // 2], audio[-400:]
    assert 0 < np.sqrt(np.mean(end**2)) < 0.02 * np.sqrt(np.mean(held**2))


def test_keys_of_a_program_are_all_covered_once():
    for name, program in PROGRAMS:
        zones = BANKS[name].zones(0, program)
        assert [sum(z.keys[0] <= key <= z.keys[1] for z in zones) for key in range(128)] == [1] * 128


def bank_of_numbers(**options) -> ModelledBank:
    """Return a bank whose variant n is a constant 1 / (n + 1) after a peak of 1."""

    def make(key: int, seconds: float, variant: int, vowel: str) -> np.ndarray:
        wave = np.full(round(seconds * RATE_HZ), 1 / (variant + 1), np.float32)
        wave[0] = 1
        return wave

    return ModelledBank({7: ModelledProgram(make, 48, 60, sustained=False, seconds=0.3, **options)}, 6)


def variants_of(bank: ModelledBank) -> list[int]:
    return [round(0.7 / float(bank.samples(bank.zones(number, 7)[0])[100])) - 1 for number in range(bank.variants)]


def test_chosen_variants_take_turns_and_all_are_there_when_asked():
    chosen = bank_of_numbers(chosen=(4, 1))
    assert variants_of(chosen) == [4, 1, 4, 1, 4, 1]
    assert variants_of(chosen.with_all_variants()) == variants_of(bank_of_numbers()) == [0, 1, 2, 3, 4, 5]


def test_numbers_and_programs_outside_have_no_zones():
    bank = bank_of_numbers()
    assert bank.zones(0, 7) and bank.zones(5, 7)
    assert bank.zones(6, 7) == bank.zones(-1, 7) == bank.zones(0, 8) == []


def test_what_is_not_held_ends_in_silence():
    bank = bank_of_numbers()
    wave = bank.samples(bank.zones(0, 7)[0])
    assert wave[-1] == 0 and wave[-2048] == pytest.approx(0.35, abs=0.01)


def test_a_wavetable_is_the_sum_of_its_sines():
    amplitudes = np.array([1.0, 0.0, 0.5])
    table = wavetable(amplitudes, np.random.default_rng(0), spread=0.0)
    turns = np.linspace(0, 3, 1001)
    expected = np.sin(2 * np.pi * turns) + 0.5 * np.sin(2 * np.pi * 3 * turns)
    np.testing.assert_allclose(read_table(table, turns), expected, atol=2e-5)


def test_a_tone_s_phase_runs_at_its_frequency_and_wanders_by_its_jitter():
    steady = np.diff(phase(69, 44100, np.random.default_rng(0), 0.0)) * RATE_HZ
    np.testing.assert_allclose(steady, 440.0)
    wandering = np.diff(phase(69, 44100, np.random.default_rng(0), 0.01)) * RATE_HZ / 440 - 1
    assert 0.002 < np.std(wandering) < 0.02 and abs(np.mean(wandering)) < 0.01


def test_resonances_and_harmonics_are_what_they_say():
    gain = 20 * np.log10(resonances(np.array([250.0, 500.0, 1000.0]), [(500.0, 6.0, 0.25)]))
    np.testing.assert_allclose(gain, [0.002, 6.0, 0.002], atol=0.002)
    assert hertz(57) == pytest.approx(220.0)
    np.testing.assert_allclose(harmonics(57, 700.0), [220.0, 440.0, 660.0])
    assert len(harmonics(120, 700.0)) == 1 and len(harmonics(0)) == 1000
