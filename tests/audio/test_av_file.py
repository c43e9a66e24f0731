"""What FFmpeg opens, what it must not, and the words for what it cannot read."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.audio import av_file
from irmas_tf.audio.decode import AudioError, audio_info, decode_file
from tests.helpers.media import add_pictures, encode, encoded, mux, sound


def refusal(path: Path) -> str:
    """Return why a file is refused, without its name, and see that information about it is refused alike."""
    messages = set()
    for function in (lambda: decode_file(path, 22050), lambda: audio_info(path)):
        with pytest.raises(AudioError) as caught:
            function()
        message = str(caught.value)
        assert message.startswith(f"{path}: ") and "\n" not in message
        messages.add(message.removeprefix(f"{path}: "))
    assert len(messages) == 1
    return messages.pop()


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_film_without_sound(tmp_path, suffix):
    import av

    path = tmp_path / f"silent.{suffix}"
    with av.open(str(path), "w") as container:
        mux(container, [add_pictures(container, 1.0)])
    name = {"mp4": "an MP4 file", "mkv": "a Matroska file", "avi": "an AVI file"}[suffix]
    assert refusal(path) == f"is {name} without sound; name a file that has some"


def test_junk_is_refused_in_one_line(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "junk.mp3").write_bytes(rng.bytes(3000))
    assert refusal(tmp_path / "junk.mp3").startswith("is not audio that can be read (")
    (tmp_path / "half.m4a").write_bytes(b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0" + rng.bytes(3000))
    assert refusal(tmp_path / "half.m4a").startswith(
        "cannot be decoded: it is an M4A/MP4 file, but damaged or incomplete"
    )


@pytest.mark.parametrize("content", [
    "#EXTM3U\n#EXTINF:1,\n{song}\n#EXT-X-ENDLIST\n",
    "ffconcat version 1.0\nfile '{song}'\n",
])  # fmt: skip
def test_lists_of_other_files_are_not_followed(tmp_path, content):
    (tmp_path / "song.wav").write_bytes(encoded(sound(0.1, 22050, 1), 22050, "WAV", "PCM_16"))
    for name in ("list.m3u8", "list.mp3"):
        (tmp_path / name).write_text(content.format(song=tmp_path / "song.wav"))
        assert refusal(tmp_path / name).startswith("is not audio")


def test_without_the_package_the_remedy_is_a_command(tmp_path, monkeypatch):
    path = encode(tmp_path / "it's a song.m4a", sound(0.2), 44100, "aac")
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr(av_file, "import_av", av_file.import_av.__wrapped__)
    message = refusal(path)
    assert message.startswith("is an M4A/MP4 file, which only the package av can read (")
    command = message.split(": pip install av, or ")[1]
    assert shlex.split(command) == ["ffmpeg", "-i", str(path), str(tmp_path / "it's a song.converted.wav")]
    (tmp_path / "a.wav").write_bytes(encoded(sound(0.1, 22050, 1), 22050, "WAV", "FLOAT"))
    assert len(decode_file(tmp_path / "a.wav", 22050)) == 2205


def test_what_a_file_is_without_decoding_it(tmp_path):
    (tmp_path / "a.flac").write_bytes(encoded(sound(1.0, 48000, 2), 48000, "FLAC", "PCM_24"))
    (tmp_path / "a.mp3").write_bytes(encoded(sound(1.0, 44100, 2), 44100, "MP3", "MPEG_LAYER_III"))
    (tmp_path / "a.ogg").write_bytes(encoded(sound(1.0, 44100, 1), 44100, "OGG", "VORBIS"))
    encode(tmp_path / "a.mkv", sound(1.0, 48000), 48000, "libopus")
    found = {}
    for name in ("a.flac", "a.mp3", "a.ogg", "a.mkv"):
        info = audio_info(tmp_path / name)
        assert info.duration_seconds == pytest.approx(1.0, abs=0.01)
        found[name] = (info.format, info.subtype, info.sample_rate_hz, info.channels, info.is_counted)
    assert found == {
        "a.flac": ("FLAC", "PCM_24", 48000, 2, True),
        "a.mp3": ("MP3", "MPEG_LAYER_III", 44100, 2, True),
        "a.ogg": ("OGG", "VORBIS", 44100, 1, True),
        "a.mkv": ("MATROSKA", "OPUS", 48000, 2, False),
    }
