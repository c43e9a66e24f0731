from __future__ import annotations

import csv
import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.walk import Failure
from irmas_tf.config.labels import IRMAS_CODES, get_label_scheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.activity import Activity
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.notes import Note
from irmas_tf.reports.activity_files import ENDINGS, FORMATS, NAME_BYTES, ActivityFiles, safe_name, saved_activity

SCHEME = get_label_scheme("irmas")
LEVELS = np.full(11, 0.5)


def _answer(path: str, windows: int = 3) -> Answer:
    """Cello in the first two of three windows, voice in the last."""
    probabilities = np.zeros([windows, 11], np.float32)
    probabilities[:2, 0], probabilities[2:, 10] = 0.75, 0.625
    activity = Activity(path, windows + 0.5, 1.5, np.arange(float(windows)), probabilities)
    return Answer(path, windows + 0.5, SCHEME, probabilities.mean(axis=0), ("cel",), activity)


@pytest.fixture
def clip(tmp_path: Path) -> str:
    path = tmp_path / "in" / "a.wav"
    path.parent.mkdir()
    soundfile.write(path, 0.1 * np.ones(3 * 8000), 8000)
    return str(path)


@pytest.mark.slow
def test_all_formats_tell_the_same_story(clip: str, tmp_path: Path) -> None:
    paths = ActivityFiles(tmp_path / "new" / "out", FORMATS, SCHEME, LEVELS).write(_answer(clip))
    assert sorted(p.name for p in paths) == sorted(os.listdir(tmp_path / "new" / "out"))
    assert {p.name for p in paths} == {safe_name(clip) + ending for ending in ENDINGS.values()}
    table, whole, track, picture = paths
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(float(r["start_seconds"]), float(r["end_seconds"]), r["labels"]) for r in rows] == [
        (0, 1.5, "cel"), (1, 2.5, "cel"), (2, 3.5, "voi"),
    ]  # fmt: skip
    assert [float(r["cel"]) for r in rows] == [0.75, 0.75, 0] and list(rows[0])[3:] == [*IRMAS_CODES, "notes"]
    saved = json.loads(whole.read_text())
    assert saved["file"] == clip and saved["duration_seconds"] == 3.5 and saved["labels"] == ["cel"]
    assert saved["start_seconds"] == [0, 1, 2] and saved["end_seconds"] == [1.5, 2.5, 3.5]
    assert saved["probabilities"]["voi"] == [0, 0, 0.625] and saved["thresholds"]["voi"] == 0.5
    assert saved["segments"] == [
        {"start_seconds": 0, "end_seconds": 2.25, "label": "cel"},
        {"start_seconds": 2.25, "end_seconds": 3.5, "label": "voi"},
    ]
    assert track.read_text() == "0.000000\t2.250000\tcello\n2.250000\t3.500000\tvoice\n"
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_silence_and_notes_stand_in_the_files(clip: str, tmp_path: Path) -> None:
    answer = _answer(clip)
    notes = (Note("partly_silent", "1 of 3 windows is silent"), Note("scale", "samples reach 16,384"))
    silent = dataclasses.replace(answer.activity, silent=np.array([False, True, False]), notes=notes)
    table, whole, track = ActivityFiles(tmp_path, ("csv", "json", "audacity"), SCHEME, None).write(
        dataclasses.replace(answer, activity=silent, notes=notes)
    )
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["labels"], row["notes"]) for row in rows] == [("cel", "scale"), ("", "silent scale"), ("voi", "scale")]
    saved = json.loads(whole.read_text())
    assert saved["silent"] == [False, True, False]
    assert saved["notes"] == [{"code": note.code, "text": note.text} for note in notes]
    assert [line.split("\t")[2] for line in track.read_text().splitlines()] == ["cello", "voice"]


def test_without_levels_every_moment_has_a_class(clip: str, tmp_path: Path) -> None:
    files = ActivityFiles(tmp_path, ("json", "audacity"), SCHEME, None)
    whole, track = files.write(_answer(clip))
    assert json.loads(whole.read_text())["thresholds"] is None
    assert [line.split("\t")[2] for line in track.read_text().splitlines()] == ["cello", "voice"]
    names = {line.split("\t")[2] for line in files.write(_answer(clip, 4))[1].read_text().splitlines()}
    assert names == {"cello", "voice"}


ODD = ["/a/x.wav", "/b/x.wav", "/a/x.mp3", "/a/x .wav", "/a/\x1b.wav", os.fsdecode(b"/a/\xff.wav"), "/a/" + "音" * 80,
       "/a/..wav", "/a/CON", "/a/.x", "/a/a\nb.wav", "/a/<script>.wav", "x.wav", "/"]  # fmt: skip


def test_names_keep_apart_and_hurt_nobody(tmp_path: Path) -> None:
    names = [safe_name(path) for path in ODD]
    assert len(set(names)) == len(ODD)
    assert names == [safe_name(path) for path in ODD], "the same file, the same name"
    for name in names:
        assert len(name.encode()) <= NAME_BYTES + 9 and name == name.strip(" .") and name.isprintable()
        assert not set(name) & set('/\\:*?"<>|\n\x1b')
        (tmp_path / (name + ".activity.json")).touch()
    assert safe_name("/somewhere/My song (live).flac").startswith("My song (live)-")
    assert safe_name("relative.wav") == safe_name(os.path.abspath("relative.wav"))


def test_a_name_that_is_not_utf8_is_in_the_json(tmp_path: Path) -> None:
    path = os.fsdecode(b"/a/\xff\xe9.wav")
    (written,) = ActivityFiles(tmp_path, ("json",), SCHEME, None).write(_answer(path))
    assert os.fsencode(json.loads(written.read_text(encoding="ascii"))["file"]) == b"/a/\xff\xe9.wav"


def test_folders_that_cannot_be_used_are_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, words in (
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "below", "cannot be written"),
        ("/proc/nothing", "cannot be written"),
    ):
        with pytest.raises(ConfigError, match=f"--activity={folder}: {words}"):
            ActivityFiles(folder, ("csv",), SCHEME, None)
    for formats in ((), ("csv", "xml")):
        with pytest.raises(ConfigError, match="one or more of csv, json, audacity, png"):
            ActivityFiles(tmp_path, formats, SCHEME, None)
    assert sorted(os.listdir(tmp_path)) == ["file"], "the check leaves nothing"


@pytest.mark.slow
def test_a_file_that_vanished_meanwhile_is_a_failure_and_the_next_is_saved(clip: str, tmp_path: Path) -> None:
    closed = []

    def results():
        try:
            yield _answer(str(tmp_path / "gone.wav"))
            yield Failure("bad.wav", "is bad")
            yield _answer(clip)
        finally:
            closed.append(True)

    out = tmp_path / "out"
    first, second, third = saved_activity(results(), ActivityFiles(out, ("png",), SCHEME, LEVELS))
    assert isinstance(first, Failure) and "No such file" in first.reason
    assert second == Failure("bad.wav", "is bad")
    assert isinstance(third, Answer) and closed
    assert os.listdir(out) == [safe_name(clip) + ".activity.png"]


def test_a_failure_in_mid_file_leaves_the_old_one(clip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ActivityFiles(tmp_path / "out", ("audacity",), SCHEME, LEVELS)
    (path,) = files.write(_answer(clip))
    before = path.read_bytes()

    def broken(*_: object):
        yield "half"
        raise OSError("disk full")

    monkeypatch.setattr(ActivityFiles, "_audacity", broken)
    with pytest.raises(OSError, match="disk full"):
        files.write(_answer(clip))
    assert path.read_bytes() == before and os.listdir(tmp_path / "out") == [path.name]
