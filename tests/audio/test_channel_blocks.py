"""Which decoder reads which kind of file."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.audio import av_decode
from irmas_tf.audio.channel_blocks import iter_channel_blocks, iter_channels
from irmas_tf.audio.decode import decode_file
from tests.helpers.media import encode, encoded, sound

RATE = 22050
# What FFmpeg is not asked for. (libsndfile's name of the container, of the encoding, samples that it adds at the end)
LIBSNDFILE = [
    ("AIFF", "PCM_16"), ("AIFF", "PCM_24"), ("AIFF", "FLOAT"), ("AU", "PCM_16"), ("CAF", "PCM_24"), ("W64", "PCM_16"),
    ("RF64", "PCM_24"), ("VOC", "PCM_16"), ("IRCAM", "PCM_16"), ("NIST", "PCM_16"), ("WAV", "DOUBLE"), ("WAV", "ULAW"),
    ("AU", "ALAW"), ("WAV", "PCM_U8"), ("SVX", "PCM_16"), ("AVR", "PCM_16"), ("PVF", "PCM_16"), ("PAF", "PCM_16"),
]  # fmt: skip


@pytest.mark.parametrize("container, subtype", LIBSNDFILE)
def test_pcm_is_read_without_ffmpeg_and_exactly(tmp_path, monkeypatch, container, subtype):
    monkeypatch.setattr(av_decode, "iter_av", lambda *_, **__: pytest.fail("FFmpeg is asked"))
    path = tmp_path / "a"
    path.write_bytes(encoded(sound(0.3, RATE, 1), RATE, container, subtype))
    expected, rate = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(decode_file(path, rate), expected)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_flac_is_exact_to_the_bit(tmp_path, subtype):
    (tmp_path / "a").write_bytes(encoded(sound(0.5, 44100, 2), 44100, "FLAC", subtype))
    expected = soundfile.read(tmp_path / "a", dtype="float32")[0]
    np.testing.assert_array_equal(np.concatenate(list(iter_channels(tmp_path / "a"))), expected)
    np.testing.assert_array_equal(
        decode_file(tmp_path / "a", 44100), (expected[:, 0] + expected[:, 1]) * np.float32(0.5)
    )


def test_what_libsndfile_refuses_is_tried_with_ffmpeg(tmp_path):
    encode(tmp_path / "adts.aac", sound(1.0), 44100, "aac", muxer="adts")
    stream = (tmp_path / "adts.aac").read_bytes()
    fmt = b"\x00\x16\x02\x00" + (44100).to_bytes(4, "little") + (16000).to_bytes(4, "little") + b"\1\0\0\0\0\0"
    chunks = b"WAVEfmt " + (18).to_bytes(4, "little") + fmt + b"data" + len(stream).to_bytes(4, "little") + stream
    (tmp_path / "aac.wav").write_bytes(b"RIFF" + len(chunks).to_bytes(4, "little") + chunks)
    np.testing.assert_array_equal(decode_file(tmp_path / "aac.wav", RATE), decode_file(tmp_path / "adts.aac", RATE))


def test_blocks_have_the_rate_and_channels_of_their_part(tmp_path):
    first = encoded(sound(0.5, 22050, 1), 22050, "OGG", "VORBIS")
    second = encoded(sound(0.5, 44100, 2), 44100, "OGG", "VORBIS")
    (tmp_path / "a.ogg").write_bytes(first + second)
    shapes = [(*block.samples.shape, block.rate_hz) for block in iter_channel_blocks(tmp_path / "a.ogg")]
    assert shapes == [(11025, 1, 22050), (22050, 2, 44100)]


def test_who_wants_to_know_of_missing_sound_is_told_instead_of_warned(tmp_path, recwarn):
    content = encoded(sound(1.0, RATE, 1), RATE, "FLAC", "PCM_16")
    (tmp_path / "a.flac").write_bytes(content[: len(content) // 2])
    told = []
    list(iter_channel_blocks(tmp_path / "a.flac", on_truncated=lambda *lengths: told.append(lengths)))
    assert len(told) == 1 and told[0][0] == tmp_path / "a.flac" and 0.3 < told[0][1] < 0.7 and told[0][2] == 1.0
    assert not recwarn.list


def test_mp3_in_free_format_is_heard_to_its_end(tmp_path):
    frame = bytes([0xFF, 0xFB, 0, 0xC0]) + bytes(518)  # silence, whose length only the next frame tells
    (tmp_path / "a").write_bytes(60 * frame)
    assert sum(map(len, iter_channels(tmp_path / "a"))) == 60 * 1152
