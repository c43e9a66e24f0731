"""Extraction of .tgz files: complete or absent, and never outside the target folder."""

from __future__ import annotations

import io
import tarfile

import pytest

from irmas_tf.datasets.archive import ArchiveError, missing_from_manifest, read_manifest
from irmas_tf.own_data import tar_archive
from irmas_tf.own_data.tar_archive import extract_tar


def entry(name: str, content: bytes = b"x", **changes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in changes.items():
        setattr(info, field, value)
    return info, content


def write_tar(path, *entries):
    with tarfile.open(path, "w:gz") as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return path


def test_everything_is_there_with_a_manifest_and_litter_is_not(tmp_path):
    path = write_tar(
        tmp_path / "a.tgz",
        entry("data", b"", type=tarfile.DIRTYPE), entry("data/a/1.ogg", b"one"), entry("./data/b.txt", b"two"),
        entry("data/._b.txt"), entry("data/__MACOSX/x"), entry("data/" + "long/" * 60 + "x", b"deep"),
    )  # fmt: skip
    target = tmp_path / "out" / "data"
    target.parent.mkdir()
    assert extract_tar(path, target, progress=False) == 3
    manifest = read_manifest(target)
    assert manifest == {"a/1.ogg": 3, "b.txt": 3, "long/" * 60 + "x": 4} and not missing_from_manifest(target, manifest)
    assert (target / "a/1.ogg").read_bytes() == b"one" and [p.name for p in (tmp_path / "out").iterdir()] == ["data"]


@pytest.mark.parametrize(
    "entries, message",
    [
        ([entry("../x")], "leaves the target folder"),
        ([entry("/etc/x")], "is an absolute path"),
        ([entry("data/..\\..\\x")], "leaves the target folder"),
        ([entry("c:/x")], "names a drive"),
        ([entry("data/l", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "is no plain file"),
        ([entry("data/l", b"", type=tarfile.LNKTYPE, linkname="data/a")], "is no plain file"),
        ([entry("data/p", b"", type=tarfile.FIFOTYPE)], "is no plain file"),
        ([entry("data/d", b"", type=tarfile.CHRTYPE)], "is no plain file"),
        ([entry("data/a"), entry("data/A")], "'A' occurs twice"),
        ([entry("data/a"), entry("data/A/b")], "'A/b' is a file and a folder"),
        ([entry("data/a/b"), entry("data/a")], "'a' is a file and a folder"),
        ([entry("data/\x1b[2J")], "has a control character in its name"),
        ([entry("data/" + "x" * 300)], "has a name that is too long"),
        ([entry("data/._litter", bytes(1 << 20))], "more than 50000 files, or more than"),
        ([entry("data/zeros", bytes(1 << 20))], "more than 50000 files, or more than"),
    ],
)
def test_unsafe_archives_are_refused_and_nothing_is_left(tmp_path, entries, message):
    path = write_tar(tmp_path / "a.tgz", entry("data/good"), *entries)
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveError, match=message):
        extract_tar(path, tmp_path / "out" / "data", progress=False)
    assert list((tmp_path / "out").iterdir()) == []


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tar_archive, "MAX_ENTRIES", 2)
    path = write_tar(tmp_path / "a.tgz", *(entry(f"data/{number}") for number in range(3)))
    with pytest.raises(ArchiveError, match="more than 2 files"):
        extract_tar(path, tmp_path / "data", progress=False)
    with pytest.raises(ArchiveError, match="holds no files"):
        extract_tar(write_tar(tmp_path / "b.tgz", entry("data/._x")), tmp_path / "data", progress=False)


def test_damaged_archives_are_refused_and_nothing_is_left(tmp_path):
    whole = write_tar(tmp_path / "a.tgz", entry("data/a", bytes(range(256)) * 40)).read_bytes()
    (tmp_path / "out").mkdir()
    for content in (b"", b"no archive", whole[: len(whole) // 2], whole[:20] + bytes(20) + whole[40:]):
        (tmp_path / "b.tgz").write_bytes(content)
        with pytest.raises(ArchiveError, match=r"b\.tgz: damaged \.tgz file|holds no files"):
            extract_tar(tmp_path / "b.tgz", tmp_path / "out" / "data", progress=False)
        assert list((tmp_path / "out").iterdir()) == []
