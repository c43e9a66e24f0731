"""Extraction: complete or absent, and never outside the target folder."""

from __future__ import annotations

import collections
import errno
import json
import os
import random
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from irmas_tf.datasets import archive as module
from irmas_tf.datasets.archive import (
    ArchiveError,
    extract_archive,
    missing_from_manifest,
    read_manifest,
    remove_stale,
)
from irmas_tf.datasets.irmas_layout import MANIFEST_NAME
from irmas_tf.downloads.http_download import DownloadError
from irmas_tf.process.held_temporary import TEMPORARY_PREFIX


def make_zip(path: Path, entries: dict[str, bytes], compression=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            archive.writestr(info, content)
    return path


def files_under(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def extract(zip_path: Path, out: Path, name: str = "IRMAS-TrainingData") -> Path:
    extract_archive(zip_path, out / name, progress=False)
    return out / name


def test_single_top_folder_of_the_same_name_is_not_repeated(tmp_path, out):
    path = make_zip(
        tmp_path / "a.zip", {"IRMAS-TrainingData/": b"", "IRMAS-TrainingData/cel/[cel][cla]0001__1.wav": b"abc"}
    )
    target = extract(path, out)
    assert read_manifest(target) == {"cel/[cel][cla]0001__1.wav": 3}
    assert (target / "cel" / "[cel][cla]0001__1.wav").read_bytes() == b"abc"
    assert list(out.iterdir()) == [target]


def test_other_top_folders_are_kept_and_litter_is_not(tmp_path, out):
    entries = {
        "IRTestingData-Part2/a-1.wav": b"1",
        "IRTestingData-Part2/.DS_Store": b"x",
        "__MACOSX/IRTestingData-Part2/._a-1.wav": b"x",
    }
    target = extract(make_zip(tmp_path / "a.zip", entries), out, "IRMAS-TestingData-Part2")
    assert read_manifest(target) == {"IRTestingData-Part2/a-1.wav": 1}
    assert set(files_under(target)) == {"IRTestingData-Part2/a-1.wav", MANIFEST_NAME}


@pytest.mark.parametrize(
    "name, reason",
    [
        ("/etc/evil", "absolute"),
        ("\\evil", "absolute"),
        ("../evil", "leaves the target"),
        ("a/../../evil", "leaves the target"),
        ("a\\..\\..\\evil", "leaves the target"),
        ("C:/evil", "drive"),
        ("c:evil", "drive"),
        ("//host/share/evil", "absolute"),
        ("a/\x1b[2Jevil", "control character"),
        ("a/evil\n", "control character"),
        ("x" * 300, "too long"),
        ("x/" * 600 + "evil", "too long"),
        ("good.wav/evil", "is a file and a folder"),
    ],
)
def test_evil_names(tmp_path, out, name, reason):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.wav", b"good")
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        archive.writestr(info, b"evil")
    with pytest.raises(ArchiveError, match=rf"evil\.zip: unsafe archive: .*{reason}.*nothing was extracted") as caught:
        extract(path, out)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 600
    assert list(out.iterdir()) == []
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "kind, reason", [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "device"), (stat.S_IFCHR, "device")]
)
def test_evil_kinds(tmp_path, out, kind, reason):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system = 3
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveError, match=reason):
        extract(path, out)
    assert list(out.iterdir()) == []


def test_names_that_collide_on_other_systems(tmp_path, out):
    path = make_zip(tmp_path / "a.zip", {"cel/a.wav": b"1", "CEL/A.wav": b"2"})
    with pytest.raises(ArchiveError, match="occurs twice"):
        extract(path, out)


def test_bombs(tmp_path, out, monkeypatch):
    path = make_zip(tmp_path / "bomb.zip", {"zeros.wav": bytes(30_000_000)})
    with pytest.raises(ArchiveError, match="200-fold"):
        extract(path, out)
    monkeypatch.setattr(module, "MAX_TOTAL_BYTES", 5)
    with pytest.raises(ArchiveError, match="6 bytes unpacked, at most 5 bytes"):
        extract(make_zip(tmp_path / "a.zip", {"a": b"123", "b": b"456"}), out)
    monkeypatch.setattr(module, "MAX_ENTRIES", 1)
    with pytest.raises(ArchiveError, match="2 entries"):
        extract(tmp_path / "a.zip", out)
    assert list(out.iterdir()) == []


def test_an_archive_that_lies_about_sizes(tmp_path, out):
    path = make_zip(tmp_path / "a.zip", {"a.wav": b"x" * 1000}, zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 10)  # uncompressed size in the central directory
    path.write_bytes(raw)
    with pytest.raises(ArchiveError):
        extract(path, out)
    assert list(out.iterdir()) == []


def test_damaged_archives(tmp_path, out):
    good = make_zip(tmp_path / "good.zip", {"a.wav": bytes(range(256)) * 400, "b.wav": os.urandom(5000)}).read_bytes()
    damaged = tmp_path / "damaged.zip"
    at = good.index(b"a.wav") + 60
    for raw in (b"", b"PK", good[:1000], good[:at] + b"\xff\xff\xff\xff" + good[at + 4 :], b"<html>busy</html>"):
        damaged.write_bytes(raw)
        with pytest.raises(ArchiveError, match=r"damaged\.zip: (damaged|cannot be unpacked)"):
            extract(damaged, out)
        assert list(out.iterdir()) == []
    with pytest.raises(ArchiveError, match="holds no files"):
        extract(make_zip(tmp_path / "empty.zip", {"__MACOSX/x": b""}), out)


