"""What `irmas_tf.streaming` hears is what the package hears."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from irmas_tf.audio.decode import decode_file
from irmas_tf.dsp.resample import resample
from irmas_tf.streaming_sound import Resampler, SoundError, SoundWarning, piped_wav_blocks, read_start, wav_blocks
from tests.helpers.riff import chunk, fmt, riff

RATE = 22050


def heard(path, rate=RATE) -> np.ndarray:
    return np.concatenate(list(wav_blocks(path, rate)))


@pytest.mark.parametrize("source_hz", [8000, 22050, 44100, 48000, 44101, 192000])
@pytest.mark.parametrize("target_hz", [RATE, 16000])
def test_the_filter_is_the_packages(source_hz, target_hz):
    sound = np.random.default_rng(0).normal(0, 0.3, source_hz // 2 + 7).astype(np.float32)
    resampler = Resampler(source_hz, target_hz)
    pieces = [resampler.push(sound[first : first + 999]) for first in range(0, len(sound), 999)]
    wanted = resample(sound, source_hz, target_hz)
    np.testing.assert_allclose(np.concatenate([*pieces, resampler.flush()]), wanted, atol=3e-5)
    assert sum(map(len, pieces)) > 0.9 * len(wanted), "the answer does not wait for the end"


@given(
    rates=st.tuples(*[st.sampled_from([8000, 11025, 22050, 24000, 44100])] * 2), lengths=st.lists(st.integers(0, 900))
)
@example(rates=(44100, 8000), lengths=[1])
@example(rates=(8000, 44100), lengths=[])
@settings(max_examples=25, deadline=None)
def test_pieces_of_any_length_give_every_sample(rates, lengths):
    sound = np.random.default_rng(0).uniform(-1, 1, sum(lengths)).astype(np.float32)
    resampler = Resampler(*rates)
    pieces = [resampler.push(piece) for piece in np.split(sound, np.cumsum(lengths)[:-1] if lengths else [])]
    outputs = np.concatenate([*pieces, resampler.flush()])
    assert len(outputs) == -(-len(sound) * rates[1] // rates[0])
    if len(sound):
        np.testing.assert_allclose(outputs, resample(sound, *rates), atol=3e-5)


@pytest.mark.parametrize("rate", [RATE, 44100, 96000])
@pytest.mark.parametrize(
    "container, encoding",
    [
        ("WAV", "PCM_U8"), ("WAV", "PCM_16"), ("WAVEX", "PCM_16"), ("WAVEX", "PCM_24"), ("WAV", "PCM_32"),
        ("WAV", "FLOAT"), ("WAVEX", "DOUBLE"), ("WAV", "ULAW"), ("WAV", "ALAW"), ("RF64", "PCM_24"),
        ("WAV", "IMA_ADPCM"), ("WAV", "MS_ADPCM"),
    ],
)  # fmt: skip
def test_every_encoding_is_heard_as_the_package_hears_it(tmp_path, container, encoding, rate):
    path = tmp_path / "a.wav"
    sound = np.random.default_rng(0).uniform(-0.9, 0.9, (rate // 4, 2))
    soundfile.write(path, sound, rate, subtype=encoding, format=container)
    np.testing.assert_allclose(heard(path), decode_file(path, RATE), atol=3e-6)


def test_a_cut_file_is_used_with_a_warning(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(riff(fmt(rate=8000), chunk(b"data", bytes(4000), size=16000)))
    with pytest.warns(SoundWarning, match=r"a\.wav: the data stops after 0\.250 s of the 1\.000 s .* what is there"):
        assert len(heard(path, 8000)) == 2000
    path.write_bytes(riff(fmt(rate=8000), chunk(b"data", bytes(4000))) + 5000 * b"\xfe\xdc")
    with pytest.warns(SoundWarning, match=r"behind the 0\.250 s .* are 10000 unread bytes"):
        assert len(heard(path, 8000)) == 2000


@pytest.mark.parametrize(
    "content, message",
    [
        (riff(fmt(tag=0x31, bits=0, frame_bytes=65), chunk(b"data", bytes(650))), "holds format 0x31 with 0 bits"),
        (riff(fmt(rate=4000), chunk(b"data", bytes(512))), "sample rate of 4,000 Hz; supported are 8,000 to 192,000"),
        (riff(fmt(), chunk(b"data", b"")), "holds no samples"),
        (riff(fmt(channels=0, frame_bytes=2), chunk(b"data", bytes(8))), "0 channels, which is not read here"),
        (b"fLaC", "is not a WAV file; convert it: ffmpeg -i "),
        (b"", "is not a WAV file"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(SoundError, match=rf"a\.wav: .*{message}"):
        heard(path, 8000)


@pytest.mark.parametrize("size", [2000, 0xFFFFFFFF, 0, 3000])
@pytest.mark.filterwarnings("error")
def test_a_wav_file_from_a_pipe(size):
    data = np.arange(1000, dtype="<i2").tobytes()
    behind = chunk(b"LIST", b"INFO") if size == 2000 else b""
    pipe = io.BytesIO(riff(fmt(rate=8000), chunk(b"data", data, size), behind, size=0xFFFFFFFF))
    blocks = piped_wav_blocks(pipe, read_start(pipe), 8000)
    if size == 3000:
        with pytest.raises(SoundWarning, match=r"standard input: ends after 0\.125 s of the 0\.188 s"):
            list(blocks)
        return
    np.testing.assert_array_equal(np.concatenate(list(blocks)) * 32768, np.arange(1000))
    assert pipe.read() == b""


def test_a_header_longer_than_the_first_read_of_a_pipe():
    broadcast = chunk(b"bext", bytes(40_000))
    pipe = io.BytesIO(riff(broadcast, fmt(rate=8000), chunk(b"data", struct.pack("<100h", *range(100)))))
    blocks = list(piped_wav_blocks(pipe, read_start(pipe), 8000))
    np.testing.assert_array_equal(np.concatenate(blocks) * 32768, np.arange(100))
