"""Singers: in tune within a singer's wandering, vowels by their formants, another person per variant."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.timbres.modelled import RATE_HZ, hertz
from irmas_tf.timbres.voice import SINGERS, VOWELS, sing, voice_bank
from tests.helpers.pitch import cents_off, power_between


@pytest.mark.parametrize("vowel", VOWELS)
def test_notes_over_the_whole_range_are_in_tune_finite_and_as_long_as_asked(vowel):
    for variant, key in enumerate((42, 55, 66, 78, 90)):
        audio = sing(key, 1.0, variant, vowel)
        assert audio.dtype == np.float32 and len(audio) == RATE_HZ and np.isfinite(audio).all()
        assert abs(cents_off(audio[8000:40000], key)) <= 25, key


def test_the_same_singer_sings_the_same_and_another_is_another():
    np.testing.assert_array_equal(sing(60, 0.5, 7), sing(60, 0.5, 7))
    spectra = [np.abs(np.fft.rfft(sing(60, 0.5, variant))) for variant in (7, 8)]
    assert np.corrcoef(*spectra)[0, 1] < 0.99


def test_no_vowel_is_an_a():
    np.testing.assert_array_equal(sing(57, 0.3, 2, ""), sing(57, 0.3, 2, "a"))


def test_a_man_s_vowels_have_their_formants():
    """The first two formants of Peterson and Barney, by the bands where the vowels differ most."""

    def share(vowel: str, low_hz: float, high_hz: float) -> float:
        shares = []
        for variant in range(4):
            audio = sing(45, 0.8, variant, vowel)[8000:32000]
            shares.append(power_between(audio, low_hz, high_hz) / power_between(audio, 80, 5000))
        return float(np.median(shares))

    assert share("a", 550, 1300) > 3 * share("i", 550, 1300)
    assert share("a", 550, 1300) > 2 * share("u", 550, 1300)
    assert share("i", 1900, 3400) > 3 * share("u", 1900, 3400)
    assert share("e", 1500, 2800) > share("o", 1500, 2800)


def test_high_notes_keep_their_fundamental():
    # The first formant of a sung i is 290 Hz; singers open the jaw when the pitch passes it.
    for variant in range(6):
        audio = sing(84, 0.6, variant, "i")[8000:24000]
        f0 = hertz(84)
        assert power_between(audio, 0.9 * f0, 1.1 * f0) > 0.5 * power_between(audio, 80, 16000)


def test_a_note_opens_softly_and_is_held():
    for variant in range(6):
        audio = sing(60, 1.5, variant).astype(np.float64)
        held = np.sqrt(np.mean(audio[20000:40000] ** 2))
        assert np.sqrt(np.mean(audio[:220] ** 2)) < 0.4 * held
        assert np.sqrt(np.mean(audio[-20000:] ** 2)) > 0.6 * held


def test_vowels_are_other_bank_numbers_of_the_same_singers():
    bank = voice_bank()
    assert bank.vowels == VOWELS
    assert all(bank.zones(len(VOWELS) * bank.variants - 1, program) for program in SINGERS)
    assert bank.zones(len(VOWELS) * bank.variants, 53) == []
    a, i = (bank.samples(bank.zones(VOWELS.index(vowel) * bank.variants, 53)[3]) for vowel in "ai")
    ratio = [power_between(audio, 1800, 3400) / power_between(audio, 600, 1400) for audio in (a, i)]
    assert ratio[1] > 2 * ratio[0]
