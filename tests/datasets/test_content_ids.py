"""Content identifiers: equal bytes, equal identifiers; unchanged files are not read again."""

from __future__ import annotations

import hashlib
import os
import threading

import pytest

from irmas_tf.datasets import content_ids as module
from irmas_tf.datasets.content_ids import content_ids
from irmas_tf.datasets.irmas_layout import DataError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "irmas_tf"


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "data" / name for name in ("a", "b", "c")]
    paths[0].parent.mkdir()
    for path, content in zip(paths, (b"same", b"same", b"else"), strict=True):
        path.write_bytes(content)
    return paths


def test_identifiers_are_sha1_of_the_bytes(files, cache):
    ids = content_ids(files, root=files[0].parent)
    assert ids == [hashlib.sha1(p.read_bytes()).hexdigest() for p in files]
    assert ids[0] == ids[1] != ids[2]


def test_unchanged_files_are_not_read_again(files, cache, monkeypatch):
    first = content_ids(files, root=files[0].parent)
    read = []
    original = module.hash_file
    monkeypatch.setattr(module, "hash_file", lambda path: read.append(path) or original(path))
    assert content_ids(files, root=files[0].parent) == first
    assert read == []
    files[2].write_bytes(b"same")  # the same size, so only the time tells
    os.utime(files[2], ns=(1, os.stat(files[2]).st_mtime_ns + 1))
    assert len(set(content_ids(files, root=files[0].parent))) == 1
    assert read == [files[2]]


@pytest.mark.parametrize("damage", [b"", b"not json", b"[]", b'{"x": 1}', b"\xff\xfe"])
def test_damaged_cache_is_replaced(files, cache, damage):
    first = content_ids(files, root=files[0].parent)
    (path,) = cache.glob("content_ids-*.json")
    path.write_bytes(damage)
    assert content_ids(files, root=files[0].parent) == first
    assert path.read_bytes() != damage


def test_cache_folder_that_cannot_be_made_is_no_error(files, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(content_ids(files, root=files[0].parent)) == 3


def test_files_that_are_gone_are_forgotten(files, cache):
    content_ids(files, root=files[0].parent)
    files[0].unlink()
    files[1].write_bytes(b"new")
    content_ids(files[1:], root=files[0].parent)
    (path,) = cache.glob("content_ids-*.json")
    assert str(files[0].resolve()) not in path.read_text()
    assert not list(cache.glob("*.tmp"))


def test_missing_file_is_named(files, cache):
    with pytest.raises(DataError, match="gone"):
        content_ids([*files, files[0].with_name("gone")], root=files[0].parent)


def test_concurrent_writers_leave_a_readable_cache(files, cache):
    threads = [threading.Thread(target=content_ids, args=(files,), kwargs={"root": files[0].parent}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(cache.iterdir())) == 1
    assert len(set(content_ids(files, root=files[0].parent))) == 2
