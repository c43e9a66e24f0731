"""Organs: drawbars at their ratios, wheels that end, pipes that speak late and in ranks."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.timbres.modelled import RATE_HZ, hertz
from irmas_tf.timbres.organ import ORGANS, organ_bank, pipes, tonewheel
from tests.helpers.pitch import cents_off, power_between

DRAWBARS = (0.5, 1, 1.5, 2, 3, 4, 5, 6, 8)


@pytest.mark.parametrize("make", [tonewheel, pipes])
def test_notes_over_the_whole_range_are_in_tune_finite_and_as_long_as_asked(make):
    for variant, key in enumerate((36, 55, 66, 84, 96)):
        audio = make(key, 0.9, variant)
        assert audio.dtype == np.float32 and len(audio) == round(0.9 * RATE_HZ) and np.isfinite(audio).all()
        assert abs(cents_off(audio[8000:36000], key)) <= 12, key


@pytest.mark.parametrize("make", [tonewheel, pipes])
def test_the_same_variant_is_the_same_note_and_another_is_another(make):
    np.testing.assert_array_equal(make(60, 0.5, 7), make(60, 0.5, 7))
    spectra = [np.abs(np.fft.rfft(make(60, 0.5, variant))) for variant in (7, 8)]
    assert np.corrcoef(*spectra)[0, 1] < 0.999


def test_a_tonewheel_sounds_at_the_ratios_of_its_drawbars():
    # From 16 feet, half the key, to 1 foot, eight times; there is no drawbar for 2.5, 3.5 or 7, only what drive adds.
    key, shares = 48, []
    for variant in range(8):
        audio = tonewheel(key, 1.2, variant)[10000:50000]
        drawn = (power_between(audio, 0.97 * r * hertz(key), 1.03 * r * hertz(key)) for r in DRAWBARS)
        shares.append(sum(drawn) / power_between(audio, 20, 16000))
    assert np.median(shares) > 0.9


def test_the_highest_wheels_are_used_twice():
    # Key 96, 1 foot would be at 16.7 kHz; there is no such wheel.
    for variant in range(6):
        audio = tonewheel(96, 0.6, variant)[8000:]
        assert power_between(audio, 14000, 20000) < 0.02 * power_between(audio, 500, 14000)


def test_wheels_sound_at_once_and_pipes_a_little_later():
    def onset(make, variant: int) -> float:
        audio = make(60, 1.0, variant).astype(np.float64)
        return float(np.sqrt(np.mean(audio[300:900] ** 2) / np.mean(audio[20000:40000] ** 2)))

    wheels, ranks = (np.median([onset(make, variant) for variant in range(8)]) for make in (tonewheel, pipes))
    assert wheels > 0.8 > ranks


def test_both_are_held_and_a_church_rings_longer():
    for program, model in ORGANS.items():
        audio = model.make(60, model.seconds, 1, "").astype(np.float64)
        quarter = len(audio) // 4
        assert np.sqrt(np.mean(audio[-quarter:] ** 2) / np.mean(audio[quarter : 2 * quarter] ** 2)) > 0.6
        assert organ_bank().zones(0, program)[0].release_seconds == model.release_seconds
    assert ORGANS[19].release_seconds > 5 * ORGANS[16].release_seconds


def test_chosen_variants_take_turns():
    bank = organ_bank()
    chosen = ORGANS[16].chosen
    assert len(chosen) > 3 and max(chosen) < bank.variants
    first, again, next_one = (bank.samples(bank.zones(turn, 16)[8]) for turn in (0, len(chosen), 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, next_one)
