from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from irmas_tf import demo
from irmas_tf.config.commands import COMMANDS
from irmas_tf.shipped.composed import COMPOSED

METRICS = {
    "excerpts": 40,
    "accuracy": {"value": 0.5, "low": 0.4, "high": 0.6},
    "majority_baseline": {"accuracy": 0.1},
}


class FakeCommands:
    """Stands in for subprocess.run: notes the commands, leaves what they would leave."""

    def __init__(self, out: Path, failing: str = "", status: int = 0):
        self.out, self.failing, self.status, self.seen = out, failing, status, []

    def __call__(self, command, **kwargs):
        assert command[:3] == [sys.executable, "-m", "irmas_tf"]
        name = command[3]
        assert name in COMMANDS
        self.seen.append((name, command[4:]))
        if name == self.failing:
            return SimpleNamespace(returncode=self.status)
        if name == "soundfont":
            part = self.out / "data" / "IRMAS-TestingData-Part1" / "Part1"
            part.mkdir(parents=True, exist_ok=True)
            (part / "01 - a song-1.wav").touch()
            (part / "01 - a song-1.txt").write_text("gac\nvio\n")
        if name == "evaluate":
            folder = self.out / "run" / "evaluation" / "validation"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "metrics.json").write_text(json.dumps(METRICS))
        return SimpleNamespace(returncode=0)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    def install(**kwargs):
        commands = FakeCommands(tmp_path, **kwargs)
        monkeypatch.setattr(subprocess, "run", commands)
        return commands

    return install


def test_it_runs_the_steps_and_says_what_was_made_and_what_to_type_next(tmp_path, fake, capsys, monkeypatch):
    commands = fake()
    (tmp_path / "composed.tflite").touch()
    monkeypatch.setattr(COMPOSED, "path", tmp_path / "composed.tflite")
    assert demo.cli(["--out", str(tmp_path), "--excerpts=66", "--", "--epochs=2"]) == 0
    steps = ["soundfont", "predict", "train", "evaluate", "predict", "export-tflite"]
    assert [name for name, _ in commands.seen] == steps
    soundfont, first, train, evaluate, predict, export = (arguments for _, arguments in commands.seen)
    assert soundfont == [f"--out={tmp_path}/data", "--excerpts=66", f"--test_clips={demo.TEST_CLIPS}"]
    assert train[0] == "--flagfile=demo"
    assert train[1:] == [f"--data_dir={tmp_path}/data", f"--run_dir={tmp_path}/run", "--epochs=2"]
    assert evaluate == [f"--run_dir={tmp_path}/run", "--split=validation"]
    assert predict[1].endswith("01 - a song-1.wav") and first == predict[1:], "the package's model is asked first"
    assert export[:2] == [f"--run_dir={tmp_path}/run", f"--out={tmp_path}/irmas.tflite"]
    text = capsys.readouterr().out
    assert text.count("\n$ irmas ") == 6, "every command is shown as it would be typed"
    assert "50% (40% to 60%) of the time" in text
    assert "acoustic guitar, violin" in text
    assert f"{tmp_path}/run/evaluation/validation/report.html" in text
    assert f"{tmp_path}/irmas.tflite" in text
    assert "irmas download --out=" in text
    assert "irmas train --flagfile=three_branch " in text


def test_the_shell_is_told_to_use_the_environment_unless_it_does(tmp_path, fake, capsys, monkeypatch):
    fake()
    monkeypatch.setattr(sys, "prefix", "/somewhere/.venv")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    demo.cli(["--out", str(tmp_path)])
    assert ". /somewhere/.venv/bin/activate" in capsys.readouterr().out
    monkeypatch.setenv("VIRTUAL_ENV", "/somewhere/.venv")
    demo.cli(["--out", str(tmp_path)])
    assert "activate" not in capsys.readouterr().out


def test_scores_of_a_single_song_have_no_interval(tmp_path, fake, capsys, monkeypatch):
    fake()
    monkeypatch.setitem(METRICS, "accuracy", {"value": 0.5, "low": None, "high": None})
    assert demo.cli(["--out", str(tmp_path)]) == 0
    assert "50% of the time;" in capsys.readouterr().out


def test_a_build_without_a_model_of_its_own_trains_one_all_the_same(tmp_path, fake, capsys, monkeypatch):
    commands = fake()
    monkeypatch.setattr(COMPOSED, "path", tmp_path / "none.tflite")
    assert demo.cli(["--out", str(tmp_path)]) == 0
    assert [name for name, _ in commands.seen][:2] == ["soundfont", "train"]
    assert "This build has no model of its own" in capsys.readouterr().out


@pytest.mark.parametrize("status, expected", [(1, 1), (2, 2), (130, 130), (-9, 137)])
def test_a_step_that_fails_ends_the_demo_with_its_status(tmp_path, fake, capsys, status, expected):
    commands = fake(failing="train", status=status)
    assert demo.cli(["--out", str(tmp_path)]) == expected
    assert [name for name, _ in commands.seen if name != "predict"] == ["soundfont", "train"]
    assert "goes on from this step" in capsys.readouterr().err


def test_a_missing_flagfile_is_named_before_anything_is_made(tmp_path, fake, capsys):
    commands = fake()
    assert demo.cli(["--out", str(tmp_path), "--flagfile=absent.flags"]) == 2
    assert not commands.seen
    assert capsys.readouterr().err.startswith("error: --flagfile=absent.flags: no such file")


def test_wrong_usage_is_status_2(capsys):
    assert demo.cli(["--excerpts=many"]) == 2
    assert demo.cli(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: irmas demo ")
