from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import AudioWarning, audio_info, decode_file
from irmas_tf.audio.wav_header import CorrectedWav, read_wav_header


def header_of(path: Path):
    with open(path, "rb") as file:
        return read_wav_header(file)


@pytest.mark.parametrize("subtype, bits, pcm16", [
    ("PCM_U8", 8, False), ("PCM_16", 16, True), ("PCM_24", 24, False), ("PCM_32", 32, False), ("FLOAT", 32, False),
])  # fmt: skip
def test_what_libsndfile_writes(tmp_path, subtype, bits, pcm16):
    path = tmp_path / "a.wav"
    for container in ("WAV", "WAVEX"):
        soundfile.write(path, np.zeros((123, 3)), 32000, subtype=subtype, format=container)
        header = header_of(path)
        assert (header.channels, header.sample_rate_hz, header.bits) == (3, 32000, bits)
        assert header.promised_frames == header.present_frames == 123
        assert header.is_pcm16 is pcm16


def wav(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


FMT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 44100, 176400, 4, 16))


def test_skips_other_chunks_of_odd_size(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(chunk(b"LIST", b"abc"), FMT, chunk(b"fact", b"\1"), chunk(b"data", bytes(range(8)))))
    header = header_of(path)
    assert path.read_bytes()[header.data_offset :][:8] == bytes(range(8))
    assert header.present_frames == 2


@pytest.mark.parametrize(
    "size, promised, present",
    [
        (8, 2, 2),
        (400, 100, 2),
        (0xFFFFFFFF, None, 2),
        (0x7FFFFFFF, None, 2),
        (0x7FFFF000, None, 2),
        (0, None, 2),
        (4, 1, 1),
    ],
)
def test_sizes_that_differ_from_the_file(tmp_path, size, promised, present):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(FMT, chunk(b"data", bytes(8), size)))
    header = header_of(path)
    assert (header.promised_frames, header.present_frames) == (promised, present)


LIST = chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 14) + b"Lavf60.16.100\0")


@pytest.mark.parametrize("riff, before", [
    (0, b""), (8, LIST), (36, b""), (36, LIST), (0x7FFFF024, b""), (0x80000023, LIST), (0xFFFFFFFF, b""), (2000, LIST),
])  # fmt: skip
def test_no_size_of_the_data_is_open_where_the_file_has_none_either(tmp_path, riff, before):
    content = wav(before, FMT, chunk(b"data", bytes(range(256)) * 16, 0))
    path = tmp_path / "a.wav"
    path.write_bytes(content[:4] + struct.pack("<I", riff) + content[8:])
    header = header_of(path)
    assert (header.promised_frames, header.present_frames) == (None, 1024)


@pytest.mark.parametrize("behind", [LIST, chunk(b"id3 ", b"odd"), LIST + chunk(b"cue ", bytes(4))])
@pytest.mark.parametrize("outside", [b"", b"TAG" + bytes(125)])
def test_metadata_behind_an_empty_recording_are_no_samples(tmp_path, behind, outside):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(FMT, chunk(b"data", b""), behind) + outside)
    header = header_of(path)
    assert (header.promised_frames, header.present_frames) == (0, 0)


def test_a_true_size_of_the_file_is_believed_to_its_last_byte(tmp_path):
    content = wav(FMT, chunk(b"data", b""), chunk(b"id3 ", b"odd"))
    path = tmp_path / "a.wav"
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 9) + content[8:-1])  # the padding is often left out
    assert header_of(path).promised_frames == 0


NOT_WAV = {
    "empty": b"",
    "only_riff": b"RIFF",
    "ogg": b"OggS" + bytes(100),
    "no_chunks": wav(),
    "no_fmt": wav(chunk(b"data", bytes(8))),
    "short_fmt": wav(chunk(b"fmt ", b"short"), chunk(b"data", b"")),
    "zero_fmt": wav(chunk(b"fmt ", bytes(16)), chunk(b"data", bytes(8))),
    "endless_chunks": wav(*[chunk(b"junk", b"")] * 100, FMT),
}


