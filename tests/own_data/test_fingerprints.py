"""Fingerprints: re-encodings, levels and cuts of a sound are found, and other sounds are not."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.own_data.fingerprints import (
    LEAST_FRAMES,
    MOST_DIFFERING,
    RATE_HZ,
    WINDOW_LENGTH,
    fingerprint,
    fingerprint_of,
    fingerprints_of,
    near_pairs,
)

HZ = 44100


def melody(seed: int, seconds: float = 3.0) -> np.ndarray:
    """Return tones of changing pitch with harmonics that die away, and soft noise; float64 [samples] at 44.1 kHz."""
    rng = np.random.default_rng(seed)
    out = 0.003 * rng.standard_normal(round(seconds * HZ))
    for start in np.arange(0, seconds - 0.3, 0.25):
        length = min(len(out) - round(start * HZ), round(0.5 * HZ))
        times = np.arange(length) / HZ
        pitch = 220.0 * 2.0 ** (rng.integers(0, 25) / 12)
        note = sum(np.sin(2 * np.pi * pitch * k * times + rng.uniform(0, 6)) / k for k in range(1, 6))
        out[round(start * HZ) :][:length] += 0.1 * note * np.exp(-5 * times)
    return out


@pytest.fixture(scope="module")
def original() -> np.ndarray:
    return melody(0)


@pytest.mark.parametrize(
    "name, change, options",
    [
        ("a.wav", lambda x: x, {"subtype": "PCM_24"}),
        ("a.flac", lambda x: 0.25 * x, {}),
        ("a.wav", lambda x: -x, {"subtype": "PCM_U8"}),
        ("a.ogg", lambda x: x, {}),
        ("a.mp3", lambda x: 0.5 * x, {}),
        ("a.ogg", lambda x: x[round(0.337 * HZ) :], {}),
        ("a.wav", lambda x: np.concatenate([np.zeros(HZ), x]), {}),
        ("a.wav", lambda x: x[HZ : 2 * HZ], {}),
        ("a.wav", lambda x: x + 0.1 * x.std() * np.random.default_rng(9).standard_normal(len(x)), {}),
    ],
)
def test_the_same_sound_is_found(tmp_path, original, name, change, options):
    soundfile.write(tmp_path / "original.wav", original, HZ)
    soundfile.write(tmp_path / name, change(original), HZ, **options)
    (pair,) = near_pairs(fingerprints_of([tmp_path / "original.wav", tmp_path / name], progress=False))
    assert (pair.first, pair.second) == (0, 1) and pair.differing < 0.6 * MOST_DIFFERING


def test_the_offset_is_where_the_second_begins_in_the_first(tmp_path, original):
    soundfile.write(tmp_path / "a.wav", original, HZ)
    soundfile.write(tmp_path / "b.wav", original[round(0.8 * HZ) :], HZ)
    (pair,) = near_pairs([fingerprint_of(tmp_path / name) for name in ("a.wav", "b.wav")])
    assert pair.offset_seconds == pytest.approx(0.8, abs=0.02)


@pytest.mark.slow
def test_other_sounds_are_not(tmp_path):
    for seed in range(12):
        soundfile.write(tmp_path / f"{seed}.wav", melody(seed), HZ)
    times = np.arange(3 * HZ) / HZ
    for hz in (440, 441):
        hum = 0.3 * np.sin(2 * np.pi * hz * times) + 1e-3 * np.random.default_rng(hz).standard_normal(len(times))
        soundfile.write(tmp_path / f"{hz}.wav", hum, HZ)
    assert near_pairs(fingerprints_of(sorted(tmp_path.glob("*.wav")), progress=False)) == []


def test_silent_short_and_unreadable_files_are_like_nothing(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(HZ), HZ)
    soundfile.write(tmp_path / "b.wav", np.zeros(2 * HZ), HZ)
    soundfile.write(tmp_path / "c.wav", melody(1, 0.5)[:2000], HZ)
    soundfile.write(tmp_path / "d.wav", melody(1, 0.5)[:2000], HZ)
    (tmp_path / "e.wav").write_bytes(b"no sound")
    assert near_pairs(fingerprints_of(sorted(tmp_path.glob("*")), progress=False)) == [] == near_pairs([])


def test_level_does_not_count_and_the_length_is_that_of_the_frames():
    sound = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32)
    prints = fingerprint(sound), fingerprint(np.float32(0.125) * sound)
    assert np.array_equal(prints[0].words, prints[1].words) and prints[0].words.dtype == np.uint32
    assert len(prints[0].words) == (RATE_HZ - WINDOW_LENGTH) // 128 and len(prints[0].words) > LEAST_FRAMES
