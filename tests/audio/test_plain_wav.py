from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio import plain_wav
from irmas_tf.audio.plain_wav import look_for_plain_wav
from irmas_tf.process.ordered_threads import OrderedThreads
from tests.helpers.riff import chunk, fmt, riff

POOL = OrderedThreads(2)
DATA = struct.pack("<8h", *range(8))


def look(*paths: Path) -> list[plain_wav.PlainWav | None]:
    return look_for_plain_wav([str(path) for path in paths], POOL)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_what_is_plain_and_where_its_samples_are(tmp_path):
    path = write(tmp_path / "a.wav", riff(chunk(b"LIST", b"abc"), fmt(channels=2), chunk(b"data", DATA)))
    (layout,) = look(path)
    assert (layout.sample_rate_hz, layout.channels, layout.frames, layout.data_bytes) == (8000, 2, 4, 16)
    assert layout.file_bytes == os.path.getsize(path) and path.read_bytes()[len(layout.header) :] == DATA


NOT_PLAIN = {
    "cut": riff(fmt(), chunk(b"data", DATA))[:-3],
    "open": riff(fmt(), chunk(b"data", DATA, 0xFFFFFFFF)),
    "in_two_parts": riff(fmt(), chunk(b"data", DATA), chunk(b"data", DATA)),
    "joined": riff(fmt(), chunk(b"data", DATA)) * 2,
    "empty": riff(fmt(), chunk(b"data", b"")),
    "24_bits": riff(fmt(bits=24), chunk(b"data", bytes(24))),
    "slow": riff(fmt(rate=4000), chunk(b"data", DATA)),
    "much_behind": riff(fmt(), chunk(b"data", DATA), chunk(b"PAD ", bytes(1 << 21))),
    "long_header": riff(fmt(), chunk(b"junk", bytes(5000)), chunk(b"data", DATA)),
    "no_wav": b"fLaC" + bytes(100),
}


@pytest.mark.parametrize("content", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_left_to_python(tmp_path, content):
    assert look(write(tmp_path / "a.wav", content)) == [None]


def test_order_missing_files_and_long_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(plain_wav, "_MOST_VALUES", 1000)
    paths = []
    for k in range(200):
        paths.append(tmp_path / f"{k}.wav")
        if k % 7:
            paths[k].write_bytes(riff(fmt(), chunk(b"data", bytes(2 * k + 2))))
    soundfile.write(paths[1], np.zeros(1001), 8000, subtype="PCM_16")
    layouts = look(*paths)
    assert [k for k, layout in enumerate(layouts) if layout is None] == [0, 1, *range(7, 200, 7)]
    assert all(layout.frames == k + 1 for k, layout in enumerate(layouts) if layout)


def test_a_header_is_read_once_and_again_when_the_file_changes(tmp_path, monkeypatch):
    path = write(tmp_path / "a.wav", riff(fmt(), chunk(b"data", DATA)))
    (first,) = look(path)
    with monkeypatch.context() as patch:
        patch.setattr(plain_wav, "open_raw", None)
        assert look(path) == [first]
    write(path, riff(fmt(), chunk(b"data", DATA * 2)))
    assert look(path)[0].frames == 16
