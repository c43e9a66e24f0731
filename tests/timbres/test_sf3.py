"""Compressed samples: Ogg Vorbis as written, whole SoundFonts of them, and damaged ones by name."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from irmas_tf.timbres.sf2 import SoundFont
from irmas_tf.timbres.sf3 import count_frames, decode
from irmas_tf.timbres.zones import SoundFontError
from tests.helpers.sound_sources import as_ogg, make_sf2

SAMPLES = (np.sin(np.arange(2000) * 2 * np.pi / 50) * 20000).astype(np.int16)


def test_a_sample_is_read_as_written():
    ogg = as_ogg(SAMPLES)
    assert count_frames(ogg) == len(SAMPLES)
    audio = decode(ogg)
    assert audio.dtype == np.float32 and audio.flags.c_contiguous
    np.testing.assert_allclose(audio, SAMPLES / 32768.0, atol=0.08)
    assert np.corrcoef(audio, SAMPLES)[0, 1] > 0.999


def test_of_two_channels_the_first_counts():
    stream = io.BytesIO()
    soundfile.write(stream, np.stack([SAMPLES, -SAMPLES // 2], 1) / 32768.0, 22050, format="OGG", subtype="VORBIS")
    audio = decode(stream.getvalue())
    assert audio.shape == SAMPLES.shape
    assert np.corrcoef(audio, SAMPLES)[0, 1] > 0.99


@pytest.mark.parametrize("data", [b"", b"no Ogg at all", as_ogg(SAMPLES)[:60]], ids=["empty", "text", "cut"])
@pytest.mark.parametrize("read", [count_frames, decode])
def test_what_is_no_sample_is_refused_in_one_line(read, data):
    with pytest.raises(SoundFontError, match="a compressed sample cannot be read") as caught:
        read(data)
    assert "\n" not in str(caught.value)


def write(tmp_path, data: bytes):
    path = tmp_path / "test.sf3"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("padded", [True, False])
def test_a_compressed_soundfont_plays_what_its_ogg_samples_hold(tmp_path, padded):
    ogg = as_ogg(SAMPLES)
    ogg += b"" if len(ogg) % 2 else b"\0"  # odd: some files leave out the byte that RIFF puts behind
    font = SoundFont(write(tmp_path, make_sf2([(54, 1)], SAMPLES, (1000, 1500), ogg=ogg, padded=padded)))
    (zone,) = font.zones(0, 5)
    assert (zone.start, zone.end, zone.loop) == (0, 2000, (1000, 1500))
    np.testing.assert_allclose(font.samples(zone), SAMPLES / 32768.0, atol=0.08)


def test_a_damaged_sample_of_a_compressed_soundfont_is_named(tmp_path):
    font = SoundFont(write(tmp_path, make_sf2([], SAMPLES, (1000, 1500), ogg=b"no Ogg at all")))
    with pytest.raises(SoundFontError, match=r"test\.sf3: a compressed sample cannot be read.*another file"):
        font.zones(0, 5)
