"""Every kind of compressed sound and video comes out whole and in its place, or what is missing is said."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from irmas_tf.audio.decode import AudioError, AudioWarning, audio_info, decode_file, iter_blocks
from irmas_tf.dsp.resample import resample
from tests.helpers.media import add_sound, encode, encoded, lag_seconds, mp3, mux, sound, without_info

RATE = 22050
SECONDS = 2.345

# name: (encoder, FFmpeg's muxer if the suffix does not say it, options, seconds of padding that codec and container
# leave at the start and in all)
KINDS = {
    "aac.m4a": ("aac", None, {}, 0.0, 0.024),
    "alac.m4a": ("alac", None, {}, 0.0, 0.0),
    "aac.aac": ("aac", None, {}, 0.024, 0.047),  # ADTS does not tell of the 1,024 samples that prime the decoder
    "aac.mp4": ("aac", None, {"pictures": True}, 0.0, 0.024),
    "aac.mov": ("aac", None, {"pictures": True}, 0.0, 0.024),
    "fragments.mp4": (
        "aac", None, {"container_options": {"movflags": "frag_keyframe+empty_moov"}}, 0.024, 0.047,
    ),
    "aac.mkv": ("aac", None, {"pictures": True}, 0.0, 0.024),
    "aac.ts": ("aac", "mpegts", {"pictures": True}, 0.024, 0.047),
    "mp3.avi": ("libmp3lame", None, {"pictures": True}, 0.026, 0.055),
    "opus.webm": ("libopus", None, {}, 0.0, 0.0),
    "opus.mka": ("libopus", "matroska", {}, 0.0, 0.0),
    "opus.opus": ("libopus", None, {}, 0.0, 0.0),
    "flac.flac": ("flac", None, {}, 0.0, 0.0),
    "flac.oga": ("flac", "ogg", {}, 0.0, 0.0),
    "mp3.mp3": ("libmp3lame", None, {}, 0.0, 0.0),
    "mp2.mp2": ("mp2", None, {}, 0.011, 0.026),
    "mp3.wav": ("libmp3lame", "wav", {}, 0.026, 0.055),
    # FFmpeg's decoder takes off a first block that Microsoft's encoder adds, and its own does not.
    "wma.wma": ("wmav2", None, {"bit_rate": 128_000}, -0.046, 0.047),
    "wavpack.wv": ("wavpack", None, {}, 0.0, 0.0),
    "tta.tta": ("tta", None, {}, 0.0, 0.0),
    "ac3.ac3": ("ac3", None, {}, 0.006, 0.035),
    "alac.caf": ("alac", None, {}, 0.0, 0.0),
    "5.1.m4a": ("aac", None, {}, 0.0, 0.024),
}  # fmt: skip
LOSSLESS = {"alac": 1e-4, "flac": 1e-4, "wavpack": 4e-3, "tta": 4e-3}  # the last two take 8 bits here


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    for name, (codec, muxer, options, _, _) in KINDS.items():
        rate = 48000 if codec == "libopus" else 44100
        encode(folder / name, sound(SECONDS, rate, 6 if name[0] == "5" else 2), rate, codec, muxer=muxer, **options)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_heard_whole_and_in_its_place(folder, name):
    codec, _, _, early, padding = KINDS[name]
    path = folder / name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        heard = decode_file(path, RATE)
        pieces = list(iter_blocks(path, RATE, 0.2))
    np.testing.assert_array_equal(np.concatenate(pieces), heard)
    assert abs(len(heard) / RATE - SECONDS) <= padding + 2 / RATE
    source = decode_source(6 if name[0] == "5" else 2)
    assert lag_seconds(heard, source, RATE) == pytest.approx(early, abs=0.003)
    if codec in LOSSLESS:
        assert np.abs(heard - source).max() < LOSSLESS[codec]
    info = audio_info(path)
    assert info.duration_seconds == pytest.approx(len(heard) / RATE, abs=0.06 if codec == "wmav2" else 0.03)
    assert info.channels == (6 if name[0] == "5" else 2)


def decode_source(channels: int) -> np.ndarray:
    return resample(sound(SECONDS, 44100, channels).mean(axis=1), 44100, RATE)


@pytest.mark.slow
def test_names_say_nothing(folder, tmp_path):
    for name, other in (("aac.m4a", "song.mp3"), ("opus.webm", "a.wav"), ("mp3.mp3", "x"), ("flac.flac", "y.ogg")):
        (tmp_path / other).write_bytes((folder / name).read_bytes())
        np.testing.assert_array_equal(decode_file(tmp_path / other, RATE), decode_file(folder / name, RATE))
    strange = os.fsencode(tmp_path) + b"/1,:concat:\xff 'x'.mp3"
    Path(os.fsdecode(strange)).write_bytes((folder / "mp3.mp3").read_bytes())
    assert len(decode_file(os.fsdecode(strange), RATE)) == round(SECONDS * RATE + 0.5)


def test_the_default_stream_of_sound_is_heard(tmp_path):
    samples = sound(1.0, 48000)
    with av.open(str(tmp_path / "two.mkv"), "w") as container:
        streams = [add_sound(container, scale * samples, 48000, "flac") for scale in (1.0, 0.1)]
        streams[0][0].disposition, streams[1][0].disposition = Disposition.comment, Disposition.default
        mux(container, streams)
    assert np.abs(decode_file(tmp_path / "two.mkv", 48000)).max() < 0.05


def file_of(kind: str, seconds: float = 3.0) -> bytes:
    """Return the bytes of a file of 22,050 Hz, mono (Opus: 48,000 Hz)."""
    if kind == "opus":
        return encoded(sound(seconds, 48000, 1), 48000, "OGG", "OPUS")
    if kind == "mp3":
        return mp3(sound(seconds, RATE, 1), RATE)
    return encoded(sound(seconds, RATE, 1), RATE, *{"vorbis": ("OGG", "VORBIS"), "flac": ("FLAC", "PCM_16")}[kind])


def lengths_told(path: Path) -> tuple[float, list[str]]:
    """Return seconds decoded and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seconds = len(decode_file(path, RATE)) / RATE
    assert all(issubclass(warning.category, AudioWarning) for warning in caught)
    return seconds, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("kind", ["vorbis", "opus", "flac", "mp3"])
