"""Strings, winds, brass and guitars as sums of harmonics: in tune, and with what tells each from the others."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.timbres.additive import ADDITIVE, additive_bank, clarinet, plucked, render, trumpet
from irmas_tf.timbres.modelled import RATE_HZ, harmonics
from tests.helpers.pitch import cents_off, power_between

NYLON, STEEL, ELECTRIC, VIOLIN, TRUMPET, MUTED, CLARINET, FLUTE = 24, 25, 26, 40, 56, 59, 71, 73


def note(program: int, key: int, variant: int = 0, seconds: float = 1.0) -> np.ndarray:
    return ADDITIVE[program].make(key, seconds, variant, "")


@pytest.mark.parametrize("program", ADDITIVE)
def test_notes_over_the_whole_range_are_in_tune_finite_and_as_long_as_asked(program):
    model = ADDITIVE[program]
    for variant, key in enumerate((model.lowest, (model.lowest + model.highest) // 2, model.highest)):
        audio = note(program, key, variant)
        assert audio.dtype == np.float32 and len(audio) == RATE_HZ and np.isfinite(audio).all()
        assert abs(cents_off(audio[8000:40000], key)) <= 12, key


@pytest.mark.parametrize("program", [STEEL, VIOLIN, TRUMPET])
def test_the_same_variant_is_the_same_note_and_another_is_another(program):
    np.testing.assert_array_equal(note(program, 64, 3), note(program, 64, 3))
    assert (
        np.corrcoef(np.abs(np.fft.rfft(note(program, 64, 3))), np.abs(np.fft.rfft(note(program, 64, 4))))[0, 1] < 0.99
    )


@pytest.mark.parametrize("program", ADDITIVE)
def test_guitars_die_away_and_the_others_are_held(program):
    model = ADDITIVE[program]
    audio = note(program, (model.lowest + model.highest) // 2, 1, model.seconds).astype(np.float64)
    quarter = len(audio) // 4
    fall = np.sqrt(np.mean(audio[-quarter:] ** 2) / np.mean(audio[:quarter] ** 2))
    assert (fall > 0.7) if model.sustained else (fall < 0.5)
    assert model.sustained == (program > ELECTRIC + 4)
    (zone, *_) = additive_bank().zones(1, program)
    assert (zone.loop is not None) == model.sustained


def test_a_low_clarinet_has_odd_harmonics_first():
    hz = harmonics(50)
    for variant in range(10):
        full = clarinet(hz, np.random.default_rng(variant)).full
        assert full[1] < 0.25 * min(full[0], full[2])


def test_a_string_has_no_harmonic_with_a_node_where_it_is_plucked():
    hz = harmonics(52)
    full = plucked(hz, np.random.default_rng(0), 4000.0, [], place=0.25).full
    assert full[3::4].max() < 1e-10 * full.max()
    assert full[0] > 0.1 * full.max()


def test_brass_brightens_as_it_speaks():
    def treble(audio: np.ndarray) -> float:
        return power_between(audio, 1500, 6000) / power_between(audio, 200, 1000)

    for variant in range(4):
        attack_seconds = trumpet(harmonics(60), np.random.default_rng([TRUMPET, variant])).attack_seconds
        audio = note(TRUMPET, 60, variant)
        begin = int(0.3 * attack_seconds * RATE_HZ)
        assert treble(audio[begin : begin + 1024]) < 0.7 * treble(audio[20000:40000])


def test_instruments_differ_as_they_do_in_air():
    def share(program: int, low_hz: float, high_hz: float) -> float:
        shares = []
        for variant in range(4):
            audio = note(program, 64, variant)[:40000]
            shares.append(power_between(audio, low_hz, high_hz) / power_between(audio, 100, 16000))
        return float(np.median(shares))

    assert share(MUTED, 100, 700) < 0.5 * share(TRUMPET, 100, 700)  # a mute lets little pass below its peaks
    assert share(FLUTE, 2500, 16000) < 0.2 * share(VIOLIN, 2500, 16000)
    assert share(NYLON, 2500, 16000) < share(STEEL, 2500, 16000)


def test_a_lower_voice_of_the_same_colour_keeps_its_formant():
    # A bell's formant stays where it is in Hz, whatever is played.
    low, high = (render(trumpet, TRUMPET, key, 1.0, 2)[8000:40000] for key in (54, 66))
    peaks = []
    for audio in (low, high):
        powers = [power_between(audio, hz, 1.4 * hz) for hz in (500, 700, 980, 1372, 1921, 2689)]
        peaks.append(int(np.argmax(powers)))
    assert abs(peaks[0] - peaks[1]) <= 1
