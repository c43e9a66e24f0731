"""A listing is taken from memory only while nothing has changed that it was read from."""

from __future__ import annotations

import os
import time

import pytest

from irmas_tf.own_data import last_listing
from irmas_tf.own_data.class_folders import read_class_folders
from irmas_tf.own_data.last_listing import listed_once
from irmas_tf.own_data.manifest import read_manifest
from tests.helpers.own_files import write_manifest, write_sounds

NAMES = ["oud/deep/a.wav", "oud/b.wav", "tar/c.wav"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Sounds and a manifest; what is new counts as old enough."""
    monkeypatch.setattr(last_listing, "_CLOCK_TICK_NS", -60_000_000_000)
    monkeypatch.setattr(last_listing, "_last", None)
    (folder := write_sounds(tmp_path / "data", NAMES)).joinpath("oud", "none").mkdir()
    write_manifest(folder / "m.csv", "path,labels", *(f"{name},{name.split('/')[0]}" for name in NAMES))
    return folder


@pytest.mark.parametrize("kind", ["folder", "manifest"])
def test_it_is_read_once_whether_or_not_its_classes_are_named(folder, kind):
    read, place = (read_class_folders, folder) if kind == "folder" else (read_manifest, folder / "m.csv")
    first = listed_once(read, place)
    assert listed_once(read, place, ("oud", "tar")) is first and listed_once(read, os.fspath(place)) is first
    assert first.excerpts() == first.excerpts() and first.excerpts() is not first.excerpts()
    other = listed_once(read, place, ("tar", "oud"))
    assert other.classes == ("tar", "oud") and listed_once(read, place).classes == ("oud", "tar")


@pytest.mark.parametrize("kind", ["folder", "manifest"])
def test_what_changes_is_seen(folder, kind):
    read, place = (read_class_folders, folder) if kind == "folder" else (read_manifest, folder / "m.csv")
    assert len(listed_once(read, place).entries) == 3
    (folder / "oud/deep/a.wav").unlink()
    gone = listed_once(read, place)
    assert len(gone.entries) == 2 and bool(gone.errors) == (kind == "manifest")
    write_sounds(folder, ["oud/deep/a.wav", "oud/none/d.wav"])  # a folder that held no sound holds some now
    assert len(listed_once(read, place).entries) == (4 if kind == "folder" else 3)
    rows = [f"{name},{'tar' if name == NAMES[1] else name[:3]}" for name in NAMES]  # as many bytes as before
    write_manifest(folder / "m.csv", "path,labels", *rows)
    if kind == "manifest":
        assert [entry.labels.present for entry in listed_once(read, place).entries] == [("tar",), ("oud",), ("tar",)]


def test_files_that_are_too_new_and_another_folder_of_that_name_are_read_anew(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    first = listed_once(read_class_folders, ".")
    assert listed_once(read_class_folders, ".") is first
    other = write_sounds(tmp_path / "other", ["nay/a.wav", "oud/b.wav"])
    monkeypatch.chdir(other)
    assert listed_once(read_class_folders, ".").classes == ("nay", "oud")
    monkeypatch.setattr(last_listing, "_CLOCK_TICK_NS", 3_000_000_000)
    monkeypatch.setattr(time, "time_ns", lambda: (other / "oud").stat().st_ctime_ns + 1_000_000_000)
    monkeypatch.setattr(last_listing, "_last", None)
    assert listed_once(read_class_folders, ".") is not listed_once(read_class_folders, ".")