@pytest.mark.parametrize("told, words", [(900, "is shorter than the archive says"), (700, "damaged|cannot")])
def test_a_directory_that_lies_about_a_size(tmp_path, out, told, words):
    path = make_zip(tmp_path / "a.zip", {"a.wav": os.urandom(800)})
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02") + 24
    raw[at : at + 4] = told.to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(ArchiveError, match=words):
        extract(path, out)
    assert list(out.iterdir()) == []


def test_encrypted_archives_are_refused(tmp_path, out):
    path = make_zip(tmp_path / "a.zip", {"a.wav": b"abc"})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(ArchiveError, match="encrypted"):
        extract(path, out)


def test_utf8_names_without_the_flag_are_repaired(tmp_path, out):
    path = make_zip(tmp_path / "a.zip", {"Part3/XXXXX-1.wav": b"1", "Part3/YYYY-1.wav": b"2"})
    raw = path.read_bytes().replace(b"XXXXX", "Café".encode()).replace(b"YYYY", b"Caf\xe9")
    path.write_bytes(raw)
    names = set(read_manifest(extract(path, out, "IRMAS-TestingData-Part3")))
    assert "Part3/Café-1.wav" in names
    assert len(names) == 2


def test_an_incomplete_copy_is_completed_and_own_files_stay(tmp_path, out):
    target = out / "IRMAS-TrainingData"
    (target / "cel").mkdir(parents=True)
    (target / "cel" / "a.wav").write_bytes(b"cut sho")
    (target / "cel" / "mine.txt").write_bytes(b"notes")
    extract(make_zip(tmp_path / "a.zip", {"cel/a.wav": b"complete", "vio/b.wav": b"b"}), out)
    found = files_under(target)
    assert json.loads(found.pop(MANIFEST_NAME))["archive"] == "a.zip"
    assert found == {"cel/a.wav": b"complete", "cel/mine.txt": b"notes", "vio/b.wav": b"b"}
    assert list(out.iterdir()) == [target]


def test_disk_space_is_checked_before_and_reported_during(tmp_path, out, monkeypatch):
    path = make_zip(tmp_path / "a.zip", {"a.wav": os.urandom(1000)})
    usage = collections.namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda p: usage(10**12, 0, 10**6))
        with pytest.raises(DownloadError, match=r"not enough space for the contents of a\.zip: 1\.0 kB needed"):
            extract(path, out)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_write_entry", full)
        with pytest.raises(DownloadError, match="the disk is full"):
            extract(path, out)
    assert list(out.iterdir()) == []


def test_manifest_tells_what_is_missing(tmp_path, out):
    target = extract(make_zip(tmp_path / "a.zip", {"a.wav": b"a", "b.wav": b"b", "c.wav": b"c"}), out)
    manifest = read_manifest(target)
    assert missing_from_manifest(target, manifest) == []
    (target / "b.wav").unlink()
    (target / "c.wav").write_bytes(b"longer")
    assert missing_from_manifest(target, manifest) == ["b.wav", "c.wav"]
    for damage in ("", "{}", "[]", '{"files": {"a": "x"}}'):
        (target / MANIFEST_NAME).write_text(damage)
        assert read_manifest(target) is None


def test_remains_of_a_killed_extraction_are_removed(out, capsys):
    (out / f"{TEMPORARY_PREFIX}abc" / "content").mkdir(parents=True)
    (out / "keep").mkdir()
    remove_stale(out)
    assert [p.name for p in out.iterdir()] == ["keep"]
    assert "interrupted" in capsys.readouterr().err


def test_mutated_archives_raise_nothing_else(tmp_path, out):
    good = make_zip(tmp_path / "good.zip", {"T/a.wav": os.urandom(600), "T/b/\u00fc.txt": b"voi" * 300}).read_bytes()
    path = tmp_path / "mutant.zip"
    rng = random.Random(0)
    done = refused = 0
    for _ in range(80):
        raw = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(raw))
            if rng.random() < 0.7:
                raw[at] = rng.randrange(256)
            elif rng.random() < 0.5:
                raw[at : at + 4] = rng.choice([b"\xff" * 4, bytes(4)])
            else:
                del raw[max(1, at) :]
        path.write_bytes(raw)
        try:
            extract_archive(path, out / "T", progress=False)
        except DownloadError:
            refused += 1
            assert not (out / "T").exists()
        else:
            done += 1
            shutil.rmtree(out / "T")
        assert list(out.iterdir()) == []
    assert done >= 1
    assert refused > 30


def test_other_compression_methods_are_refused(tmp_path, out):
    path = make_zip(tmp_path / "a.zip", {"a.wav": b"abc" * 100}, zipfile.ZIP_BZIP2)
    with pytest.raises(ArchiveError, match="compression method 12"):
        extract(path, out)
