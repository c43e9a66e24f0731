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


def test_folders_are_walked_in_order_and_other_files_counted_by_kind(tmp_path: Path) -> None:
    names = ["a.m4a", "b/2.WAV", "b/10.flac", "c/d/e.webm", "z[1].wav"]
    others = ["notes.txt", "b/cover.JPG", "b/back.png", "c/._e.ogg", ".DS_Store", "x.cda", "y.cda", "z.cda"]
    for name in [*names, *others]:
        _touch(tmp_path / name)
    files = AudioFiles([str(tmp_path)])
    walked = [os.path.relpath(str(p), tmp_path) for p in files]
    assert walked == ["a.m4a", "b/10.flac", "b/2.WAV", "c/d/e.webm", "z[1].wav"]
    assert files.skipped_summary == ("3 .cda files, 2 pictures, 1 system file, 1 macOS attribute file, 1 text file")
    assert files.total is None


def test_where_the_name_says_nothing_the_content_is_looked_at(tmp_path: Path) -> None:
    contents = {
        "flac": b"fLaC" + bytes(40),
        "film.part": b"\0\0\0\x20ftypisom",
        "take.0001": b"RIFF\0\0\0\0WAVE",
        "README": b"words",
        "page.download": b"<html>",
        "model.xyz": bytes(range(256)),
        "what": bytes(range(256)),
        "empty": b"",
        "claims.mp3": b"<html>",
        "claims.jpg": b"fLaC",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    files = AudioFiles([str(tmp_path)])
    assert [os.path.basename(str(p)) for p in files] == ["claims.mp3", "film.part", "flac", "take.0001"]
    assert dict(files.skipped) == {
        "text file": 1, "HTML page": 1, ".xyz file": 1, "file of an unknown kind": 1, "empty file": 1, "picture": 1,
        "special file": 1,
    }  # fmt: skip


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


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> AudioFiles:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    return AudioFiles(["-"])


def test_dash_reads_names_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = _touch(tmp_path / "a b.wav")
    first, second = pipe(monkeypatch, os.fsencode(name) + b"\r\n\n/no/such\n")
    assert first == name
    assert isinstance(second, Failure)


def test_dash_takes_a_sound_and_calls_it_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = b"fLaC" + bytes(100_000)
    files = pipe(monkeypatch, sound)
    (path,) = files
    assert Path(path).read_bytes() == sound and files.total is None
    folder = os.path.dirname(path)
    assert files.shown(f"{path}: is odd") == "standard input: is odd"
    assert files.renamed(Failure(path, f"{path} is cut")) == Failure("standard input", "standard input is cut")
    del path
    assert not os.path.exists(folder)


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is empty; pipe a sound"),
        (b"<html>" + bytes(10), "is not audio but an HTML page; a page was saved"),
        (b"\x89PNG\r\n\x1a\n", "is not audio but a picture; pipe a sound or a list"),
    ],
)
def test_what_is_neither_a_sound_nor_a_list_is_named(monkeypatch, content, reason) -> None:
    (failure,) = pipe(monkeypatch, content.replace(bytes(10), b""))
    assert isinstance(failure, Failure) and failure.path == "standard input" and failure.reason.startswith(reason)


def test_standard_input_that_is_closed_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    (failure,) = AudioFiles(["-"])
    assert isinstance(failure, Failure) and failure.reason.startswith("is closed; pipe")


def test_a_sound_that_cannot_be_stored_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
    (failure,) = pipe(monkeypatch, b"fLaC" + bytes(100))
    assert isinstance(failure, Failure) and "cannot be stored (No such file or directory); make room" in failure.reason
