"""Formats, policies for bad files, and streaming."""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import AudioError, AudioWarning, audio_info, decode_file, iter_blocks
from irmas_tf.dsp.resample import resample

FORMATS = {
    "PCM_U8": ("wav", 1e-2), "PCM_16": ("wav", 4e-5), "PCM_24": ("wav", 1e-6), "PCM_32": ("wav", 1e-6),
    "FLOAT": ("wav", 1e-6), "DOUBLE": ("wav", 1e-6), "FLAC16": ("flac", 4e-5), "FLAC24": ("flac", 1e-6),
    "VORBIS": ("ogg", 0.1), "MPEG_LAYER_III": ("mp3", 0.1),
}  # fmt: skip


def tone(seconds: float = 1.0, rate: int = 44100, channels: int = 2) -> np.ndarray:
    """Return float64 [samples, channels]: another sine on each channel."""
    times = np.arange(int(seconds * rate)) / rate
    return np.stack([0.4 * np.sin(2 * np.pi * 330.0 * (k + 1) * times) for k in range(channels)], axis=1)


def write(path: Path, samples: np.ndarray, rate: int = 44100, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, rate, subtype={"FLAC16": "PCM_16", "FLAC24": "PCM_24"}.get(subtype, subtype))
    return path


@pytest.mark.parametrize("subtype", FORMATS)
def test_every_format_gives_the_same_mono_signal(tmp_path, subtype):
    extension, tolerance = FORMATS[subtype]
    samples = tone(0.5)
    path = write(tmp_path / f"a.{extension}", samples, subtype=subtype)
    got = decode_file(path, 22050)
    expected = resample(samples.mean(axis=1), 44100, 22050)
    assert got.dtype == np.float32
    assert abs(len(got) - len(expected)) <= (0 if extension != "mp3" else 1200)
    shared = slice(2000, min(len(got), len(expected)) - 2000)  # lossy codecs need a moment at the ends
    np.testing.assert_allclose(got[shared], expected[shared], atol=tolerance)


@pytest.mark.parametrize("channels, rate", [(1, 22050), (2, 44100), (8, 48000)])
def test_the_short_cut_for_16_bit_gives_the_bits_of_libsndfile(tmp_path, channels, rate):
    samples = np.random.default_rng(channels).uniform(-1, 1, (70_001, channels))
    path = write(tmp_path / "a.wav", samples, rate)
    expected = decode_file(path, 22050, fast=False)
    np.testing.assert_array_equal(decode_file(path, 22050), expected)
    for seconds in (0.05, 0.7, 60.0):
        for fast in (False, True):
            np.testing.assert_array_equal(np.concatenate(list(iter_blocks(path, 22050, seconds, fast=fast))), expected)


@pytest.mark.parametrize("subtype", ["PCM_24", "FLAC16", "VORBIS", "MPEG_LAYER_III"])
def test_pieces_joined_are_the_whole(tmp_path, subtype):
    path = write(tmp_path / f"a.{FORMATS[subtype][0]}", tone(7.0), subtype=subtype)
    blocks = list(iter_blocks(path, 16000, 0.25))
    assert len(blocks) > 2 and all(len(block) for block in blocks)
    np.testing.assert_array_equal(np.concatenate(blocks), decode_file(path, 16000))


