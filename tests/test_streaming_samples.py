"""Samples as libsndfile and FFmpeg decode them."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pytest
import soundfile

from irmas_tf.streaming_samples import read_frames
from irmas_tf.streaming_wav import read_wav_header
from tests.helpers.riff import chunk, fmt, riff


def read(content: bytes, count: int = 700):
    file = io.BytesIO(content)
    header = read_wav_header(file)
    return np.concatenate(list(read_frames(file, header, count))), header


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
@pytest.mark.parametrize("encoding", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
def test_every_encoding_is_decoded_as_libsndfile_decodes_it(encoding, endian):
    file = io.BytesIO()
    sound = np.random.default_rng(0).uniform(-1, 1, (500, 3))
    soundfile.write(file, sound, 8000, subtype=encoding, format="WAV", endian=endian)
    samples, header = read(file.getvalue())
    np.testing.assert_array_equal(samples, soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")[0])
    assert header.is_plain == (endian == "LITTLE") and header.promised_frames == 500


@pytest.mark.parametrize("count, endian", [(1, "LITTLE"), (100_000, "LITTLE"), (100_000, "BIG")])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("encoding", ["MS_ADPCM", "IMA_ADPCM"])
def test_adpcm_is_decoded_as_libsndfile_decodes_it(encoding, channels, count, endian):
    rng = np.random.default_rng(0)
    sound = np.sin(np.arange(70_000) / 9)[:, None] * rng.uniform(0, 1, (70_000, channels))
    file = io.BytesIO()
    soundfile.write(file, sound, 22050, subtype=encoding, format="WAV", endian=endian)
    samples, header = read(file.getvalue(), count)
    wanted = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32", always_2d=True)[0]
    np.testing.assert_array_equal(samples, wanted[: len(samples)])
    assert header.sample_bytes == 0 and len(wanted) - len(samples) < header.block_samples
    if encoding == "MS_ADPCM":  # its fact chunk tells where the padding begins
        assert len(samples) == len(sound)


@pytest.mark.parametrize("codec", ["adpcm_ms", "adpcm_ima_wav"])
def test_adpcm_of_another_encoder(tmp_path, codec):
    path = str(tmp_path / "a.wav")
    sound = (8000 * np.sin(np.arange(9000) / 5)).astype(np.int16)
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=16000, layout="mono")
        stream.codec_context.open()
        size = stream.codec_context.frame_size
        format = stream.codec_context.format.name
        for first in range(0, len(sound) // size * size, size):
            frame = av.AudioFrame.from_ndarray(sound[None, first : first + size], format=format, layout="mono")
            frame.sample_rate = 16000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open(path, "rb") as file:
        samples, _ = read(file.read())
    with av.open(path) as container:
        decoded = np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)])
    np.testing.assert_array_equal(samples[:, 0] * 32768, decoded)


def test_damaged_adpcm_breaks_nothing():
    rng = np.random.default_rng(0)
    for tag, size in ((2, 256), (2, 14), (2, 15), (0x11, 256), (0x11, 8), (0x11, 1024)):
        extra = struct.pack("<HHH", 32, 500, 7) + rng.bytes(28)
        start = chunk(b"fmt ", fmt(tag=tag, channels=2, bits=4, frame_bytes=size)[8:] + extra)
        samples, header = read(riff(start, chunk(b"data", rng.bytes(size * 5 + 3))))
        assert samples.shape == (5 * header.block_samples, 2) and np.abs(samples).max() <= 1.0