@pytest.mark.parametrize("content", NOT_WAV.values(), ids=NOT_WAV)
def test_anything_else_is_none(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert header_of(path) is None


# The files of which a reader must know more than the header says, decoded.

RATE = 8000
OPEN_SIZES = [0, 0x7FFF0000, 0x7FFFF000, 0xFFFFFFFF]


def encoded(subtype: str, endian: str = "LITTLE") -> bytes:
    file = io.BytesIO()
    sound = np.sin(np.arange(8000) / 7) * np.linspace(0.1, 0.8, 8000)
    soundfile.write(file, sound, RATE, subtype=subtype, format="WAV", endian=endian)
    return file.getvalue()


@pytest.mark.parametrize("size", OPEN_SIZES)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW", "MS_ADPCM", "IMA_ADPCM", "GSM610", "G721_32"])
@pytest.mark.filterwarnings("error")
def test_an_open_size_is_alike_for_every_encoding(tmp_path, subtype, size):
    path, content = tmp_path / "a.wav", encoded(subtype)
    path.write_bytes(content)
    wanted, seconds = decode_file(path, RATE), audio_info(path).duration_seconds
    assert abs(len(wanted) / RATE - 1.0) < 0.065, "a second, and the padding of a block that no fact chunk tells"
    place = content.index(b"data") + 4
    riff = b"\xff\xff\xff\xff" if size else bytes(4)
    path.write_bytes(content[:4] + riff + content[8:place] + struct.pack("<I", size) + content[place + 4 :])
    np.testing.assert_array_equal(decode_file(path, RATE), wanted)
    np.testing.assert_array_equal(decode_file(path, RATE, fast=False), wanted)
    assert audio_info(path).duration_seconds == seconds == len(wanted) / RATE


@pytest.mark.parametrize("subtype", ["MS_ADPCM", "GSM610", "ALAW"])
def test_a_cut_file_tells_both_lengths(tmp_path, subtype):
    path, content = tmp_path / "a.wav", encoded(subtype)
    path.write_bytes(content[: len(content) // 2])
    with pytest.warns(AudioWarning, match=r"a\.wav: 0\.\d+ s of the [01]\.\d+ s that it announces can be decoded"):
        assert 0.4 * RATE < len(decode_file(path, RATE)) <= 0.55 * RATE


def test_blocks_in_two_chunks_and_big_endian_are_given_to_libsndfile_in_order(tmp_path):
    path = tmp_path / "a.wav"
    for endian in ("LITTLE", "BIG"):
        content = encoded("IMA_ADPCM", endian)
        path.write_bytes(content)
        wanted = decode_file(path, RATE)
        place, order = content.index(b"data") + 8, "<" if endian == "LITTLE" else ">"
        data = content[place:]
        half = header_of(path).frame_bytes * 7
        size = struct.pack(f"{order}I", half), struct.pack(f"{order}I", len(data) - half)
        chunks = b"data" + size[0] + data[:half] + b"LIST" + bytes(4) + b"data" + size[1] + data[half:]
        path.write_bytes(content[: place - 8] + chunks)
        np.testing.assert_array_equal(decode_file(path, RATE), wanted)


def test_sound_behind_what_is_announced_is_warned_of(tmp_path):
    path = tmp_path / "a.wav"
    content = encoded("PCM_16")
    noise = np.random.default_rng(0).integers(128, 256, 16_000, np.uint8).tobytes()
    path.write_bytes(content + noise)
    with pytest.warns(AudioWarning, match=r"1\.000 s of the 2\.000 s"):
        assert len(decode_file(path, RATE)) == RATE


def test_a_corrected_file_is_read_like_any_other(tmp_path):
    path = tmp_path / "a.wav"
    content = wav(FMT, chunk(b"data", bytes(range(100))), chunk(b"data", bytes(range(100, 200))))
    path.write_bytes(content)
    with open(path, "rb", buffering=0) as raw:
        file = CorrectedWav(raw, read_wav_header(raw))
        whole = file.read()
        assert whole == wav(FMT, chunk(b"data", bytes(range(200))))
        for start, count in ((0, 10), (40, 20), (140, 50), (200, 100), (5000, 5)):
            assert file.seek(start) == file.tell() == start and file.read(count) == whole[start : start + count]
        assert file.seek(-4, io.SEEK_END) == len(whole) - 4 and file.read(10) == whole[-4:]
