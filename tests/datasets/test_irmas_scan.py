"""Listing without judging: what is there, and everything that is wrong with names and labels."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from irmas_tf.datasets.irmas_scan import scan_testing, scan_training


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_training_scan_sorts_and_classifies(tmp_path):
    root = tmp_path / "IRMAS-TrainingData"
    touch(root / "gac" / "[gac][pop_roc]0670__2.wav")
    touch(root / "gac" / "[gac][pop_roc]0670__1.WAV")
    touch(root / "gac" / "._[gac][pop_roc]0670__1.wav")
    touch(root / "gac" / "[gac][pop_roc]0670__1 (1).wav")
    touch(root / "gel" / "[gac][pop_roc]0671__1.wav")
    touch(root / "README.txt")
    touch(root / "cel" / "031__[cel][nod][cla]0020__1.wav")
    scan = scan_training(tmp_path)
    assert [e.name for e in scan.excerpts] == [
        "cel/031__[cel][nod][cla]0020__1.wav",
        "gac/[gac][pop_roc]0670__1.wav",
        "gac/[gac][pop_roc]0670__2.wav",
    ]
    assert [(p.kind, p.path.name) for p in scan.problems] == [
        ("surplus", "[gac][pop_roc]0670__1 (1).wav"),
        ("label_mismatch", "[gac][pop_roc]0671__1.wav"),
    ]
    assert "the name says gac, the folder gel" in scan.problems[1].message
    assert [p.name for p in scan.other_files] == ["README.txt"]


def test_repeated_names_are_found_across_folders(tmp_path):
    touch(tmp_path / "cel" / "[cel][cla]0001__1.wav")
    touch(tmp_path / "[cel][cla]0001__1.wav")
    scan = scan_training(tmp_path)
    assert [p.kind for p in scan.problems] == ["repeated_name"]
    assert len(scan.excerpts) == 1


def test_testing_scan_pairs_names_in_any_normalisation(tmp_path):
    part = tmp_path / "IRMAS-TestingData-Part2" / "IRTestingData-Part2"
    name = "07 - Café, [live] (\u00e9t\u00e9)-3"
    touch(part / (unicodedata.normalize("NFD", name) + ".wav"))
    touch(part / (unicodedata.normalize("NFC", name) + ".txt"), "voi\t\r\ngac\t\r\n\r\n")
    touch(part / "Loud-1.WAV")
    touch(part / "Loud-1.TXT", "gel\n")
    touch(part / "readme.txt", "hello")
    scan = scan_testing(tmp_path)
    assert scan.problems == ()
    assert [(c.song_id, c.irmas_codes, c.part) for c in scan.clips] == [
        ("07 - Café, [live] (été)", ("voi", "gac"), 2),
        ("Loud", ("gel",), 2),
    ]


def test_names_that_are_not_utf8(tmp_path):
    part = tmp_path / "Part1"
    part.mkdir()
    for suffix, text in ((b".wav", b""), (b".txt", b"pia\n")):
        with open(os.fsencode(part) + b"/caf\xe9-1" + suffix, "wb") as file:
            file.write(text)
    scan = scan_testing(tmp_path)
    assert [c.irmas_codes for c in scan.clips] == [("pia",)]


def test_incomplete_pairs_and_bad_labels_are_problems(tmp_path):
    part = tmp_path / "Part1"
    touch(part / "a-1.wav")
    touch(part / "b-1.txt", "voi\n")
    touch(part / "c-1.wav")
    touch(part / "c-1.txt", "bass\n")
    touch(part / "d-1.wav")
    touch(part / "D-1.flac")
    touch(part / "d-1.txt", "sax\n")
    scan = scan_testing(tmp_path)
    kinds = {p.path.name: p.kind for p in scan.problems}
    assert kinds.pop("a-1.wav") == "missing_labels"
    assert kinds.pop("b-1.txt") == "missing_audio"
    assert kinds.pop("c-1.txt") == "bad_labels"
    assert list(kinds.values()) == ["repeated_name"]
    assert len(scan.clips) == 1


def test_same_name_in_two_parts_is_two_clips(tmp_path):
    for part in ("Part1", "Part3"):
        touch(tmp_path / part / "a-1.wav")
        touch(tmp_path / part / "a-1.txt", "voi\n")
    assert [c.part for c in scan_testing(tmp_path).clips] == [1, 3]
