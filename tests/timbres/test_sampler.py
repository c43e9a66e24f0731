"""Notes are in tune, as loud and as long as asked, bend as asked, and do not depend on what was played before."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.timbres.notes import Note
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.sf2 import SoundFont, bundled_soundfont
from tests.helpers.pitch import cents_off

RATE = 44100


@pytest.fixture(scope="module")
def sampler():
    return Sampler(SoundFont(bundled_soundfont()))


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.asarray(x, np.float64) ** 2)))


@pytest.mark.parametrize("program, key", [
    (0, 60), (19, 67), (25, 60), (30, 67), (40, 67), (42, 60), (52, 67), (56, 60), (65, 67), (71, 60), (73, 67),
])  # fmt: skip
def test_instruments_are_in_tune(sampler, program, key):
    audio = sampler.play(0, program, Note(0, 1.0, key, 100))[4410:44100]
    assert abs(cents_off(audio, key)) <= 12


def test_a_bend_and_the_tuning_move_the_pitch(sampler):
    bent = sampler.play(0, 56, Note(0, 1.0, 67, 100, bend=((0.0, 100.0),)))[4410:44100]
    assert cents_off(bent, 68) == pytest.approx(
        cents_off(sampler.play(0, 56, Note(0, 1.0, 67, 100))[4410:44100], 67), abs=6
    )
    sharp = sampler.play(0, 56, Note(0, 1.0, 67, 100), tuning_cents=40.0)[4410:44100]
    assert cents_off(sharp, 67) == pytest.approx(40, abs=10)


def test_vibrato_moves_the_pitch_up_and_down(sampler):
    audio = sampler.play(0, 73, Note(0, 2.0, 76, 100, vibrato=(60.0, 5.0, 0.0)))
    period = RATE // 10  # half a cycle at 5 Hz; the first half cycle from 1 s on is above, the next below the key
    begin = RATE
    above, below = (cents_off(audio[begin + i * period : begin + (i + 1) * period], 76) for i in range(2))
    assert above - below > 40


def test_velocity_changes_loudness_by_the_square_and_softer_is_duller(sampler):
    loud, soft = (sampler.play(0, 24, Note(0, 1.0, 57, v)) for v in (120, 40))
    assert rms(soft) < rms(loud) * (40 / 120) ** 2 * 1.2

    def brightness(x: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(x)) ** 2
        return float((power * np.arange(len(power))).sum() / power.sum())

    assert brightness(soft) < 0.95 * brightness(loud)


def test_pianos_decay_and_organs_hold(sampler):
    piano, organ = (sampler.play(0, p, Note(0, 4.0, 60, 100)) for p in (0, 19))
    early, late = slice(2205, 22050), slice(3 * RATE, 3 * RATE + 22050)
    assert rms(piano[late]) < 0.1 * rms(piano[early])
    assert rms(organ[late]) > 0.5 * rms(organ[early])


def test_a_released_note_dies_away_and_a_one_shot_does_not_stop(sampler):
    note = Note(0, 0.5, 60, 100)
    audio = sampler.play(0, 42, note)
    assert len(audio) == pytest.approx((0.5 + sampler.release_seconds(0, 42, 60)) * RATE, abs=2)
    assert rms(audio[-2000:]) < 0.02 * rms(audio[:20000])
    assert np.abs(audio[-1]) < 1e-4
    crash = sampler.play(128, 0, Note(0, 0.05, 49, 100), one_shot=True)
    assert rms(crash[RATE // 4 : RATE // 2]) > 0.01 * rms(crash[: RATE // 8])


def test_swell_and_attack_shape_the_note(sampler):
    plain = sampler.play(0, 19, Note(0, 1.0, 60, 100))
    shaped = sampler.play(0, 19, Note(0, 1.0, 60, 100, swell=(0.2, 1.0, 0.5), attack=0.1))
    np.testing.assert_allclose(shaped[22000:22100], plain[22000:22100], atol=0.01)
    assert rms(shaped[5000:8000]) < 0.6 * rms(plain[5000:8000])
    assert np.abs(shaped[:100]).max() < 0.02 * np.abs(plain).max()


def test_keys_in_the_holes_of_a_preset_still_sound(sampler):
    assert rms(sampler.play(0, 65, Note(0, 0.5, 64, 100))) > 0.005  # TimGM6mb's alto saxophone has no zone for key 64


def test_unknown_presets_and_no_time_play_nothing(sampler):
    assert len(sampler.play(7, 3, Note(0, 1.0, 60, 100))) == 0
    assert len(sampler.play(0, 0, Note(0, 1.0, 60, 100), seconds=0.0)) == 0
    assert not sampler.can_play(7, 3)


@pytest.mark.parametrize("kit", [8, 48])
def test_a_missing_drum_kit_is_played_on_the_standard_one(monkeypatch, kit):
    font = SoundFont(bundled_soundfont())
    whole, zones = Sampler(font), font.zones
    snare = Note(0, 0.1, 38, 100)
    standard = whole.play(128, 0, snare, one_shot=True)
    own = whole.play(128, kit, snare, one_shot=True)
    assert rms(own) > 0.005
    monkeypatch.setattr(
        font, "zones", lambda bank, program: [] if (bank, program) == (128, kit) else zones(bank, program)
    )
    fallen_back = Sampler(font)
    assert fallen_back.can_play(128, kit)
    np.testing.assert_array_equal(fallen_back.play(128, kit, snare, one_shot=True), standard)
    monkeypatch.setattr(font, "zones", lambda bank, program: [] if bank == 128 else zones(bank, program))
    assert not Sampler(font).can_play(128, kit)


def test_a_decay_that_follows_the_key_sets_how_long_a_note_rings(sampler):
    # TimGM6mb's pizzicato falls faster by 70 timecents a key: an octave halves its time, and more.
    low, high = (sampler.one_shot_seconds(0, 45, key) for key in (45, 81))
    assert low > 2 * high


def test_what_was_played_before_and_how_much_is_kept_never_shows():
    font = SoundFont(bundled_soundfont())
    fresh, used, forgetful = Sampler(font), Sampler(font), Sampler(font, cache_bytes=1)
    short, long = Note(0, 0.2, 62, 90), Note(0, 2.5, 62, 90)
    wavering = Note(0, 0.7, 62, 90, bend=((0, -200.0), (0.1, 0.0)), vibrato=(40, 5.5, 0.1))
    for program in (0, 24, 40, 65):
        for note in (long, wavering):
            used.play(0, program, note)
        for note in (short, wavering, long):
            expected = fresh.play(0, program, note)
            np.testing.assert_array_equal(used.play(0, program, note), expected)
            np.testing.assert_array_equal(forgetful.play(0, program, note), expected)


def test_the_cache_keeps_to_its_limit():
    sampler = Sampler(SoundFont(bundled_soundfont()), cache_bytes=3_000_000)
    for key in range(40, 90):
        sampler.play(0, 19, Note(0, 1.0, key, 100))
        assert sum(tone.nbytes for tone in sampler._tones.values()) <= 3_500_000
    assert len(sampler._tones) > 3
