from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import tempfile

import pytest

from irmas_tf.process import held_temporary as module
from irmas_tf.process.held_temporary import (
    TEMPORARY_PREFIX,
    held_file,
    held_folder,
    made_folder,
    name_moved_away,
    remove_leftovers,
    remove_leftovers_below,
    temporary_folder,
    working_folder,
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="nothing is locked there")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def leave(folder, name="00000000", *, is_folder=False):
    """Leave what a killed process would leave: a file or folder that nobody holds."""
    path = folder / f"{TEMPORARY_PREFIX}{name}"
    (path / "inside").mkdir(parents=True) if is_folder else path.write_text("half")
    return path


def test_what_nobody_holds_is_removed_and_nothing_else(tmp_path):
    left = [leave(tmp_path, "1.csv"), leave(tmp_path, "2", is_folder=True)]
    (tmp_path / ".tmp-theirs").touch()  # the file of another program
    (tmp_path / f"{TEMPORARY_PREFIX}link").symlink_to(tmp_path)
    os.mkfifo(tmp_path / f"{TEMPORARY_PREFIX}pipe")  # whoever opens one waits
    with held_file(tmp_path, ".csv") as file, held_folder(tmp_path) as folder:
        assert sorted(remove_leftovers(tmp_path)) == sorted(left)
        assert file.exists() and file.suffix == ".csv" and folder.is_dir()
    assert names(tmp_path) == [f"{TEMPORARY_PREFIX}link", f"{TEMPORARY_PREFIX}pipe", ".tmp-theirs"]
    assert remove_leftovers(tmp_path / "absent") == []


def test_folders_inside_are_looked_at_too(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    leave(tmp_path / "a" / "b")
    remove_leftovers_below(tmp_path)
    assert names(tmp_path / "a" / "b") == []


def test_a_folder_that_was_moved_away_gets_its_name_back_if_nothing_else_has_it(tmp_path):
    (tmp_path / "other").mkdir()
    for name in ("run", "other"):
        name_moved_away(tmp_path / name).mkdir()
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["other", "run"]


def test_one_that_was_taken_for_a_leftover_before_it_was_held_is_made_anew(tmp_path, monkeypatch):
    real, calls = module.exclusive, []

    @contextlib.contextmanager
    def late(path, refusal):
        calls.append(path)
        if len(calls) == 1:
            path.unlink()
        with real(path, refusal):
            yield True

    monkeypatch.setattr(module, "exclusive", late)
    with held_file(tmp_path) as file:
        assert file.exists() and len(calls) == 2
    assert names(tmp_path) == []


def test_where_nothing_can_be_locked_all_is_written_and_nothing_removed(tmp_path, monkeypatch):
    @contextlib.contextmanager
    def refuse(path, refusal):
        raise refusal
        yield

    @contextlib.contextmanager
    def unable(path, refusal):
        yield False

    left = leave(tmp_path)
    for stand_in in (refuse, unable):
        monkeypatch.setattr(module, "exclusive", stand_in)
        assert remove_leftovers(tmp_path) == [] and left.exists()
        with held_folder(tmp_path) as folder:
            (folder / "file").touch()
        assert not folder.exists()


def test_the_system_s_folder_is_tidied_when_something_is_put_there(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = leave(tmp_path, is_folder=True)
    with temporary_folder() as folder:
        assert not left.exists()
        assert folder.parent == tmp_path and stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "file").touch()
    assert names(tmp_path) == []


def test_what_libraries_put_among_temporary_files_goes_with_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with working_folder() as folder:
        theirs = tempfile.mkdtemp()
        assert os.path.dirname(theirs) == str(folder)
    assert tempfile.gettempdir() == str(tmp_path) and names(tmp_path) == []


KILLED = """
import os, signal
from irmas_tf.process.held_temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "half").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_its_working_folder_to_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(module, "_LOOKED_AT", set())
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with temporary_folder() as ours:
        assert subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False).returncode == -9
        (left,) = set(tmp_path.iterdir()) - {ours}
        assert (left / "half").exists()
    monkeypatch.setattr(module, "_LOOKED_AT", set())  # the next process
    with temporary_folder():
        assert not left.exists()
    assert names(tmp_path) == []


def test_folders_that_were_made_go_again_where_nothing_came_of_it(tmp_path):
    (tmp_path / "there").mkdir()
    with made_folder(tmp_path / "made" / "inside"):
        pass
    for place in ("there", "there/new/inside", "made/inside"):
        with pytest.raises(ZeroDivisionError), made_folder(tmp_path / place):
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), made_folder(tmp_path / "used" / "inside"):
        (tmp_path / "used" / "file").touch()
        raise ZeroDivisionError
    assert names(tmp_path) == ["made", "there", "used"] and names(tmp_path / "there") == []
    assert names(tmp_path / "made") == ["inside"] and names(tmp_path / "used") == ["file"]
