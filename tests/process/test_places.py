from __future__ import annotations

import errno
import os
import subprocess
import tempfile

import pytest

from irmas_tf.process import places
from irmas_tf.process.places import why_no_file, why_no_folder, why_not_writable, why_too_small
from tests.helpers.small_disks import can_mount, small_disk


def test_places_that_take_files_are_accepted_and_left_as_they_were(tmp_path):
    present = tmp_path / "present.txt"
    present.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert why_no_file(present) == ""
    assert why_no_file(tmp_path / "not" / "there" / "yet.csv") == ""
    assert why_no_folder(tmp_path) == ""
    assert why_no_folder(tmp_path / "not" / "there") == ""
    assert why_no_file(os.devnull) == ""
    assert sorted(tmp_path.rglob("*")) == before and present.read_text() == "mine"


def test_a_folder_is_no_file_and_a_file_is_no_folder(tmp_path):
    file = tmp_path / "a.txt"
    file.touch()
    assert why_no_file(tmp_path) == "is a folder; name a file"
    assert why_no_file(f"{tmp_path}/new/") == "is a folder; name a file"
    assert why_no_folder(file) == "is a file; name a folder"
    assert "Not a directory" in why_no_file(file / "below")
    assert "Not a directory" in why_no_folder(file / "below")


def test_what_the_system_refuses_is_said_in_its_words(tmp_path, monkeypatch):
    def refuse(**kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    folder = tmp_path / "new"
    assert why_no_folder(folder) == "nothing can be written there (Read-only file system); name another place"
    assert why_no_file(folder / "a") == (
        f"nothing can be written to the folder {folder} (Read-only file system); name another place"
    )


@pytest.mark.skipif(not can_mount(), reason="small disks need root and mount")
def test_a_full_and_a_read_only_disk_are_noticed(tmp_path):
    with small_disk(tmp_path, 64 << 10) as disk:
        (disk / "filler").write_bytes(bytes(64 << 10))
        assert why_not_writable(disk / "new") == "No space left on device"
        (disk / "filler").unlink()
        assert why_not_writable(disk / "new") == ""
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert why_not_writable(disk / "new") == "Read-only file system"


def test_what_is_larger_than_the_disk_is_refused_with_both_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "free_bytes", lambda path: 2_000_000)
    assert why_too_small(tmp_path, 2_000_000) == ""
    assert why_too_small(tmp_path, 3_500_000_000).startswith("needs about 3.5 GB and its disk has 2.0 MB free;")
    monkeypatch.setattr(places, "free_bytes", lambda path: None)
    assert why_too_small(tmp_path, 1e12) == ""
