"""Decoding in the graph against libsndfile, against the package's own decoder, and against bytes made by hand."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from irmas_tf.audio.decode import AudioError, AudioWarning, decode_file
from irmas_tf.deploy.wav_graph import USUAL_RATES_HZ, decode_wav, supported_rates
from tests.helpers import riff

riff, chunk, fmt, GUID_TAIL = riff.riff, riff.chunk, riff.fmt, riff.GUID_TAIL
SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
TARGET_HZ = 22050


@pytest.fixture(scope="module")
def decode():
    """Return bytes -> (samples, seconds), the graph traced once."""
    function = tf.function(
        lambda audio: decode_wav(audio, TARGET_HZ, "audio[7]"), input_signature=[tf.TensorSpec([], tf.string)]
    ).get_concrete_function()

    def call(content: bytes) -> tuple[np.ndarray, float]:
        samples, seconds = function(tf.constant(content))
        return samples.numpy(), float(seconds)

    return call


def encode(samples: np.ndarray, rate: int, subtype: str = "PCM_16", format: str = "WAV") -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, subtype, format=format)
    return stream.getvalue()


def noise(frames: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (frames, channels))


def own_decode(folder: Path, content: bytes) -> np.ndarray:
    path = folder / "a.wav"
    path.write_bytes(content)
    return decode_file(path, TARGET_HZ)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 8])
def test_samples_are_those_of_libsndfile(decode, subtype, format, channels):
    content = encode(noise(501, channels), TARGET_HZ, subtype, format)
    samples, seconds = decode(content)
    expected = soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)[0].mean(axis=1)
    np.testing.assert_allclose(samples, expected, atol=2e-7)
    assert np.abs(expected).max() > 0.1
    assert seconds == pytest.approx(501 / TARGET_HZ, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("rate", USUAL_RATES_HZ)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_every_usual_rate_gives_what_the_package_decodes(decode, tmp_path, rate, subtype):
    content = encode(0.5 * noise(rate // 4 + 3, 2, rate), rate, subtype)
    samples, seconds = decode(content)
    expected = own_decode(tmp_path, content)
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples, expected, atol=3e-6)
    assert seconds == pytest.approx((rate // 4 + 3) / rate, rel=1e-6)


@pytest.mark.slow
def test_a_tone_stays_a_tone_at_another_rate(decode):
    times = np.arange(48000) / 48000
    samples, _ = decode(encode(0.5 * np.sin(2 * np.pi * 1000.0 * times), 48000, "FLOAT"))
    wanted = 0.5 * np.sin(2 * np.pi * 1000.0 * np.arange(TARGET_HZ) / TARGET_HZ)
    np.testing.assert_allclose(samples[500:-500], wanted[500:-500], atol=2e-4)


def test_the_models_own_rate_is_among_the_rates():
    assert set(supported_rates(30000)) == {*USUAL_RATES_HZ, 30000}
    assert list(supported_rates(30000)) == sorted(supported_rates(30000))


RATE = {"rate": TARGET_HZ}
VALUES = np.array([0, 16384, -32768, 8192], "<i2")
EXPECTED = [0.0, 0.5, -1.0, 0.25]
ODD = chunk(b"LIST", b"abc")  # three bytes and one of padding
EXTENSIBLE = struct.pack("<HHIIHH", 0xFFFE, 1, TARGET_HZ, 2 * TARGET_HZ, 2, 16) + struct.pack("<HHI", 22, 16, 4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        riff(fmt(**RATE), chunk(b"data", VALUES.tobytes())),
        riff(ODD, fmt(**RATE), ODD, chunk(b"fact", bytes(4)), chunk(b"data", VALUES.tobytes()), ODD),
        riff(*[ODD] * 60, fmt(**RATE), chunk(b"data", VALUES.tobytes())),
        riff(fmt(**RATE), chunk(b"data", VALUES.tobytes(), size=0), size=0),
        riff(fmt(**RATE), chunk(b"data", VALUES.tobytes(), size=0), size=36),
        riff(fmt(**RATE), chunk(b"data", VALUES.tobytes(), size=0), size=0xFFFFFFFF),
        riff(fmt(**RATE), chunk(b"data", VALUES.tobytes(), size=0xFFFFFFFF)),
        riff(fmt(**RATE), chunk(b"data", VALUES.tobytes(), size=0x7FFFFFFF)),
        riff(fmt(**RATE), chunk(b"data", VALUES.tobytes(), size=0x7FFFF000), size=0x7FFFF024),
        riff(fmt(**RATE), chunk(b"data", VALUES.tobytes() + b"\1")),  # half a sample at the end
        riff(chunk(b"fmt ", fmt(**RATE)[8:] + bytes(2)), chunk(b"data", VALUES.tobytes())),
        riff(chunk(b"fmt ", EXTENSIBLE + struct.pack("<H", 1) + GUID_TAIL), chunk(b"data", VALUES.tobytes())),
    ],
    ids="plain odd_chunks many_chunks open_0 open_0_of_36 open_0_of_ffffffff open_ffffffff open_7fffffff open_7ffff000"
    " half_sample long_fmt extensible".split(),
)
def test_files_made_by_hand(decode, content):
    np.testing.assert_allclose(decode(content)[0], EXPECTED, atol=1e-7)


BAD = {
    "empty": (b"", "is not a RIFF WAV file; convert it"),
    "text": (b"not audio at all, however long it goes on" * 9, "is not a RIFF WAV file"),
    "zeros": (bytes(5000), "is not a RIFF WAV file"),
    "half_a_header": (b"RIFF\x24\0\0\0WAVEfmt \x10\0", "without a format and a data chunk"),
    "big_endian": (b"RIFX" + riff(fmt(), chunk(b"data", bytes(8)))[4:], "is not a RIFF WAV file"),
    "data_first": (riff(chunk(b"data", bytes(8)), fmt()), "without a format and a data chunk"),
    "no_data": (riff(fmt(), ODD), "without a format and a data chunk"),
    "short_format": (riff(chunk(b"fmt ", fmt()[8:20]), chunk(b"data", bytes(8))), "without a format"),
    "too_many_chunks": (riff(*[ODD] * 70, fmt(), chunk(b"data", bytes(8))), "without a format and a data chunk"),
    "huge_chunk": (riff(chunk(b"LIST", b"", size=0xFFFFFFF0), fmt(), chunk(b"data", bytes(8))), "without a format"),
    "no_samples": (riff(fmt(), chunk(b"data", b"")), "holds no samples; send at least one"),
    "nothing_and_metadata": (riff(fmt(), chunk(b"data", b""), ODD), "holds no samples; send at least one"),
    "less_than_a_sample": (riff(fmt(), chunk(b"data", b"\1")), "holds no samples"),
    "cut": (riff(fmt(), chunk(b"data", bytes(100)))[:-30], "announces 100 bytes of audio and has 70; send the whole"),
    "no_channels": (riff(fmt(channels=0, frame_bytes=2), chunk(b"data", bytes(8))), "0 channels and 16 bits"),
    "wrong_frame": (riff(fmt(channels=2, frame_bytes=2), chunk(b"data", bytes(8))), "2 channels and 16 bits; send"),
    "12_bits": (riff(fmt(bits=12, frame_bytes=2), chunk(b"data", bytes(8))), "1 channels and 12 bits; send 8-, 16-"),
    "mu_law": (riff(fmt(tag=7, bits=8), chunk(b"data", bytes(8))), "format tag 7"),
    "other_guid": (
        riff(chunk(b"fmt ", EXTENSIBLE + struct.pack("<H", 1) + bytes(14)), chunk(b"data", bytes(8))),
        "format tag 65534",
    ),
    "rate_1": (riff(fmt(rate=1), chunk(b"data", bytes(8))), "a sample rate of 1 Hz; resample it to one of 8000, 11025"),
    "rate_4294967295": (riff(fmt(rate=0xFFFFFFFF), chunk(b"data", bytes(8))), "a sample rate of 4294967295 Hz"),
    "nan": (encode(np.array([0.0, np.nan]), 8000, "FLOAT"), "holds NaN, infinity or values far beyond full scale"),
    "infinities": (encode(np.array([[np.inf, -np.inf]]), 8000, "FLOAT"), "holds NaN, infinity"),
    "cancelling": (encode(np.array([[1e30, -1e30]]), 8000, "FLOAT"), "far beyond full scale"),
    "huge_double": (encode(np.array([0.0, 1e300]), 8000, "DOUBLE"), "far beyond full scale"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_an_invalid_argument_that_says_why(decode, name):
    content, message = BAD[name]
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        decode(content)
    words = str(caught.value)
    assert message in words[words.index("audio[7] ") :]


@pytest.mark.slow
@pytest.mark.parametrize("subtype", SUBTYPES)
def test_mutated_files_are_refused_or_decoded_as_the_package_does(decode, tmp_path, subtype):
    original = encode(0.5 * noise(200, 2), 11025, subtype)
    rng = np.random.default_rng(len(original))
    compared = 0
    for kind in range(60):
        content = bytearray(original)
        for _ in range(rng.integers(1, 6)):
            content[rng.integers(0, 60 if kind % 2 else len(content))] = rng.integers(256)
        content = bytes(content[: rng.integers(0, len(content))] if kind % 5 == 0 else content)
        try:
            samples, _ = decode(content)
        except tf.errors.InvalidArgumentError as error:
            assert "audio[7] " in str(error)
            continue
        assert len(samples) and np.isfinite(samples).all()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AudioWarning)
            try:
                expected = own_decode(tmp_path, content)
            except AudioError:
                continue  # libsndfile is stricter about fields that do not matter here
        if len(expected) == len(samples):
            scale = max(1.0, float(np.abs(expected).max()))
            np.testing.assert_allclose(samples, expected, atol=1e-5 * scale)
            compared += 1
    assert compared >= 10