def test_a_hole_in_the_middle_is_told_with_both_lengths(tmp_path, kind):
    content = bytearray(file_of(kind, 8.0))
    middle = len(content) // 2
    content[middle : middle + 1500] = np.random.default_rng(1).bytes(1500)
    (tmp_path / "hole").write_bytes(content)
    seconds, told = lengths_told(tmp_path / "hole")
    assert 4.0 < seconds < 8.0
    assert len(told) == 1 and str(tmp_path / "hole") in told[0]
    assert f"{seconds:.3f} s" in told[0] or f"{seconds - 0.001:.3f} s" in told[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alac.m4a", "opus.webm", "wavpack.wv", "tta.tta", "mp3.avi", "aac.mkv"])
def test_a_file_that_is_cut_is_told_or_refused(folder, tmp_path, name):
    content = (folder / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: len(content) // 2])
    if name == "alac.m4a":  # its index was at the end
        with pytest.raises(AudioError, match=r"alac\.m4a: cannot be decoded: it is an M4A/MP4 file, but damaged"):
            decode_file(path, RATE)
        return
    seconds, told = lengths_told(path)
    assert 0.5 < seconds < 2.0 and len(told) == 1
    assert 1.9 < float(told[0].split(" s of the ")[1].split()[0]) < 2.4, "of an AVI it is told by its bytes"


@pytest.mark.parametrize(
    "tail", [b"TAG" + b"x" * 125, bytes(4096), np.random.default_rng(0).bytes(5000), b"text " * 99]
)
def test_what_is_behind_the_last_frame_of_flac_takes_nothing_away(tmp_path, tail):
    (tmp_path / "a.flac").write_bytes(file_of("flac") + tail)
    assert lengths_told(tmp_path / "a.flac") == (3.0, [])


@pytest.mark.parametrize("total, words", [(0, []), (20_000, []), (132_300, ["3.000 s of the 6.000 s"])])
def test_the_length_in_the_header_of_flac_is_not_believed(tmp_path, total, words):
    content = bytearray(file_of("flac"))
    content[21] &= 0xF0
    content[22:26] = total.to_bytes(4, "big")
    (tmp_path / "a.flac").write_bytes(content)
    seconds, told = lengths_told(tmp_path / "a.flac")
    assert seconds == 3.0 and len(told) == len(words) and all(word in told[0] for word in words)
    assert audio_info(tmp_path / "a.flac").frames == 3 * RATE


@pytest.mark.parametrize("mode, level", [("VARIABLE", 0.0), ("VARIABLE", 0.9), ("AVERAGE", 0.3), ("CONSTANT", 0.5)])
@pytest.mark.parametrize("quiet", [0.0, 1.0])
def test_mp3_of_any_bit_rate_without_its_info_frame_is_heard_to_its_end(tmp_path, mode, level, quiet):
    samples = np.concatenate([np.zeros((int(quiet * RATE), 1), np.float32), sound(3.0, RATE, 1)])
    content = mp3(samples, RATE, bitrate_mode=mode, compression_level=level)
    (tmp_path / "a.mp3").write_bytes(content)
    (tmp_path / "b.mp3").write_bytes(without_info(content))
    assert lengths_told(tmp_path / "a.mp3") == (3.0 + quiet, [])
    seconds, told = lengths_told(tmp_path / "b.mp3")
    assert told == [] and 0.0 <= seconds - 3.0 - quiet < 0.08, "LAME's delay and padding, which nothing tells of"


@pytest.mark.parametrize("seconds", [0.05, 0.3, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("kind", ["vorbis", "mp3"])
def test_codecs_of_libsndfile_give_the_same_samples(tmp_path, kind, seconds):
    import soundfile

    (tmp_path / "a").write_bytes(file_of(kind, seconds))
    expected = soundfile.read(tmp_path / "a", dtype="float32")[0]
    heard = decode_file(tmp_path / "a", RATE)
    assert len(heard) == len(expected) == round(seconds * RATE)
    np.testing.assert_allclose(heard, expected, atol=1e-5)


@pytest.mark.slow
def test_files_are_decoded_side_by_side(folder):
    paths = [folder / name for name in ("aac.m4a", "mp3.mp3", "flac.flac", "opus.webm")] * 3
    alone = [decode_file(path, RATE) for path in paths]
    with ThreadPoolExecutor(4) as pool:
        for heard, expected in zip(pool.map(lambda path: decode_file(path, RATE), paths), alone, strict=True):
            np.testing.assert_array_equal(heard, expected)


@pytest.mark.slow
def test_libraries_write_nothing_on_the_terminal(tmp_path):
    rng = np.random.default_rng(2)
    paths = []
    for kind in ("mp3", "vorbis", "opus", "flac"):
        content = bytearray(file_of(kind, 1.0))
        for _ in range(20):
            content[rng.integers(200, len(content))] = rng.integers(256)
        path = tmp_path / f"a.{kind}"
        path.write_bytes(content)
        paths.append(str(path))
    (tmp_path / "junk.mp3").write_bytes(rng.bytes(5000))
    script = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "from irmas_tf.audio.decode import AudioError, decode_file\n"
        "for path in sys.argv[1:]:\n"
        "    try: decode_file(path, 22050)\n"
        "    except AudioError: pass\n"
    )
    arguments = [sys.executable, "-c", script, *paths, str(tmp_path / "junk.mp3")]
    result = subprocess.run(arguments, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_aac_in_wav_of_which_ffmpeg_reads_a_part_is_told_with_both_lengths(tmp_path):
    path = encode(tmp_path / "a.wav", sound(3.0), 44100, "aac", muxer="wav")  # which FFmpeg writes and cannot read
    told = []
    heard = sum(map(len, iter_blocks(path, 22050, on_truncated=lambda _, *lengths: told.append(lengths)))) / 22050
    assert told == [(pytest.approx(heard, abs=1e-4), pytest.approx(3.0, abs=0.1))] and heard < 2.9


def test_what_ffmpeg_cannot_decode_is_not_called_empty(tmp_path):
    path = encode(tmp_path / "a.aac", sound(0.5), 44100, "aac")
    content = bytearray(path.read_bytes())
    place = 0
    while place < len(content):  # every frame keeps its header and its length
        length = (content[place + 3] & 3) << 11 | content[place + 4] << 3 | content[place + 5] >> 5
        content[place + 7 : place + length] = b"\xff" * (length - 7)
        place += length
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"cannot be decoded: it is an AAC .* file, but damaged"):
        decode_file(path, 22050)
