from __future__ import annotations

import io
import time

import numpy as np
import pytest
import soundfile

from irmas_tf.kinds.file_kinds import kind_of_bytes
from irmas_tf.kinds.mpeg_frames import find_mpeg_audio, is_free_format


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_mp3_of_every_version_is_found_behind_other_bytes(rate):
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(0).normal(0, 0.1, rate), rate, format="MP3")
    assert find_mpeg_audio(file.getvalue()[:6000]) == "MP3"
    assert find_mpeg_audio(b"\xff\xfb other bytes" + file.getvalue()[1000:7000]) == "MP3"


def test_noise_holds_no_stream():
    noise = np.random.default_rng(0).bytes(1 << 19)
    assert all(find_mpeg_audio(noise[i : i + 8192]) is None for i in range(0, len(noise), 8192))
    assert not any(is_free_format(noise[i : i + 8192]) for i in range(0, len(noise), 8192))
    assert find_mpeg_audio(b"") is None
    assert find_mpeg_audio(b"\xff" * 8192) is None


def free_format(length: int, count: int = 5) -> bytes:
    """Frames of MPEG 1 layer 3 whose headers leave the bit rate open; every third has a byte of padding."""
    noise = np.random.default_rng(1)
    frames = []
    for number in range(count):
        padding = int(number % 3 == 2)
        body = noise.integers(0, 255, length - 4 + padding, np.uint8).tobytes()
        frames.append(bytes([0xFF, 0xFB, padding << 1, 0xC0]) + body)
    return b"".join(frames)


@pytest.mark.parametrize("length", [104, 522, 1044])
def test_free_format_is_found_by_headers_at_one_distance(length):
    stream = free_format(length)
    assert is_free_format(stream) and is_free_format(b"other bytes" + stream)
    assert kind_of_bytes(stream).name == "free-format MP3"
    assert not is_free_format(stream[: 2 * length]) and not is_free_format(b"")
    assert not is_free_format(stream[:length] + b"\0" * 7 + stream[length : 3 * length] + b"\0" * 9)


def test_headers_without_an_order_are_given_up_soon():
    heads = np.random.default_rng(0).integers(0, 64, 2700)
    data = b"".join(bytes([0xFF, 0xFB, head & 0x0F if head % 4 else 0xF0]) for head in heads)
    start = time.process_time()
    is_free_format(data)
    assert time.process_time() - start < 0.5
