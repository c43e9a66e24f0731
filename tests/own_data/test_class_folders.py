"""Folders of classes."""

from __future__ import annotations

import os
import unicodedata

import pytest

from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.own_data.class_folders import read_class_folders
from tests.helpers.own_files import write_sounds


def test_the_grammar_of_folder_names(tmp_path):
    folder = write_sounds(
        tmp_path,
        ["violin/a.wav", "violin/deep/er/b.flac", "عود/c.ogg", "violin,عود/d.mp3", "-violin/e.wav", "NOISE/f.wav"],
    )
    (folder / "violin" / "cover.jpg").touch()
    (folder / ".hidden").mkdir()
    (folder / "violin" / "g").write_bytes((folder / "violin/a.wav").read_bytes())  # no suffix: by content
    listed = read_class_folders(folder)
    assert listed.classes == ("violin", "عود") and listed.group_source == ""
    assert {e.name: (e.present, e.absent) for e in listed.excerpts()} == {
        "violin/a.wav": (("violin",), None),
        "violin/deep/er/b.flac": (("violin",), None),
        "violin/g": (("violin",), None),
        "عود/c.ogg": (("عود",), None),
        "violin,عود/d.mp3": (("violin", "عود"), None),
        "-violin/e.wav": ((), ("violin",)),
        "NOISE/f.wav": ((), None),
    }
    assert [(f.kind, f.severity) for f in listed.findings] == [("other_files", "note")]
    assert ("NOISE", "none of the classes", 1) in listed.readings


def test_odd_folders_are_told(tmp_path):
    folder = write_sounds(tmp_path, ["violin/a.wav", "Violin/b.wav", "-oud/c.wav", "x,x/d.wav", "loose.wav"])
    (folder / "empty").mkdir()
    listed = read_class_folders(folder)
    found = {(f.severity, f.kind): f.message for f in listed.findings}
    assert set(found) == {
        ("error", "repeated_label"), ("error", "absent_class"),
        ("warning", "empty_folder"), ("warning", "loose_files"), ("warning", "similar_names"),
    }  # fmt: skip
    assert found["error", "repeated_label"] == "folder 'x,x': names 'x' twice; remove one"
    assert found["error", "absent_class"].startswith("folder '-oud': 'oud' is only named as not heard")


def test_files_that_are_gone_and_folders_that_cannot_be_listed_are_told(tmp_path, monkeypatch):
    write_sounds(tmp_path, ["violin/a.wav", "oud/b.wav"])
    (tmp_path / "violin" / "c.wav").symlink_to(tmp_path / "nowhere.wav")
    (error,) = read_class_folders(tmp_path).errors
    assert error.kind == "unreadable" and "violin/c.wav" in error.message and "restore or remove" in error.message

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("irmas_tf.own_data.class_folders.os.scandir", refused)
    with pytest.raises(DataError, match=r"cannot be listed .Permission denied.; check its permissions"):
        read_class_folders(tmp_path)


def test_names_are_composed_and_must_be_utf8(tmp_path):
    write_sounds(tmp_path, [unicodedata.normalize("NFD", "Café/é.wav"), "b/c.wav"])
    listed = read_class_folders(tmp_path)
    assert listed.classes == ("Café", "b") and listed.entries[0].name == unicodedata.normalize("NFC", "Café/é.wav")
    try:
        os.rename(tmp_path / "b" / "c.wav", os.fsencode(tmp_path) + b"/b/\xe9.wav")
    except OSError:
        pytest.skip("this file system wants UTF-8")
    assert [f.kind for f in read_class_folders(tmp_path).errors] == ["bad_name"]


@pytest.mark.parametrize(
    "names, place, message",
    [
        ((), "no", "no such folder"),
        ((), ".", "holds no folders; make one for each class"),
        (("a.wav",), "a.wav", "is a file; give the folder that holds class folders"),
        (("x/notes.txt.wav",), "x", "holds no folders"),
        (("train/a/x.wav", "train/b/x.wav", "test/a/y.wav", "test/b/y.wav"), ".", "its folders are parts"),
        (("audio/a/x.wav", "audio/b/y.wav"), ".", "if these are the classes, give it: --data_dir=.*audio"),
        (("IRMAS-TrainingData/cel/a.wav",), ".", "--dataset=irmas knows"),
        (("audio/000/x.ogg", "openmic-2018.npz.wav"), ".", "of the two classes|holds"),
    ],
)
def test_other_places_are_told_what_to_give(tmp_path, names, place, message):
    write_sounds(tmp_path, names)
    with pytest.raises(DataError, match=message):
        listed = read_class_folders(tmp_path / place)
        raise DataError(listed.errors[0].message)


def test_manifests_and_openmic_are_named(tmp_path):
    (tmp_path / "m.csv").write_text("labels;path\n")
    with pytest.raises(DataError, match="is a manifest: use --dataset=manifest"):
        read_class_folders(tmp_path / "m.csv")
    (tmp_path / "openmic-2018.npz").touch()
    with pytest.raises(DataError, match="use --dataset=openmic"):
        read_class_folders(tmp_path)


def test_a_folder_whose_name_has_control_characters_is_no_class(tmp_path):
    write_sounds(tmp_path, ["violin/a.wav", "ou\x1b[2Jd/b.wav", "ce\nllo/c.wav"])
    listed = read_class_folders(tmp_path)
    assert listed.classes == ("violin",) and [error.kind for error in listed.errors[:2]] == ["bad_label"] * 2
    assert all(error.message.isprintable() for error in listed.errors)
