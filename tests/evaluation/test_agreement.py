"""benchmarks/trainings/agreement.py: runs are compared on the songs that all of them validate on, and on no others."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT

HEADER = ["file", "song_group", "label", "label_name", "predicted", "predicted_name", "a", "b"]


def _run(folder: Path, files: str, warnings: list[str]) -> Path:
    evaluation = folder / "evaluation" / "validation"
    evaluation.mkdir(parents=True)
    with (evaluation / "predictions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *([name, 0, "a", "first", "a", "first", 0.9, 0.1] for name in files)])
    (evaluation / "metrics.json").write_text(json.dumps({"warnings": warnings}))
    return folder


def _agreement(*runs: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / "trainings" / "agreement.py"), *map(str, runs)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_runs_of_the_same_songs_are_compared_and_warnings_are_printed(tmp_path: Path) -> None:
    done = _agreement(_run(tmp_path / "one", "xy", ["2 songs are on both sides"]), _run(tmp_path / "two", "yx", []))
    assert done.returncode == 0 and "| one, two | 1.000 |" in done.stdout
    assert "2 songs are on both sides" in done.stderr


def test_what_validates_one_run_and_trains_another_is_refused(tmp_path: Path) -> None:
    done = _agreement(_run(tmp_path / "one", "xy", []), _run(tmp_path / "two", "xz", []))
    assert done.returncode == 1 and "not evaluated on the same excerpts" in done.stderr
