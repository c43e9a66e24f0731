"""Headers as programs write them: whatever the chunks say, the samples are those that were written."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from irmas_tf.streaming_samples import read_frames
from irmas_tf.streaming_wav import read_wav_header
from tests.helpers import cases
from tests.helpers.riff import GUID_TAIL, chunk, fmt, riff

VALUES = np.random.default_rng(0).integers(-20_000, 20_000, 300).astype("<i2")
DATA = VALUES.tobytes()
NAMES = (b"LIST", b"bext", b"fact", b"JUNK", b"iXML", b"cue ", b"id3 ", b"axml")


def read(content: bytes, count: int = 700) -> tuple[np.ndarray, object]:
    file = io.BytesIO(content)
    header = read_wav_header(file)
    assert header is not None
    blocks = list(read_frames(file, header, count))
    assert all(len(block) <= count for block in blocks)
    return np.concatenate(blocks or [np.zeros((0, header.channels), np.float32)]), header


@st.composite
def odd_wavs(draw) -> bytes:
    """A file with the samples in one chunk of data or several, and sizes that lie."""

    def others(least: int = 0) -> list[bytes]:
        chunks = []
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=least, max_size=3)):
            body = draw(st.binary(max_size=40)).replace(b"data", b"DATA").replace(b"fmt ", b"FMT ")
            padding = draw(st.sampled_from([b"\0", b"\1", b""])) if len(body) % 2 else b""
            chunks.append(name + struct.pack("<I", len(body)) + body + padding)
        return chunks

    cuts = sorted(draw(st.lists(st.integers(0, len(VALUES) - 1), max_size=2)))
    pieces = [piece.tobytes() for piece in np.split(VALUES, cuts)]
    data = [b"".join([chunk(b"data", piece), *others()]) for piece in pieces]
    size = draw(st.sampled_from([None, 0, 4, 36, 200, 0x7FFF0024, 0xFFFFFFFF]))
    if len(pieces) == 1 and draw(st.booleans()):
        size = draw(st.sampled_from([0, 36, 0xFFFFFFFF]))
        mark = draw(st.sampled_from([0, 0x7FFF0000, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]))
        data = [chunk(b"data", DATA, mark)]
    lie = chunk(b"LIST", b"INFO", draw(st.integers(1 << 20, 0xFFFFFFFF))) if draw(st.booleans()) else b""
    format_first = not lie and len(data) == 1 and data[0].startswith(chunk(b"data", DATA)[:8])
    after = format_first and draw(st.booleans())
    chunks = [*others(), *([] if after else [fmt()]), *others(), lie, *data, *([fmt()] if after else [])]
    before = b"ID3\3\0\0\0\0\0\x14" + bytes(20) if draw(st.booleans()) else b""
    return before + riff(*chunks, size=size)


@pytest.mark.slow
@given(content=odd_wavs(), count=st.integers(1, 400))
@settings(max_examples=cases(60, 2000), deadline=None)
def test_whatever_the_chunks_are_the_samples_are_those_that_were_written(content, count):
    samples, header = read(content, count)
    np.testing.assert_array_equal(samples[:, 0] * 32768, VALUES)
    assert header.promised_frames in (None, len(VALUES)) and header.unread_bytes == 0


@given(content=st.binary(max_size=200))
@settings(max_examples=cases(50, 2000), deadline=None)
def test_no_bytes_break_it(content):
    for start in (b"RIFF\0\0\0\0WAVE", b"RIFF\0\1\0\0WAVE" + fmt(), b"ID3", riff(fmt(), chunk(b"data", b""))):
        file = io.BytesIO(start + content)
        header = read_wav_header(file)
        if header and header.sample_bytes:
            list(read_frames(file, header, 64))


@pytest.mark.parametrize("mark", [0, 0x7FFF0000, 0x7FFFF000, 0x7FFFFFDB, 0xFFFFFFFF, 0xFFFFFFDB])
@pytest.mark.parametrize("encoding", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_open_sizes_are_alike_for_every_encoding(encoding, mark):
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(0).uniform(-1, 1, (500, 2)), 8000, subtype=encoding, format="WAV")
    content = file.getvalue()
    wanted = soundfile.read(io.BytesIO(content), dtype="float32")[0]
    place = content.index(b"data") + 4
    samples, header = read(content[:place] + struct.pack("<I", mark) + content[place + 4 :][: wanted.size * 8])
    count = min(len(wanted), len(samples))
    np.testing.assert_array_equal(samples[:count], wanted[:count])
    assert header.promised_frames is None and count == 500 and not header.is_plain


@pytest.mark.parametrize("info", [b"", b"IART\x05\0\0\0cello\0", b"ISFT\3\0\0\0abc"])
def test_metadata_that_closes_data_of_open_size_is_no_sound(info):
    content = riff(fmt(), chunk(b"data", DATA, 0x7FFF0000), chunk(b"LIST", b"INFO" + info), size=0x7FFF0024)
    values, header = read(content)
    np.testing.assert_array_equal(values[:, 0] * 32768, VALUES)
    assert header.promised_frames is None
    values, _ = read(riff(fmt(), chunk(b"data", DATA + b"LIST\4\0\0\0INFO" + DATA, 0xFFFFFFFF)))
    assert len(values) == 2 * len(VALUES) + 6  # no end of the file, so samples by chance


def extensible(sub: int, bits: int, valid: int) -> bytes:
    tail = struct.pack("<HHIH", 22, valid, 4, sub) + GUID_TAIL
    return chunk(b"fmt ", struct.pack("<HHIIHH", 0xFFFE, 1, 8000, 1000 * bits, bits // 8, bits) + tail)


@pytest.mark.parametrize(
    "start, width",
    [
        (extensible(1, 16, 12), 2), (extensible(1, 16, 0), 2), (extensible(1, 32, 24), 4), (extensible(3, 32, 32), 4),
        (fmt(bits=16, frame_bytes=4), 2), (fmt(bits=0, frame_bytes=2), 2), (fmt(bits=20), 3), (fmt(bits=12), 2),
        (fmt(bits=24, frame_bytes=4), 4), (fmt(tag=2, bits=4, frame_bytes=256), 0), (fmt(tag=3, bits=16), 0),
    ],
)  # fmt: skip
def test_the_size_of_a_sample_is_told_as_libsndfile_tells_it(start, width):
    header = read_wav_header(io.BytesIO(riff(start, chunk(b"data", bytes(1024)))))
    assert header.sample_bytes == width


def test_data_cut_behind_and_beyond_what_is_announced():
    _, cut = read(riff(fmt(), chunk(b"data", DATA, len(DATA) + 4000)))
    assert (cut.promised_frames, cut.present_frames) == (len(VALUES) + 2000, len(VALUES))
    noise = np.random.default_rng(1).integers(128, 256, 9000, np.uint8).tobytes()
    for behind, unread in ((noise, 9000), (bytes(9000), 0), (b"TAG" + noise[:125], 0), (chunk(b"id3 ", noise), 0)):
        _, header = read(riff(fmt(), chunk(b"data", DATA)) + behind)
        assert (header.promised_frames, header.unread_bytes) == (len(VALUES), unread)
    whole = len(riff(fmt(), chunk(b"data", DATA)))
    for size in (whole, whole - 8):  # programs that count the header in
        assert read(riff(fmt(), chunk(b"data", DATA, size)))[1].promised_frames == len(VALUES)


def test_joined_files_are_read_to_the_end_if_they_are_of_one_format():
    file = riff(fmt(), chunk(b"data", DATA), chunk(b"LIST", b"INFO"))
    samples, header = read(file + file)
    np.testing.assert_array_equal(samples[:, 0] * 32768, np.tile(VALUES, 2))
    assert header.promised_frames == 2 * len(VALUES) and not header.is_pcm16
    samples, header = read(file + riff(fmt(rate=16000), chunk(b"data", DATA)))
    assert len(samples) == len(VALUES) and header.unread_bytes > len(DATA)


def test_more_data_than_32_bits_can_count(tmp_path):
    for size in ((1 << 32) + 400, (1 << 33) + 5000):
        path = tmp_path / f"{size}.wav"
        with open(path, "wb") as file:
            file.write(riff(fmt(), chunk(b"data", b"", size % (1 << 32))))
            file.truncate(44 + size)  # a file of holes
        with open(path, "rb") as file:
            assert read_wav_header(file).present_frames == size // 2
