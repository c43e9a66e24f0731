from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from irmas_tf.audio.walk import AudioFiles, Failure


def _touch(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return str(path)


def test_folders_are_walked_in_order_and_other_files_counted(tmp_path: Path) -> None:
    names = ["b/2.WAV", "b/10.flac", "a.mp3", "c/d/e.ogg", "z[1].wav"]
    for name in [*names, "notes.txt", "b/cover.jpg", "c/._e.ogg", "noext"]:
        _touch(tmp_path / name)
    files = AudioFiles([str(tmp_path)])
    found = [os.path.relpath(str(p), tmp_path) for p in files]
    assert found == ["a.mp3", "b/10.flac", "b/2.WAV", "c/d/e.ogg", "z[1].wav"]
    assert files.ignored == 4
    assert files.total is None


def test_a_named_file_is_tried_whatever_its_name_and_as_often_as_given(tmp_path: Path) -> None:
    name = _touch(tmp_path / "take.dat")
    files = AudioFiles([name, name])
    assert list(files) == [name, name]
    assert files.total == 2


def test_missing_paths_are_failures_in_their_place(tmp_path: Path) -> None:
    name = _touch(tmp_path / "a.wav")
    first, second, third = AudioFiles([str(tmp_path / "no.wav"), name, "bad\0name"])
    assert isinstance(first, Failure) and first.path.endswith("no.wav") and "No such file" in first.reason
    assert second == name
    assert isinstance(third, Failure)


def test_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    for paths in ([str(tmp_path)], [str(tmp_path / "pipe.wav")], ["/dev/zero"]):
        (failure,) = AudioFiles(paths)
        assert isinstance(failure, Failure) and "neither a file nor a folder" in failure.reason


def test_broken_links_are_reported_and_link_loops_end(tmp_path: Path) -> None:
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    (failure,) = AudioFiles([str(tmp_path)])
    assert isinstance(failure, Failure) and failure.path.endswith("gone.wav")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_folder_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0)
    (failure,) = AudioFiles([str(tmp_path)])
    assert isinstance(failure, Failure) and "cannot be read" in failure.reason


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xff\n.wav"
    with open(raw, "wb"):
        pass
    assert [os.fsencode(str(p)) for p in AudioFiles([str(tmp_path)])] == [raw]


def test_dash_reads_names_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = _touch(tmp_path / "a b.wav")
    stdin = SimpleNamespace(buffer=io.BytesIO(os.fsencode(name) + b"\r\n\n/no/such\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    first, second = AudioFiles(["-"])
    assert first == name
    assert isinstance(second, Failure)
