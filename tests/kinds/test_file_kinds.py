from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from irmas_tf.kinds.file_kinds import EMPTY, UNKNOWN, ZEROS, kind_of_bytes, kind_of_file, kind_of_open_file

MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(413)  # 128 kbit/s, 44.1 kHz: 417 bytes
ADTS_FRAME = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)  # 16 bytes


def ogg(*packets: bytes) -> bytes:
    return b"".join(b"OggS\0\x02" + bytes(20) + b"\1" + bytes([len(packet)]) + packet for packet in packets)


def riff(form: bytes, fmt: bytes = b"", before: bytes = b"") -> bytes:
    chunk = b"fmt " + struct.pack("<I", len(fmt)) + fmt if fmt else b""
    return b"RIFF\xff\xff\xff\xff" + form + before + chunk


def fmt(tag: int, extensible: bool = False) -> bytes:
    start = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, 2, 44100, 4 * 44100, 4, 16)
    return start + (struct.pack("<HHIH", 22, 16, 3, tag) + bytes(14) if extensible else b"")


@pytest.mark.parametrize(
    "start, described, content",
    [
        (riff(b"WAVE", fmt(1)), "a WAV file", "audio"),
        (riff(b"WAVE", fmt(3, extensible=True)), "a WAV file", "audio"),
        (riff(b"WAVE", fmt(0x55), b"LIST\3\0\0\0abc\0"), "a WAV file with MP3", "audio"),
        (riff(b"WAVE", fmt(6, extensible=True)), "a WAV file with A-law", "audio"),
        (riff(b"AVI "), "an AVI file", "video"),
        (riff(b"CDDA"), "a CD track pointer", "other"),
        (b"RF64\xff\xff\xff\xffWAVE", "an RF64 file", "audio"),
        (b"FORM\0\0\0\0AIFC", "an AIFF-C file", "audio"),
        (ogg(b"\x01vorbis"), "an Ogg file with Vorbis", "audio"),
        (ogg(b"fishead\0", b"\x80theora", b"\x01vorbis"), "an Ogg file with Theora video", "video"),
        (ogg(b"\x7fFLAC"), "an Ogg file with FLAC", "audio"),
        (b"caff\0\1\0\0desc" + bytes(16) + b"alac", "a CAF file with ALAC", "audio"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "an M4A/MP4 file", "audio"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "an MP4 file", "video"),
        (b"\0\0\0\x20ftypqt  \0\0\0\0", "an MOV (QuickTime) file", "video"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "an MOV (QuickTime) file", "video"),
        (b"\0\0\0\x20ftyp3gp5\0\0\0\0", "a 3GP file", "video"),
        (b"\0\0\0\x20ftypheic\0\0\0\0", "a picture", "other"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "a WebM file", "video"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "a Matroska file", "video"),
        (5 * MP3_FRAME, "an MP3 file", "audio"),
        (b"junk \xff\xfb\x90 and more" + 5 * MP3_FRAME, "an MP3 file", "audio"),
        (5 * (b"\xff\xfd\x80\x04" + bytes(413)), "an MP2 file", "audio"),
        (5 * ADTS_FRAME, "an AAC (ADTS) file", "audio"),
        (5 * (b"\x47" + bytes(187)), "an MPEG transport stream file", "video"),
        (MP3_FRAME[:300] + b"\1", "a file of an unknown kind", "unknown"),
        (b"\x00\x05\x16\x07\x00\x02\x00\x00", "a macOS attribute file", "other"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a git-lfs pointer", "other"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "an HTML page", "other"),
        (b"<html>caf\xe9 \x93quoted\x94</html>", "an HTML page", "other"),
        (b"<?xml version='1.0'?><Error/>", "an XML document", "other"),
        (b'{"detail": "not found"}', "a JSON document", "other"),
        (b"#EXTM3U\nsong.mp3\n", "a playlist", "other"),
        (b'FILE "a.wav" WAVE\r\n  TRACK 01 AUDIO\r\n', "a cue sheet", "other"),
        ("\ufeffsong.mp3\r\n".encode("utf-16-le"), "a text file", "other"),
        ("Grüße".encode("latin-1"), "a text file", "other"),
        (b"MThd\0\0\0\6", "a MIDI file", "other"),
        (b"\x89PNG\r\n\x1a\n", "a picture", "other"),
        (b"PK\x03\x04", "a zip archive", "other"),
    ],
)
def test_a_kind_is_known_by_its_first_bytes(start, described, content):
    kind = kind_of_bytes(start)
    assert (kind.described, kind.content) == (described, content)
    assert kind.has_sound == (content in ("audio", "video"))


def test_an_id3_tag_is_stepped_over_whatever_its_length():
    tag = b"ID3\x04\0\0" + bytes([0, 0x40, 0, 0]) + bytes(0x40 << 14)
    assert kind_of_open_file(io.BytesIO(tag + 5 * MP3_FRAME)).name == "MP3"
    assert kind_of_open_file(io.BytesIO(tag + tag + b"fLaC" + bytes(40))).name == "FLAC"
    assert kind_of_open_file(io.BytesIO(tag + bytes(20_000) + 5 * MP3_FRAME)).name == "MP3"
    assert not kind_of_open_file(io.BytesIO(tag[:-9])).has_sound


def test_zeros_and_nothing_have_names(tmp_path):
    (tmp_path / "empty.mp3").touch()
    assert kind_of_file(tmp_path / "empty.mp3") is EMPTY
    assert kind_of_open_file(io.BytesIO(bytes(100_000))) is ZEROS
    assert (EMPTY.described, ZEROS.described, ZEROS.plural) == ("an empty file", "a file of zeros", "files of zeros")
    assert kind_of_open_file(io.BytesIO(bytes(90_000) + b"x" * 10_000)) is UNKNOWN


def test_plurals():
    kinds = [kind_of_bytes(start) for start in (b"fLaC", ogg(b"OpusHead"), b"<html>", b"\1\2")]
    assert [kind.plural for kind in kinds] == [
        "FLAC files", "Ogg files with Opus", "HTML pages", "files of an unknown kind",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "container, encoding, name",
    [
        ("WAV", "MS_ADPCM", "WAV with Microsoft ADPCM"), ("W64", "PCM_16", "W64"), ("RF64", "PCM_16", "RF64"),
        ("AU", "PCM_16", "AU"), ("CAF", "PCM_16", "CAF"), ("VOC", "PCM_16", "VOC"), ("FLAC", "PCM_16", "FLAC"),
        ("MP3", "MPEG_LAYER_III", "MP3"), ("OGG", "VORBIS", "Ogg with Vorbis"), ("SDS", "PCM_16", "MIDI sample dump"),
        ("IRCAM", "PCM_16", "IRCAM"),
    ],
)  # fmt: skip
def test_what_libsndfile_writes_is_named(container, encoding, name):
    file = io.BytesIO()
    sound = np.random.default_rng(0).normal(0, 0.1, 16000)
    soundfile.write(file, sound, 16000, format=container, subtype=encoding)
    assert kind_of_open_file(file).name == name


@given(
    start=st.sampled_from([b"", b"ID3\3\0\0\0\0\0\4", b"RIFF\0\0\0\0WAVE", b"OggS\0\2", b"\0\0\0\x18ftyp"]),
    rest=st.binary(max_size=300),
)
@settings(max_examples=60, deadline=None)
def test_any_bytes_have_a_kind_with_words_for_it(start, rest):
    kind = kind_of_open_file(io.BytesIO(start + rest))
    assert kind.described.startswith(("a ", "an ")) and kind.plural != kind.noun
    assert kind.content in ("audio", "video", "other", "unknown")
