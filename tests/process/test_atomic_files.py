from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.process.atomic_files import atomic_path, write_json_atomic, write_text_atomic
from irmas_tf.process.held_temporary import TEMPORARY_PREFIX


def test_a_file_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "made" / "a.keras"
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
        # Keras and others choose the format by the suffix; whoever tidies up knows the prefix.
        assert temporary.suffix == ".keras" and temporary.name.startswith(TEMPORARY_PREFIX)
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_what_was_there(tmp_path):
    target = tmp_path / "a.txt"
    write_text_atomic(target, "old")
    with pytest.raises(ZeroDivisionError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    with pytest.raises(FileNotFoundError), atomic_path(target):
        pass  # nothing was written
    with pytest.raises(ZeroDivisionError), atomic_path(tmp_path / "not" / "there" / "a.txt"):
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target], "a failure leaves no folders, either"


def test_a_file_may_be_empty_and_a_name_as_long_as_names_can_be(tmp_path):
    target = tmp_path / f"{'a' * 251}.txt"
    write_text_atomic(target, "")
    assert target.read_bytes() == b"" and os.stat(target).st_mtime > 0


def test_files_are_readable_by_others_as_the_umask_says(tmp_path):
    write_text_atomic(tmp_path / "a", "")
    (tmp_path / "b").write_text("")
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == stat.S_IMODE(os.stat(tmp_path / "b").st_mode)


def test_two_writers_do_not_share_a_temporary_file(tmp_path):
    target = tmp_path / "a.txt"
    with atomic_path(target) as first, atomic_path(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first", "whoever ends last has the last word"


def test_json_is_standard_whatever_numpy_makes_of_it(tmp_path):
    values = {
        1: np.float32(0.5), "array": np.arange(3), "nested": [(np.int64(2), Path("a/b"))], "ä": "ü",
        "nan": float("nan"), "infinity": np.array([np.inf]), "truth": np.bool_(True), "none": None,
    }  # fmt: skip
    write_json_atomic(tmp_path / "a.json", values)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "ü" in text and text.endswith("}\n")
    assert json.loads(text) == {
        "1": 0.5, "array": [0, 1, 2], "nested": [[2, "a/b"]], "ä": "ü",
        "nan": None, "infinity": [None], "truth": True, "none": None,
    }  # fmt: skip
    with pytest.raises(TypeError):
        write_json_atomic(tmp_path / "b.json", {"a": object()})
    assert not (tmp_path / "b.json").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from irmas_tf.process.atomic_files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print(temporary, flush=True)
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdin.read()
"""


def writer(target, how):
    """Return a process that writes ``target`` and, once it has begun, is killed or waits for its input to end."""
    command = [sys.executable, "-c", KILLED, str(target), how]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, Path(process.stdout.readline().strip())


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals and locks")
def test_the_next_writer_removes_what_a_killed_one_left_and_not_what_a_live_one_writes(tmp_path):
    killed, left = writer(tmp_path / "a.csv", "killed")
    with killed:
        assert killed.wait(60) == -9 and left.exists()
    live, in_use = writer(tmp_path / "b.csv", "live")
    with live:
        write_text_atomic(tmp_path / "a.csv", "whole")
        assert sorted(os.listdir(tmp_path)) == sorted([in_use.name, "a.csv"])
        live.stdin.close()
        assert live.wait(60) == 0
    assert (tmp_path / "b.csv").read_text() == "half" and len(os.listdir(tmp_path)) == 2


def test_a_full_disk_is_told_with_the_files_own_name(tmp_path):
    target = tmp_path / "a.npz"
    write_text_atomic(target, "old")
    with pytest.raises(OSError, match="No space") as caught, atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError(f"{temporary}; {os.strerror(errno.ENOSPC)}")
    assert caught.value.filename == str(target)
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]
