from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from irmas_tf.process import bounded_zip as module
from irmas_tf.process.bounded_zip import BoundedZipError, bounded_zip, check_unpacked, read_member


def archive_of(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_members_are_read_up_to_a_size(tmp_path):
    path = archive_of(tmp_path / "a.zip", {"a.txt": b"12345"})
    with bounded_zip(path) as archive:
        assert read_member(archive, "a.txt", 5) == b"12345"
    with (
        pytest.raises(BoundedZipError, match=r"a\.zip: a\.txt has 5 bytes, 4 at most") as refusal,
        bounded_zip(path) as archive,
    ):
        read_member(archive, "a.txt", 4)
    assert refusal.value.reason.startswith("a.txt has")
    with pytest.raises(KeyError), bounded_zip(path) as archive:
        read_member(archive, "b.txt", 4)


@pytest.mark.parametrize("with_zip64", [False, True])
def test_a_list_of_members_that_is_too_long_is_not_read(tmp_path, monkeypatch, with_zip64):
    if with_zip64:
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 10)
    path = archive_of(tmp_path / "a.zip", {f"{number}": b"" for number in range(100)})
    monkeypatch.setattr(module, "MOST_DIRECTORY_BYTES", 100 * 48)
    with bounded_zip(path) as archive:
        assert len(archive.namelist()) == 100
    monkeypatch.setattr(module, "MOST_DIRECTORY_BYTES", 100 * 47)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(BoundedZipError, match=r"a\.zip: has a list of members of 4790 bytes"), bounded_zip(path):
        pass


def test_what_unpacks_to_far_more_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SPARE_BYTES", 1000)
    path = archive_of(tmp_path / "a.zip", {"a": bytes(100_000)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(BoundedZipError, match="unpacks to 100000 bytes"), bounded_zip(path) as archive:
        check_unpacked(archive, path.stat().st_size)
    stored = archive_of(tmp_path / "b.zip", {"a": bytes(100_000)})
    with bounded_zip(stored) as archive:
        check_unpacked(archive, stored.stat().st_size)


def test_damage_is_told_in_a_line_with_the_archive(tmp_path):
    path = archive_of(tmp_path / "a.zip", {"a": b"123456789" * 20})
    good = path.read_bytes()
    path.write_bytes(good.replace(b"123456789", b"123456780", 1))
    with pytest.raises(BoundedZipError, match=r"a\.zip: is no zip archive, or is damaged \(Bad CRC"):
        with bounded_zip(path) as archive:
            archive.read("a")
    for content in (b"", b"text", good[:-30]):
        path.write_bytes(content)
        with pytest.raises(BoundedZipError, match=r"a\.zip: is no zip archive"), bounded_zip(path):
            pass
    with pytest.raises(FileNotFoundError), bounded_zip(tmp_path / "none.zip"):
        pass
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BoundedZipError, match="is not a file"), bounded_zip(tmp_path / "pipe"):
        pass
