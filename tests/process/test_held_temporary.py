from __future__ import annotations

import contextlib

import pytest

from irmas_tf.process import held_temporary as module
from irmas_tf.process.held_temporary import delete_leftovers, held_temporary


def test_a_file_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "a-1.bin"
    target.write_bytes(b"old")
    with held_temporary(target, "a") as file:
        file.write(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    with pytest.raises(ZeroDivisionError), held_temporary(target, "a") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_only_leftovers_of_the_kind_are_deleted(tmp_path):
    for name in (".a-x.tmp", ".b-x.tmp", "a-x.tmp", ".a-x.json"):
        (tmp_path / name).touch()
    with held_temporary(tmp_path / "a-1.bin", "a") as file:
        delete_leftovers(tmp_path, "a")
        file.write(b"still here")
    assert (tmp_path / "a-1.bin").read_bytes() == b"still here"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a-x.json", ".b-x.tmp", "a-1.bin", "a-x.tmp"]
    delete_leftovers(tmp_path / "absent", "a")


def test_a_file_that_was_taken_for_a_leftover_before_it_was_held_is_made_anew(tmp_path, monkeypatch):
    real, calls = module.exclusive, []

    @contextlib.contextmanager
    def late(path, refusal):
        calls.append(path)
        if len(calls) == 1:
            path.unlink()
        with real(path, refusal):
            yield

    monkeypatch.setattr(module, "exclusive", late)
    with held_temporary(tmp_path / "a-1.bin", "a") as file:
        file.write(b"x")
    assert len(calls) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a-1.bin"]


def test_where_nothing_can_be_locked_files_are_written_and_none_is_deleted(tmp_path, monkeypatch):
    @contextlib.contextmanager
    def refuse(path, refusal):
        raise refusal
        yield

    monkeypatch.setattr(module, "exclusive", refuse)
    (tmp_path / ".a-x.tmp").touch()
    delete_leftovers(tmp_path, "a")
    with held_temporary(tmp_path / "a-1.bin", "a") as file:
        file.write(b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a-x.tmp", "a-1.bin"]