@pytest.mark.parametrize("rate", [8000, 11025, 44101, 96000, 192000])
def test_every_rate(tmp_path, rate):
    path = write(tmp_path / "a.wav", tone(0.5, rate), rate)
    got = decode_file(path, 22050)
    assert len(got) == -(-(rate // 2) * 22050 // rate)
    np.testing.assert_allclose(got[500:-500], tone(0.6, 22050).mean(axis=1)[500 : len(got) - 500], atol=2e-4)


def test_the_header_alone_says_what_a_file_is(tmp_path):
    info = audio_info(write(tmp_path / "a.flac", tone(1.5, 48000, 3), 48000, "FLAC24"))
    assert (info.duration_seconds, info.sample_rate_hz, info.channels) == (1.5, 48000, 3)
    assert (info.subtype, info.format, info.frames) == ("PCM_24", "FLAC", 72000)


def test_one_sample_is_a_file(tmp_path):
    assert len(decode_file(write(tmp_path / "a.wav", tone()[:1]), 22050)) == 1


def test_names_that_are_hard_to_quote(tmp_path):
    path = tmp_path / '[cla][pop_roc] Übung, 1 \'s "é".wav'
    write(path, tone(0.1))
    assert len(decode_file(path, 22050)) == len(decode_file(str(path), 22050)) == 2205


def float_wav(path: Path, value: float, at: int = 30_000) -> Path:
    samples = tone().astype(np.float32)
    samples[at, 1] = value
    return write(path, samples, subtype="FLOAT")


@pytest.mark.parametrize("value, at", [(np.nan, 30_000), (np.inf, 0), (-np.inf, 44_099), (1e30, 30_000)])
def test_values_that_are_no_audio_are_refused(tmp_path, value, at):
    path = float_wav(tmp_path / "bad.wav", value, at)
    with pytest.raises(AudioError, match=rf"bad\.wav: holds .* at {at / 44100:.3f} s; export it again"):
        decode_file(path, 22050)


def test_loud_but_finite_floats_are_fine(tmp_path):
    path = write(tmp_path / "a.wav", tone() * 32768.0, subtype="FLOAT")
    assert 10_000 < np.abs(decode_file(path, 22050)).max() < 32768


def wav(data: bytes, *, size: int | None = None, channels: int = 2, rate: int = 44100) -> bytes:
    """Return a 16-bit WAV file as its bytes; ``size`` is what the header says of the data."""
    size = len(data) if size is None else size
    fmt = struct.pack("<IHHIIHH", 16, 1, channels, rate, 2 * channels * rate, 4, 16)
    return b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + fmt + b"data" + struct.pack("<I", size) + data


METADATA = b"LIST\x0c\0\0\0INFOISFT" + bytes(4)  # not to be heard

BAD = {
    "empty": b"",
    "text": b"this is not audio, however long it may go on" * 50,
    "zeros": bytes(5000),
    "half_a_header": b"RIFF\x24\0\0\0WAVEfmt \x10\0",
    "no_channels": wav(bytes(8), channels=0),
    "no_samples": wav(b""),
    "no_samples_but_metadata": b"RIFF" + struct.pack("<I", 36 + len(METADATA)) + wav(b"")[8:] + METADATA,
    "rate_1": wav(bytes(8), rate=1),
}


@pytest.mark.parametrize("name, extension", [*((name, "wav") for name in BAD), ("text", "mp3"), ("zeros", "raw")])
def test_what_is_not_audio_is_refused_by_name(tmp_path, name, extension):
    path = tmp_path / f"{name}.{extension}"
    path.write_bytes(BAD[name])
    for function in (
        lambda: decode_file(path, 22050),
        lambda: list(iter_blocks(path, 22050)),
        lambda: audio_info(path),
    ):
        with pytest.raises(AudioError) as caught:
            function()
        message = str(caught.value)
        assert message.startswith(f"{path}: ") and len(message) > len(str(path)) + 10 and "\n" not in message


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT", "FLAC16", "VORBIS", "MPEG_LAYER_III"])
def test_mutated_files_are_refused_or_decoded(tmp_path, subtype):
    original = write(tmp_path / f"a.{FORMATS[subtype][0]}", tone(0.15), subtype=subtype).read_bytes()
    rng = np.random.default_rng(len(original))
    path = tmp_path / f"b.{FORMATS[subtype][0]}"
    for kind in range(24):
        content = bytearray(original)
        for _ in range(rng.integers(1, 50)):
            content[rng.integers(0, 64 if kind % 2 else len(content))] = rng.integers(256)
        path.write_bytes(content[: rng.integers(0, len(content))] if kind % 4 == 0 else content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AudioWarning)
            try:
                got = decode_file(path, 22050)
                assert len(got) and np.isfinite(got).all()
                np.testing.assert_array_equal(np.concatenate(list(iter_blocks(path, 22050, 0.05))), got)
            except AudioError as error:
                assert str(error).startswith(f"{path}: ")


@pytest.mark.parametrize("riff, size", [
    (0xFFFFFFFF, 0xFFFFFFFF),  # ffmpeg to a pipe
    (0x7FFFF024, 0x7FFFF000),  # SoX to a pipe
    (0, 0), (36, 0), (8, 0), (0xFFFFFFFF, 0), (36, 0x7FFFFFFF),
])  # fmt: skip
def test_a_stream_without_its_size_is_read_to_its_end(tmp_path, riff, size):
    path = write(tmp_path / "whole.wav", tone(0.5))
    whole, content = decode_file(path, 22050), path.read_bytes()
    path.write_bytes(content[:4] + struct.pack("<I", riff) + content[8:40] + struct.pack("<I", size) + content[44:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(decode_file(path, 22050), whole)
        np.testing.assert_array_equal(np.concatenate(list(iter_blocks(path, 22050, 0.1))), whole)
    assert audio_info(path).frames == 22050


def test_who_wants_to_know_of_cut_data_is_told_instead_of_warned(tmp_path):
    path = write(tmp_path / "cut.wav", tone())
    path.write_bytes(path.read_bytes()[: 44 + 4 * 11025])
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fast in (True, False):
            list(iter_blocks(path, 22050, fast=fast, on_truncated=lambda *found: told.append(found)))
    assert told == [(path, 0.25, 1.0)] * 2


@pytest.mark.parametrize("name, kind", [
    ("empty", "empty"), ("no_samples", "empty"), ("rate_1", "unsupported_rate"), ("text", "unreadable"),
])  # fmt: skip
def test_programs_are_told_the_kind_of_error(tmp_path, name, kind):
    (tmp_path / "bad.wav").write_bytes(BAD[name])
    with pytest.raises(AudioError) as caught:
        decode_file(tmp_path / "bad.wav", 22050)
    assert caught.value.kind == pickle.loads(pickle.dumps(caught.value)).kind == kind
    with pytest.raises(AudioError) as caught:
        decode_file(float_wav(tmp_path / "nan.wav", np.nan), 22050)
    assert caught.value.kind == "non_finite"


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(AudioError, match="No such file"):
        decode_file(tmp_path / "no.wav", 22050)
    with pytest.raises(AudioError, match="is a folder"):
        decode_file(tmp_path, 22050)
    with pytest.raises(AudioError, match="is a folder"):
        audio_info(tmp_path)


@pytest.mark.parametrize("subtype, share", [
    ("PCM_16", 0.3), ("PCM_24", 0.77), ("FLOAT", 0.3), ("FLAC16", 0.77), ("VORBIS", 0.3), ("MPEG_LAYER_III", 0.3),
])  # fmt: skip
def test_what_there_is_of_truncated_data_is_used(tmp_path, subtype, share):
    # FLAC decodes what is complete only in noise-like material; a tone would shrink to a handful of frames.
    samples = tone(4.0) + 0.01 * np.random.default_rng(0).standard_normal((176_400, 2))
    path = write(tmp_path / f"cut.{FORMATS[subtype][0]}", samples, subtype=subtype)
    whole = decode_file(path, 22050)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = decode_file(path, 22050)
        np.testing.assert_array_equal(np.concatenate(list(iter_blocks(path, 22050, 0.5))), got)
    assert 0.4 * share < len(got) / len(whole) < share + 0.1
    end = len(got) - 3000
    np.testing.assert_allclose(got[:end], whole[:end], atol=1e-6)
    if subtype != "VORBIS":  # which announces no length
        assert {w.category for w in caught} == {AudioWarning}
        assert str(path) in str(caught[0].message) and "4.000 s" in str(caught[0].message)


def test_errors_survive_a_process_boundary(tmp_path):
    error = pickle.loads(pickle.dumps(AudioError("a.wav", "is bad")))
    assert str(error) == "a.wav: is bad" and error.path == "a.wav"


@pytest.mark.slow
def test_a_long_file_is_streamed_in_little_memory(tmp_path):
    path = tmp_path / "long.wav"
    data_bytes = 2400 * 16000 * 2
    with open(path, "wb") as file:  # sparse: forty minutes of digital silence in no space
        file.write(wav(b"", size=data_bytes, channels=1, rate=16000))
        file.truncate(44 + data_bytes)
    script = textwrap.dedent("""
        import resource, sys
        from irmas_tf.audio.decode import iter_blocks
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(sum(len(block) for block in iter_blocks(sys.argv[1], 8000)))
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
    """)
    result = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    samples, megabytes = map(int, result.stdout.split())
    assert samples == 2400 * 8000
    assert megabytes < 40, "a quarter of what its samples take"


@pytest.mark.parametrize("seconds", [0.3, 0.9, 5.0])  # in one page and in several
def test_the_length_of_ogg_vorbis_is_known_without_decoding(tmp_path, seconds):
    path = write(tmp_path / "a.ogg", tone(seconds, 22050), 22050, "VORBIS")
    assert audio_info(path).frames == len(decode_file(path, 22050)) == round(seconds * 22050)
