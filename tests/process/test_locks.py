from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from irmas_tf.process import locks
from irmas_tf.process.locks import exclusive

fcntl = pytest.importorskip("fcntl")


@pytest.mark.parametrize("kind", ["file", "folder", "read-only file"])
def test_the_second_is_refused_until_the_first_lets_go(tmp_path, kind):
    path = tmp_path / "x"
    path.mkdir() if kind == "folder" else path.write_text("content")
    if kind == "read-only file":
        path.chmod(0o400)
    with exclusive(path, RuntimeError("in use")) as is_held:
        assert is_held
        with pytest.raises(RuntimeError, match="in use"), exclusive(path, RuntimeError("in use")):
            pass
    with exclusive(path, RuntimeError("in use")):
        pass
    if kind != "folder":
        assert path.read_text() == "content"


def test_a_killed_process_holds_nothing(tmp_path):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom irmas_tf.process.locks import exclusive\n"
        "with exclusive(Path(sys.argv[1]), RuntimeError()):\n    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=60).returncode == 9
    with exclusive(tmp_path, RuntimeError()) as is_held:
        assert is_held


def test_where_nothing_can_be_locked_nobody_is_refused(tmp_path, monkeypatch):
    def unsupported(descriptor, operation):
        raise OSError(errno.ENOLCK, "no locks here")

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", unsupported)
        with exclusive(tmp_path, RuntimeError()) as is_held:
            assert not is_held
    monkeypatch.setattr(locks, "CAN_LOCK", False)
    with exclusive(tmp_path, RuntimeError()) as is_held:
        assert not is_held


def test_what_is_not_there_cannot_be_held(tmp_path):
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with pytest.raises(FileNotFoundError), exclusive(tmp_path / "absent", RuntimeError()):
        pass
    if before:
        assert len(os.listdir("/proc/self/fd")) == before
