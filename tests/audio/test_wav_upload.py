from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import AudioError, AudioWarning, decode_file
from irmas_tf.audio.wav_upload import UPLOAD_RATES_HZ, float_wav, wav_upload

RNG = np.random.default_rng(3)


def write(path: Path, rate_hz: int, channels: int, subtype: str, format: str, frames: int = 5000) -> Path:
    soundfile.write(path, RNG.normal(0, 0.1, [frames, channels]), rate_hz, subtype, format=format)
    return path


def test_the_rates_are_those_of_exported_models() -> None:
    from irmas_tf.deploy.wav_graph import USUAL_RATES_HZ

    assert UPLOAD_RATES_HZ == USUAL_RATES_HZ


@pytest.mark.parametrize(
    ("rate_hz", "channels", "subtype", "format"),
    [
        (44100, 2, "PCM_16", "WAV"), (8000, 1, "PCM_U8", "WAV"), (96000, 3, "PCM_24", "WAVEX"),
        (48000, 1, "PCM_32", "WAV"),
    ],
)  # fmt: skip
def test_pcm_wav_goes_as_it_is(tmp_path: Path, rate_hz: int, channels: int, subtype: str, format: str) -> None:
    path = write(tmp_path / "a.wav", rate_hz, channels, subtype, format)
    assert wav_upload(path, 22050) == path.read_bytes() == wav_upload(path)


@pytest.mark.parametrize(
    ("name", "rate_hz", "subtype", "format", "without_rate_hz"),
    [
        ("a.flac", 44100, "PCM_24", "FLAC", 44100),
        ("a.mp3", 48000, "MPEG_LAYER_III", "MP3", 48000),
        ("float.wav", 44100, "FLOAT", "WAV", 44100),
        ("alaw.wav", 8000, "ALAW", "WAV", 8000),
        ("odd.wav", 12000, "PCM_16", "WAV", 44100),
    ],
)
def test_all_else_is_decoded_without_loss(
    tmp_path: Path, name: str, rate_hz: int, subtype: str, format: str, without_rate_hz: int
) -> None:
    path = write(tmp_path / name, rate_hz, 2 if subtype != "ALAW" else 1, subtype, format)
    for asked, rate in ((22050, 22050), (0, without_rate_hz)):
        content = wav_upload(path, asked)
        values, found = soundfile.read(io.BytesIO(content), dtype="float32")
        assert found == rate and values.ndim == 1
        np.testing.assert_array_equal(values, decode_file(path, rate))


def test_the_models_own_rate_is_usual(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 12000, 1, "PCM_16", "WAV")
    assert wav_upload(path, 12000) == path.read_bytes()
    assert wav_upload(path, 22050) != path.read_bytes()


def test_a_cut_file_is_sent_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 8000, 1, "PCM_16", "WAV")
    path.write_bytes(path.read_bytes()[: 44 + 2 * 1000])
    with pytest.warns(AudioWarning):
        content = wav_upload(path, 8000)
    assert soundfile.info(io.BytesIO(content)).frames == 1000


def test_a_file_that_is_too_long_is_decoded_or_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 96000, 4, "PCM_24", "WAVEX", frames=96000)  # 1.1 MB; 32 kB at 8 kHz, mono
    content = wav_upload(path, 8000, max_bytes=100_000)
    assert len(content) == 44 + 4 * 8000
    with pytest.raises(AudioError, match=r"too long to be sent: at 8000 Hz it takes more than 0\.01 MB"):
        wav_upload(path, 8000, max_bytes=10486)


def test_long_files_are_decoded_here_if_the_rate_is_known(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros([4 << 20, 2]), 44100, "PCM_16")
    assert path.stat().st_size > 16 << 20
    assert len(wav_upload(path, 11025)) == 44 + 4 * (1 << 20)
    assert wav_upload(path) == path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not audio" * 100])
def test_what_is_no_audio_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.wav: "):
        wav_upload(path)
    with pytest.raises(OSError, match="No such file"):
        wav_upload(tmp_path / "none.wav")


def test_the_header_is_that_of_libsndfile(tmp_path: Path) -> None:
    samples = RNG.normal(0, 1, 777).astype(np.float32)
    content = float_wav(samples, 22050)
    described = soundfile.info(io.BytesIO(content))
    assert (described.samplerate, described.channels, described.subtype) == (22050, 1, "FLOAT")
    np.testing.assert_array_equal(soundfile.read(io.BytesIO(content), dtype="float32")[0], samples)


def test_a_stream_without_its_size_goes_decoded(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 8000, 1, "PCM_16", "WAV")
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\x24\xf0\xff\x7f" + content[8:40] + b"\x00\xf0\xff\x7f" + content[44:])
    values, _ = soundfile.read(io.BytesIO(wav_upload(path, 8000)), dtype="float32")
    np.testing.assert_array_equal(values, decode_file(path, 8000))
