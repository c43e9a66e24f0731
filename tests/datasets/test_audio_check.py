"""One audio file at a time: formats, and each kind of damage."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import AudioError, AudioWarning, decode_file
from irmas_tf.datasets import audio_check
from irmas_tf.datasets.audio_check import examine, examine_all, truncated_bytes

RATE = 44100


def tone(frames=RATE, channels=2, level=0.5):
    return np.repeat(level * np.sin(np.arange(frames) * 0.05)[:, None], channels, axis=1)


def kinds(path, deep=True):
    return [i.kind for i in examine(path, deep=deep)[1]]


@pytest.mark.parametrize("subtype, rate, channels", [
    ("PCM_U8", 8000, 1), ("PCM_16", 44100, 2), ("PCM_16", 192000, 6),
    ("PCM_24", 192000, 6), ("PCM_32", 8000, 1), ("FLOAT", 44100, 2), ("DOUBLE", 192000, 6),
])  # fmt: skip
def test_sound_files(tmp_path, subtype, rate, channels):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(5000, channels), rate, subtype=subtype)
    facts, issues = examine(path, deep=True)
    assert issues == []
    assert (facts.sample_rate_hz, facts.channels, facts.subtype, facts.frames) == (rate, channels, subtype, 5000)
    assert facts.duration_seconds == 5000 / rate


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3"])
def test_compressed_files(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tone(), RATE)
    facts, issues = examine(path, deep=True)
    assert issues == []
    assert facts.channels == 2
    assert facts.duration_seconds == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("raw", [b"not audio at all" * 50, b"RIFF", b"RIFF\x00\x00\x00\x00WAVE", b"\0" * 1000, b"ID3"])
def test_other_bytes(tmp_path, raw):
    path = tmp_path / "a.wav"
    path.write_bytes(raw)
    for deep in (True, False):
        facts, issues = examine(path, deep=deep)
        assert facts is None
        assert issues[0].is_error
        assert issues[0].kind in ("unreadable", "empty")


def test_absent_and_empty_files(tmp_path):
    assert kinds(tmp_path / "absent.wav") == ["unreadable"]
    (tmp_path / "a.wav").touch()
    assert kinds(tmp_path / "a.wav") == ["empty"]
    soundfile.write(tmp_path / "b.wav", np.zeros((0, 2)), RATE)
    assert kinds(tmp_path / "b.wav") == ["empty"]
    assert examine(tmp_path / "b.wav", deep=False)[1][0].is_error


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers(tmp_path, value):
    data = tone()
    data[-1, 1] = value
    soundfile.write(tmp_path / "a.wav", data, RATE, subtype="FLOAT")
    for deep in (True, False):
        facts, issues = examine(tmp_path / "a.wav", deep=deep)
        assert facts is not None
        assert [(i.kind, i.is_error) for i in issues] == [("non_finite", True)]


@pytest.mark.parametrize("rate, deep", [(7999, True), (192001, True), (192001, False)])
def test_a_rate_that_training_refuses_is_an_error(tmp_path, rate, deep):
    soundfile.write(tmp_path / "a.wav", tone(9000), rate)
    facts, issues = examine(tmp_path / "a.wav", deep=deep)
    assert facts is None
    assert [(i.kind, i.is_error) for i in issues] == [("unsupported_rate", True)]
    assert f"{rate:,} Hz" in issues[0].detail


@pytest.mark.parametrize("riff, size", [(36, 0), (0xFFFFFFFF, 0xFFFFFFFF), (2036, 0)])
@pytest.mark.parametrize("deep", [True, False])
def test_a_stream_without_its_size_is_heard(tmp_path, riff, size, deep):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(500), RATE)
    raw = path.read_bytes()
    path.write_bytes(raw[:4] + struct.pack("<I", riff) + raw[8:40] + struct.pack("<I", size) + raw[44:])
    assert kinds(path, deep) == []


def test_truncated_data_is_seen_without_decoding(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), RATE, subtype="PCM_16")
    assert truncated_bytes(path) == 0
    raw = path.read_bytes()
    path.write_bytes(raw[:-1000])
    assert truncated_bytes(path) == 1000
    assert kinds(path, deep=False) == kinds(path, deep=True) == ["truncated"]
    assert not examine(path, deep=True)[1][0].is_error
    at = raw.index(b"data") + 4
    path.write_bytes(raw[:at] + struct.pack("<I", 0xFFFFFFFF) + raw[at + 4 :])
    assert truncated_bytes(path) == 0  # a streaming writer that never learnt the length


def test_half_a_flac_is_what_training_makes_of_it(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (RATE, 2)), RATE)
    path.write_bytes(path.read_bytes()[:60_000])
    with pytest.warns(AudioWarning):
        assert len(decode_file(path, RATE)) > 0
    facts, issues = examine(path, deep=True)
    assert facts is not None
    assert [(i.kind, i.is_error) for i in issues] == [("truncated", False)]
    assert truncated_bytes(path) == 0
    assert kinds(path, deep=False) == []


def is_decoded(path) -> bool:
    try:
        decode_file(path, 22050)
    except AudioError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::irmas_tf.audio.decode.AudioWarning")
def test_what_passes_is_decoded_and_the_other_way_round(tmp_path):
    from tests.helpers import mutations

    bases = mutations.base_files()
    rng = random.Random(5)
    seen = []
    for number in range(150):
        suffix, data = bases[number % len(bases)]
        path = tmp_path / f"{number}.{suffix}"
        path.write_bytes(mutations.mutate(data, rng.choice(bases)[1], rng))
        passed, passed_headers = (not any(i.is_error for i in examine(path, deep=d)[1]) for d in (True, False))
        assert passed == is_decoded(path), path
        assert passed_headers or not passed, path
        seen.append(passed)
    assert 25 < sum(seen) < 125


def test_silence_clipping_and_offset(tmp_path):
    half = tone(level=0.2)[:, :1]
    cases = {
        "silent": np.zeros((RATE, 2)),
        "silent_in_mono": np.hstack([half, -half]) + np.random.default_rng(0).normal(0, 1e-5, (len(half), 2)),
        "clipped": np.clip(tone(level=2.0), -1, 1),
        "dc_offset": tone(level=0.2) + 0.3,
    }
    for kind, data in cases.items():
        soundfile.write(tmp_path / "a.wav", data, RATE, subtype="PCM_16")
        facts, issues = examine(tmp_path / "a.wav", deep=True)
        assert [(i.kind, i.is_error) for i in issues] == [(kind, False)]
        assert facts is not None
    for sound in (tone(level=0.001), np.hstack([half, 0 * half])):
        soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="PCM_16")
        assert kinds(tmp_path / "a.wav") == []


def test_offset_of_one_channel_is_not_averaged_away(tmp_path):
    data = tone(level=0.2)
    data[:, 0] += 0.2
    data[:, 1] -= 0.2
    soundfile.write(tmp_path / "a.wav", data, RATE)
    assert kinds(tmp_path / "a.wav") == ["dc_offset"]


def test_a_header_that_promises_trillions_of_frames_does_not_hang(tmp_path):
    path = tmp_path / "a.mp3"
    soundfile.write(path, tone(8000), RATE)
    raw = path.read_bytes()
    at = max(raw.find(b"Xing"), raw.find(b"Info"))
    assert at > 0
    path.write_bytes(raw[: at + 8] + b"\xff\xff\xff\xff" + raw[at + 12 :])  # number of MPEG frames
    facts, issues = examine(path, deep=True)
    assert facts.frames == 8000, "packets are counted"
    assert [i.kind for i in issues] == ["truncated"]


def test_the_short_way_says_what_the_long_one_says(tmp_path, monkeypatch):
    """Headers of plain files, whole and with a byte changed: short and long way agree, or the short one passes."""
    path, plain, taken = tmp_path / "a.wav", tmp_path / "plain.wav", 0
    soundfile.write(plain, tone(50, 2), RATE, subtype="PCM_16")
    whole = plain.read_bytes()
    cases = [whole, whole[:-4], whole[:-1], whole + b"\0\0", whole[:44], whole[:30]]
    for at in range(44):
        cases += [whole[:at] + bytes([(whole[at] + step) % 256]) + whole[at + 1 :] for step in (1, 3, 128)]
    for case in cases:
        path.write_bytes(case)
        short = audio_check._plain_facts(path)
        monkeypatch.setattr(audio_check, "_plain_facts", lambda _: None)
        facts, issues = examine(path, deep=False)
        monkeypatch.undo()
        taken += short is not None
        assert short is None or (short, []) == (facts, issues), case[:44]
    assert taken >= 8  # the whole one, other rates, and bytes per second, which nobody goes by


def test_all_files_are_examined_in_order(tmp_path):
    for number in range(130):
        soundfile.write(tmp_path / f"{number}.wav", tone(10 + number, 1), 8000, subtype="PCM_16")
    paths = [tmp_path / f"{number}.wav" for number in range(130)]
    assert [facts.frames for facts, _ in examine_all(paths, deep=False, progress=False)] == list(range(10, 140))
