"""Files that were joined end to end: where each begins, and that all of them are heard."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.audio.decode import AudioWarning, audio_info, decode_file, iter_blocks
from irmas_tf.audio.joined_files import Part, find_parts, is_whole
from tests.helpers.media import encode, encoded, mp3, sound, without_info

RATE = 22050
ID3 = b"ID3\x04\0\0\0\0\x17\x38" + bytes(3000)


def heard(path: Path, content: bytes) -> tuple[float, list[str]]:
    """Return seconds decoded of a file with that content, the same in pieces, and what was warned of."""
    path.write_bytes(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        samples = decode_file(path, RATE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)
        np.testing.assert_array_equal(np.concatenate(list(iter_blocks(path, RATE, 0.3))), samples)
    return len(samples) / RATE, [str(warning.message) for warning in caught]


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    """Return files of one second or two, by a name that tells kind, rate, channels and seconds."""
    made = {}
    for kind, container, subtype in (
        ("vorbis", "OGG", "VORBIS"),
        ("flac", "FLAC", "PCM_16"),
        ("mp3", "MP3", "MPEG_LAYER_III"),
    ):
        for rate, channels in ((22050, 1), (22050, 2), (44100, 2)):
            for seconds in (1, 2):
                samples = sound(seconds, rate, channels)
                made[f"{kind} {rate} {channels} {seconds}"] = encoded(samples, rate, container, subtype)
    made["opus"] = encoded(sound(1.0, 48000, 2), 48000, "OGG", "OPUS")
    made["opus mono"] = encoded(sound(2.0, 48000, 1), 48000, "OGG", "OPUS")
    made["flac24"] = encoded(sound(2.0, 22050, 1), 22050, "FLAC", "PCM_24")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("names, seconds", [
    (("vorbis 22050 1 1", "vorbis 22050 1 2"), 3),
    (("vorbis 22050 1 1",) * 7, 7),
    (("vorbis 22050 1 1", "vorbis 44100 2 2"), 3),
    (("vorbis 22050 1 1", "vorbis 22050 2 2", "vorbis 22050 1 1"), 4),
    (("opus", "opus mono", "opus"), 4),
    (("opus", "vorbis 22050 1 2"), 3),
    (("vorbis 44100 2 1", "opus mono"), 3),
    (("flac 22050 1 1", "flac 22050 1 2"), 3),
    (("flac 22050 1 1", "flac 44100 2 2"), 3),
    (("flac 22050 1 1", "flac24"), 3),
    (("mp3 22050 1 1", "mp3 22050 1 2"), 3),
    (("mp3 22050 1 1",) * 5, 5),
    (("mp3 22050 1 1", "mp3 44100 2 2", "mp3 22050 2 1"), 4),
])  # fmt: skip
def test_all_parts_are_heard(tmp_path, parts, names, seconds):
    path = tmp_path / "joined"
    assert heard(path, b"".join(parts[name] for name in names)) == (seconds, [])
    assert audio_info(path).duration_seconds == pytest.approx(seconds, abs=0.001)
    with open(path, "rb") as file:
        found = find_parts(file, {"f": "FLAC", "m": "MP3"}.get(names[0][0], "Ogg with Vorbis"))
    assert len(found) == len(names) and found[-1].end == path.stat().st_size


def test_parts_sound_as_they_do_alone(tmp_path, parts):
    for kind in ("vorbis", "mp3"):
        first, second = parts[f"{kind} 22050 1 1"], parts[f"{kind} 22050 1 2"]
        samples = []
        for name, content in (("a", first), ("b", second), ("joined", first + second)):
            (tmp_path / name).write_bytes(content)
            samples.append(decode_file(tmp_path / name, RATE))
        np.testing.assert_array_equal(np.concatenate(samples[:2]), samples[2])


@pytest.mark.parametrize("frames, words", [("half", 0), ("tenth", 0), ("zero", 0), ("double", 1)])
def test_the_count_of_frames_in_an_info_frame_is_not_believed(tmp_path, frames, words):
    content = bytearray(mp3(sound(4.0, RATE, 1), RATE))
    place = max(content.find(b"Xing"), content.find(b"Info")) + 8
    count = int.from_bytes(content[place : place + 4], "big")
    changed = {"half": count // 2, "tenth": count // 10, "zero": 0, "double": 2 * count}[frames]
    content[place : place + 4] = changed.to_bytes(4, "big")
    seconds, told = heard(tmp_path / "a.mp3", bytes(content))
    assert seconds == 4.0 and len(told) == words
    if words:
        assert "4.000 s of the 8.0" in told[0]


@pytest.mark.parametrize("before, behind", [
    (b"", b"TAG" + b"x" * 125), (b"", bytes(20_000)), (ID3, b""), (ID3 + ID3, b"APETAGEX" + bytes(100)),
    (bytes(4096), b""), (bytes(range(1, 200)) * 5, b""),
])  # fmt: skip
def test_tags_and_junk_around_mp3_change_nothing(tmp_path, parts, before, behind):
    assert heard(tmp_path / "a.mp3", before + parts["mp3 22050 1 2"] + behind) == (2.0, [])


def test_parts_without_info_frames_are_heard_too(tmp_path, parts):
    plain, bare = parts["mp3 22050 1 2"], without_info(parts["mp3 22050 1 2"])
    for content, seconds in ((plain + bare, 4.0), (bare + bare, 4.0), (bare + plain, 4.0)):
        length, told = heard(tmp_path / "a.mp3", content)
        assert told == [] and 0.0 <= length - seconds < 0.15, "delay and padding of the bare parts"


def test_adts_parts_of_other_rates(tmp_path):
    for name, rate in (("a", 22050), ("b", 44100)):
        encode(tmp_path / name, sound(1.0, rate, 1), rate, "aac", muxer="adts")
    content = (tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes()
    length, told = heard(tmp_path / "c.aac", content)
    assert told == [] and 0.0 <= length - 2.0 < 0.15


def test_a_part_that_holds_nothing_is_told(tmp_path, parts):
    broken = bytearray(parts["vorbis 22050 1 2"])
    broken[60:3500] = bytes(3440)
    length, told = heard(tmp_path / "a.ogg", parts["vorbis 22050 1 2"] + bytes(broken))
    assert length == 2.0 and len(told) == 1 and "2.000 s of the " in told[0]


def test_marks_at_the_edges_of_what_is_read_at_once(tmp_path, monkeypatch, parts):
    content = parts["vorbis 22050 1 1"] * 3
    (tmp_path / "a.ogg").write_bytes(content)
    size = len(content) // 3
    expected = [Part(0, size), Part(size, 2 * size), Part(2 * size, 3 * size)]
    for step in (64, 1000, size - 5, size, size + 3):
        monkeypatch.setattr("irmas_tf.audio.joined_files._READ_BYTES", step)
        with open(tmp_path / "a.ogg", "rb") as file:
            assert find_parts(file, "Ogg with Vorbis") == expected


def test_a_whole_file_is_one_part(tmp_path):
    (tmp_path / "a").write_bytes(b"RIFF" + bytes(100))
    with open(tmp_path / "a", "rb") as file:
        assert find_parts(file, "WAV") == [Part(0, 104)] and is_whole(find_parts(file, "WAV"))
        assert find_parts(file, "AVI") == [Part(0, 104)]


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [("m4a", "alac"), ("m4a", "aac"), ("mov", "pcm_s16le"), ("wv", "wavpack"), ("tta", "tta"), ("caf", "alac")],
)
def test_lossless_and_mp4_files_are_heard_part_by_part(tmp_path, suffix, codec):
    first = encode(tmp_path / f"a.{suffix}", sound(1.0), 44100, codec)
    second = encode(tmp_path / f"b.{suffix}", sound(2.0, 22050, 1), 22050, codec)
    joined = tmp_path / f"joined.{suffix}"
    joined.write_bytes(first.read_bytes() + second.read_bytes() + first.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        samples = decode_file(joined, 22050)
        alone = [decode_file(path, 22050) for path in (first, second, first)]
    assert len(samples) == pytest.approx(sum(map(len, alone)), abs=4)
    assert audio_info(joined).duration_seconds == pytest.approx(len(samples) / 22050, abs=0.1)  # of AAC in whole frames
