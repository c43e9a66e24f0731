from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from irmas_tf.process import atomic_folders
from irmas_tf.process.atomic_folders import exchange, replaced_folder


def write(target, text, ours=("a", "b")):
    with replaced_folder(target, ours) as folder:
        for name in ours:
            (folder / name).write_text(text)


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def no_links(*_):
    raise OSError("not on this file system")


@pytest.mark.parametrize("has_links", [True, False])
def test_files_change_together_and_what_is_the_user_s_stays(tmp_path, monkeypatch, has_links):
    target = tmp_path / "of" / "run"
    write(target, "1", ("a", "b", "c"))
    (target / "mine").mkdir()
    (target / "mine" / "notes").write_text("kept")
    (target / "mine.txt").write_text("kept")
    (target / "link").symlink_to("mine")
    before = (target / "mine.txt").stat().st_ino
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    with replaced_folder(target, ("a", "b", "c")) as folder:
        (folder / "a").write_text("2")
    assert content(target) == {"a": "2", "mine.txt": "kept"} and (target / "link" / "notes").read_text() == "kept"
    assert ((target / "mine.txt").stat().st_ino == before) == has_links  # large files of the user's are not copied
    assert os.listdir(target.parent) == ["run"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_failure_leaves_all_as_it_was(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(atomic_folders, "exchange", lambda *_: False)
    write(tmp_path / "run", "1")
    with pytest.raises(OSError, match="disk full"), replaced_folder(tmp_path / "run", ("a", "b")) as folder:
        (folder / "a").write_text("2")
        raise OSError("disk full")
    assert content(tmp_path / "run") == {"a": "1", "b": "1"} and os.listdir(tmp_path) == ["run"]
    write(tmp_path / "run", "3")
    assert content(tmp_path / "run") == {"a": "3", "b": "3"} and os.listdir(tmp_path) == ["run"]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux swaps two names at one moment")
def test_a_reader_never_sees_a_moment_without(tmp_path):
    target, stop, missing = tmp_path / "run", threading.Event(), []
    write(target, "0")

    def read():
        while not stop.is_set():
            try:
                descriptor = os.open(target, os.O_RDONLY)  # one folder, whatever gets its name meanwhile
            except OSError as error:
                missing.append(error)
                continue
            os.close(descriptor)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(300):
        write(target, str(number))
    stop.set()
    reader.join()
    assert not missing and content(target) == {"a": "299", "b": "299"}
    assert not exchange(tmp_path / "nothing", target)


KILLED = """
import os, signal, sys
from pathlib import Path
from irmas_tf.process import atomic_folders
if sys.argv[2] == "moved":
    atomic_folders.exchange = lambda *_: False
    rename = os.rename
    def killing(source, target):
        if ".tmp-" in str(source):
            os.kill(os.getpid(), signal.SIGKILL)
        rename(source, target)
    os.rename = killing
with atomic_folders.replaced_folder(Path(sys.argv[1]), ("a", "b")) as folder:
    (folder / "a").write_text("killed")
    if sys.argv[2] == "writing":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("when", ["writing", "moved"])
def test_what_a_killed_process_leaves_is_removed_or_gets_its_name_back(tmp_path, when):
    target = tmp_path / "run"
    write(target, "1")
    assert subprocess.run([sys.executable, "-c", KILLED, str(target), when], check=False).returncode == -9
    assert len(os.listdir(tmp_path)) == 2
    with pytest.raises(KeyError), replaced_folder(target, ("a", "b")):
        raise KeyError("nothing is written")
    assert content(target) == {"a": "1", "b": "1"} and os.listdir(tmp_path) == ["run"]


def test_what_another_writes_meanwhile_is_left_alone(tmp_path):
    with replaced_folder(tmp_path / "other", ("a",)) as other:
        (other / "a").write_text("2")
        write(tmp_path / "run", "1")
        assert content(other) == {"a": "2"}
    assert content(tmp_path / "other") == {"a": "2"} and sorted(os.listdir(tmp_path)) == ["other", "run"]
