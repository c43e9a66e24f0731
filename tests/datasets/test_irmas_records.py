"""File names and label files, with every irregularity of the official release."""

from __future__ import annotations

from pathlib import Path

import pytest

from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.irmas_records import (
    Excerpt,
    Problem,
    TestClip,
    clip_song_id,
    parse_training_name,
    read_label_file,
)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("[cel][cla]0019__3.wav", ("cel", "cla", None, "0019", 3, None)),
        ("008__[cel][nod][cla]0058__1.wav", ("cel", "cla", False, "0058", 1, "008")),
        ("001__[org][dru][jaz_blu]1123__3.wav", ("org", "jaz_blu", True, "1123", 3, "001")),
        ("220__[gel][---][pop_roc]0942__1.wav", ("gel", "pop_roc", None, "0942", 1, "220")),
        # The first bracket is clarinet, the last classical; with a drum tag in between and without.
        ("[cla][cla]0150__1.wav", ("cla", "cla", None, "0150", 1, None)),
        ("017__[cla][nod][cla]0150__1.wav", ("cla", "cla", False, "0150", 1, "017")),
        ("[voi][lat_sou]2285__10.WAV", ("voi", "lat_sou", None, "2285", 10, None)),
        ("[gac][cou_fol]0670__2.flac", ("gac", "cou_fol", None, "0670", 2, None)),
    ],
)
def test_training_names(name, expected):
    assert tuple(parse_training_name(name)) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "cel.wav",
        "[cel]0019__3.wav",  # no genre
        "[xyz][cla]0019__3.wav",  # no such instrument
        "[cel][nod]0019__3.wav",  # a drum tag is not a genre
        "[cel][dru][nod][cla]0019__3.wav",
        "[cel][cla][cla]0019__3.wav",
        "[CEL][cla]0019__3.wav",
        "[cel][cla]0019__3 (1).wav",
        "[cel][cla]0019__3.wav.part",
        "Copy of [cel][cla]0019__3.wav",
        "[cel][cla]0019_3.wav",
        "x__[cel][cla]0019__3.wav",
        "[cel][cla]\u0661\u0662__3.wav",  # digits, but not ASCII
        "[cel][cla]0019__3.wav\n",
        "[cel][cla]0019__3.txt",
    ],
)
def test_other_names_are_refused(name):
    with pytest.raises(DataError, match="training name"):
        parse_training_name(name)


def test_portable_name_has_class_and_nfc_name_and_lower_case_extension():
    excerpt = Excerpt(Path("/any/where/[cel][cla]0019__3.WAV"), *parse_training_name("[cel][cla]0019__3.WAV"))
    assert excerpt.name == "cel/[cel][cla]0019__3.wav"


@pytest.mark.parametrize(
    "raw, codes",
    [
        (b"voi\t\n", ("voi",)),
        (b"gel\t\r\nvoi\t\r\n\r\n", ("gel", "voi")),
        (b"\n\n pia \n\t\n", ("pia",)),
        (b"sax", ("sax",)),
        (b"tru\rorg\r", ("tru", "org")),
        (b"\xef\xbb\xbfcel\n", ("cel",)),
        ("vio\r\nflu\r\n".encode("utf-16"), ("vio", "flu")),
        (b"CLA\ncla\n", ("cla",)),
        (b"cel\ncla\nflu\ngac\ngel\n", ("cel", "cla", "flu", "gac", "gel")),
    ],
)
def test_label_files(tmp_path, raw, codes):
    path = tmp_path / "clip.txt"
    path.write_bytes(raw)
    assert read_label_file(path) == codes


@pytest.mark.parametrize(
    "raw, message", [(b"", "no instrument"), (b"\t\r\n \n", "no instrument"), (b"voi\nbas\t\n", "line 2.*'bas'")]
)
def test_bad_label_files_are_named(tmp_path, raw, message):
    path = tmp_path / "clip 7.txt"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"clip 7\.txt: .*" + message):
        read_label_file(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_label_file(tmp_path / "absent.txt")


@pytest.mark.parametrize(
    "stem, song",
    [
        ("01 - Airdrop-9", "01 - Airdrop"),
        ("01 - Airdrop-10", "01 - Airdrop"),
        ("[1] - 03 - Alexandre Lagoya - Canarios (Sanz)-1", "[1] - 03 - Alexandre Lagoya - Canarios (Sanz)"),
        ("(02) dont kill the whale-16", "(02) dont kill the whale"),
        ("no number", "no number"),
        ("cafe\u0301-2", "caf\u00e9"),
    ],
)
def test_clip_songs(stem, song):
    assert clip_song_id(stem) == song


def test_only_surplus_files_are_harmless():
    assert not Problem("surplus", Path("x"), "").is_fatal
    assert Problem("label_mismatch", Path("x"), "").is_fatal
    assert TestClip.__test__ is False
