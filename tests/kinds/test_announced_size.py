"""Cut files of kinds whose readers keep to themselves what should be there."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
import soundfile

from irmas_tf.audio.channel_blocks import iter_channel_blocks
from irmas_tf.kinds.announced_size import SoundBytes, asf_bytes, cut_page_bytes, sound_bytes
from tests.helpers.media import encode, encoded, sound

SECONDS, RATE = 1.5, 22050


def lengths(path: Path) -> tuple[float, list[tuple[float, float]]]:
    told: list[tuple[float, float]] = []
    blocks = iter_channel_blocks(path, on_truncated=lambda _, present, promised: told.append((present, promised)))
    return sum(len(block.samples) / block.rate_hz for block in blocks), told


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("AIFF", "PCM_16"),
        ("AIFF", "ULAW"),
        ("AIFF", "FLOAT"),
        ("SVX", "PCM_16"),
        ("CAF", "PCM_24"),
        ("W64", "PCM_24"),
        ("AU", "PCM_16"),
        ("VOC", "PCM_16"),
        ("NIST", "PCM_16"),
    ],
)
def test_a_cut_file_is_said_to_be_cut_and_a_whole_one_is_not(tmp_path: Path, container: str, subtype: str) -> None:
    samples = sound(SECONDS, RATE, 1 if container == "SVX" else 2)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.write_bytes(encoded(samples, RATE, container, subtype))
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert lengths(whole) == (pytest.approx(SECONDS, abs=1e-4), [])
    seconds, told = lengths(cut)
    assert 0.6 * SECONDS < seconds < 0.68 * SECONDS
    assert told == [(pytest.approx(seconds), pytest.approx(SECONDS, abs=0.02))]


@pytest.mark.parametrize(("suffix", "codec"), [("wma", "wmav2"), ("oga", "flac"), ("opus", "libopus")])
def test_a_cut_compressed_file_is_said_to_be_cut(tmp_path: Path, suffix: str, codec: str) -> None:
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    encode(whole, sound(2 * SECONDS, 48000), 48000, codec, bit_rate=128_000)
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert lengths(whole)[1] == []
    seconds, told = lengths(cut)
    assert len(told) == 1 and told[0][1] > seconds + 0.05


def test_open_sizes_announce_nothing() -> None:
    frames = bytes(64)
    au = b".snd" + struct.pack(">IIIII", 24, 0xFFFFFFFF, 3, 8000, 1) + frames
    caf = b"caff\0\1\0\0" + b"data" + struct.pack(">q", -1) + frames
    aiff = b"FORM\x7f\0\0\0AIFF" + b"SSND" + struct.pack(">I", 0x7F000000) + frames
    for kind, data in (("AU", au), ("CAF", caf), ("AIFF", aiff), ("WAV", au), ("AU", b"")):
        assert sound_bytes(io.BytesIO(data), kind) is None
    assert sound_bytes(io.BytesIO(au.replace(b"\xff" * 4, b"\0\0\0\x40")), "AU") == SoundBytes(24, 24 + 64)


def test_a_live_stream_of_asf_announces_nothing(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.wma", sound(0.5), 44100, "wmav2", bit_rate=128_000)
    data = bytearray(path.read_bytes())
    with open(path, "rb") as file:
        assert asf_bytes(file) == len(data)
        assert cut_page_bytes(file) == 0
    data[data.find(bytes.fromhex("a1dcab8c")) + 88] |= 1
    assert asf_bytes(io.BytesIO(data)) == 0


def test_libsndfile_tells_nothing_of_a_cut_file(tmp_path: Path) -> None:
    """Why the headers are read here; without this they need not be."""
    path = tmp_path / "cut.aiff"
    path.write_bytes(encoded(sound(SECONDS, RATE), RATE, "AIFF", "PCM_16")[:40_000])
    with soundfile.SoundFile(path) as file:
        assert len(file.read()) == file.frames < SECONDS * RATE


@pytest.mark.parametrize("container", ["AIFF", "AU", "CAF", "SVX"])
def test_a_file_that_no_decoder_reads_behind_another_is_told(tmp_path: Path, container: str) -> None:
    path = tmp_path / "joined"
    path.write_bytes(2 * encoded(sound(SECONDS, RATE, 1), RATE, container, "PCM_16"))
    seconds, told = lengths(path)
    assert seconds == pytest.approx(SECONDS, abs=0.01)
    assert told == [(pytest.approx(seconds), pytest.approx(2 * SECONDS, abs=0.15))]
