"""The report says the same in both formats."""

from __future__ import annotations

import dataclasses
import json

from irmas_tf.datasets.check_report import CheckReport, ClassCount, Finding, PartCount


def report(*findings: Finding) -> CheckReport:
    return CheckReport(
        data_dir="/data",
        training_root="/data/IRMAS-TrainingData",
        classes=(ClassCount("cel", "cello", 3, 388, 1, 135), ClassCount("voi", "voice", 4, 778, 2, 260)),
        parts=(PartCount(1, 2, 807, 1), PartCount(0, 1, 0, 1)),
        test_labels={"cel": 0, "voi": 3},
        groups=3,
        formats={"44100 Hz, 2 channels, PCM_16, wav": 10},
        findings=findings,
        files_checked=10,
        deep=False,
        seconds=0.5,
    )


def test_usable_unless_an_error_was_found():
    assert report().is_usable
    assert report(Finding("warning", "missing", "m"), Finding("note", "x", "n")).is_usable
    assert not report(Finding("warning", "missing", "m"), Finding("error", "unreadable", "u")).is_usable


def test_json():
    data = json.loads(report(Finding("error", "unreadable", "bad", ("caf\udce9.wav",))).to_json())
    assert data["usable"] is False
    assert data["excerpts"] == 7
    assert data["classes"][0] == {
        "code": "cel", "name": "cello", "excerpts": 3, "official_excerpts": 388, "songs": 1, "official_songs": 135,
    }  # fmt: skip
    assert data["findings"][0] == {
        "severity": "error",
        "kind": "unreadable",
        "message": "bad",
        "files": ["caf\udce9.wav"],
    }
    assert data["parts"][0]["clips"] == 2


def test_table():
    text = report(
        Finding("error", "unreadable", "1 audio file", tuple(f"{n}.wav" for n in range(8))),
        Finding("note", "n", "a note"),
    ).to_table()
    lines = text.splitlines()
    assert ["cel", "cello", "3", "388", "1", "135"] in [line.split() for line in lines]
    assert ["all", "7", "1166", "3", "395"] in [line.split() for line in lines]
    assert "test Part1: 2 of 807 clips, 1 songs" in lines
    assert "error: 1 audio file" in lines
    assert "    4.wav" in lines
    assert "    5.wav" not in lines
    assert any("3 more" in line for line in lines)
    assert lines[-1].startswith("result: NOT usable")
    headers = "result: usable (headers only; --deep decodes everything); 0 errors, 0 warnings, 0 notes"
    assert report().to_table().splitlines()[-1] == headers
    deep = dataclasses.replace(report(), deep=True)
    assert deep.to_table().splitlines()[-1] == "result: usable; 0 errors, 0 warnings, 0 notes"
