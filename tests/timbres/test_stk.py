"""STK's models: what is asked of stk-demo, how its answers are tuned, what is said where it is absent or fails."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.timbres import stk
from irmas_tf.timbres.modelled import RATE_HZ, hertz
from irmas_tf.timbres.zones import SoundFontError


def sawtooth(key: float, seconds: float = 1.0) -> np.ndarray:
    turns = hertz(key) * np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    orders = np.arange(1, 12)[:, np.newaxis]
    return (0.3 * (np.sin(2 * np.pi * orders * turns) / orders).sum(axis=0)).astype(np.float32)


def test_without_stk_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(stk.shutil, "which", lambda name: None)
    with pytest.raises(SoundFontError, match="apt-get install stk") as caught:
        stk.StkBank()
    assert "\n" not in str(caught.value)


def test_a_failing_stk_is_one_line(monkeypatch, tmp_path):
    script = tmp_path / "stk-demo"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setattr(stk, "PROGRAM", str(script))
    with pytest.raises(SoundFontError, match=r"wrote nothing \(status 3\); leave stk out"):
        stk.play_note("Clarinet", 60, 0.5, 0)
    monkeypatch.setattr(stk, "PROGRAM", str(tmp_path / "absent"))
    with pytest.raises(SoundFontError, match=r"did not answer .*; leave stk out"):
        stk.play_note("Clarinet", 60, 0.5, 0)


def test_a_score_has_the_controllers_of_its_variant_and_one_note():
    text = stk.score("Clarinet", 60.25, 0.5, 2)
    assert text == stk.score("Clarinet", 60.25, 0.5, 2) != stk.score("Clarinet", 60.25, 0.5, 3)
    *controls, on, off = text.splitlines()
    # Noise (4) and vibrato (1) are off: they follow the clock, and the performer.
    assert {line.split()[3]: line.split()[4] for line in controls if line.split()[3] in "14"} == {
        "4": "0.00",
        "1": "0.00",
    }
    assert on.split()[:4] == ["NoteOn", "0.0", "1", "60.250"] and 70 <= float(on.split()[4]) <= 110
    assert off == "NoteOff 0.500 1 60.250 64"


@pytest.mark.parametrize("key", [44, 60, 84])
@pytest.mark.parametrize("cents", [-60.0, -4.0, 0.0, 35.0])
def test_how_far_a_note_is_from_its_key_is_measured(key, cents):
    assert stk.cents_from(sawtooth(key + cents / 100), key) == pytest.approx(cents, abs=2.0)


def test_noise_silence_and_other_notes_have_no_distance():
    noise = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32)
    for audio in (noise, np.zeros(RATE_HZ, np.float32), sawtooth(65), sawtooth(60)[: RATE_HZ // 2]):
        assert stk.cents_from(audio, 60) is None


def test_a_model_out_of_tune_is_asked_again_until_it_is_in_tune(monkeypatch):
    asked = []

    def flat(model: str, key: float, seconds: float, variant: int) -> np.ndarray:
        asked.append(key)
        return sawtooth(key - 0.4, seconds)

    monkeypatch.setattr(stk, "play_note", flat)
    audio = stk._PROGRAMS[71].make(62, 1.0, 5, "")
    assert len(asked) == 2 and asked[1] == pytest.approx(62.4, abs=0.02)
    assert abs(stk.cents_from(audio, 62)) < 3
    assert audio.dtype == np.float32 and np.isfinite(audio).all()
    np.testing.assert_array_equal(stk._PROGRAMS[71].make(62, 1.0, 5, ""), audio)


@pytest.mark.skipif(stk.shutil.which(stk.PROGRAM) is None, reason="needs Debian's package stk")
def test_stk_s_models_are_tuned_and_give_the_same_notes_again():
    bank = stk.StkBank()
    zone = bank.zones(2, 71)[5]
    wave = bank.samples(zone)
    off = stk.cents_from(wave, zone.root_key)
    assert off is not None and abs(off) < 15
    again = stk.play_note("Clarinet", zone.root_key, 1.0, 2)
    np.testing.assert_array_equal(stk.play_note("Clarinet", zone.root_key, 1.0, 2), again)
