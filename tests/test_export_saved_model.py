"""The command's flags and errors; tests/deploy/test_export_run.py covers its work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from irmas_tf.deploy import export_run
from irmas_tf.deploy.acceptance import Report
from irmas_tf.export_saved_model import cli
from tests.helpers import ROOT
from tests.helpers.small_run import make_small_run


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../up"])
def test_a_name_that_is_no_folders_name(tmp_path, capsys, name):
    assert cli(["--run_dir=absent", f"--out={tmp_path}", f"--name={name}"]) == 2
    assert capsys.readouterr().err == f"error: --name={name}: must be the name of a folder, like irmas\n"


def test_the_flags_reach_the_export(tmp_path, monkeypatch, capsys):
    seen = []
    made = export_run.Export(Path("models/piano/7"), Report("a test"))
    monkeypatch.setattr(export_run, "export_saved_model", lambda *args: seen.append(args) or made)
    assert cli(["--run_dir=R", "--out=O", "--name=piano", "--model_version=7", "--overwrite"]) == 0
    assert seen == [("R", "O", "piano", 7, True)]
    assert capsys.readouterr().out == "Acceptance check of a test\nexported: models/piano/7\n"


def test_a_version_that_is_there_is_refused_before_the_run_is_read(tmp_path, capsys):
    (tmp_path / "irmas" / "2").mkdir(parents=True)
    assert cli(["--run_dir=absent", f"--out={tmp_path}", "--model_version=2"]) == 2
    assert "2: is already there; give --overwrite, or another --model_version" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["unfinished", "half a model", "no run"])
def test_a_run_that_cannot_be_exported_is_one_line_and_leaves_nothing(tmp_path, capsys, damage):
    run = make_small_run(tmp_path / "run")
    if damage == "unfinished":
        run.checkpoints_dir.mkdir()
    elif damage == "half a model":
        run.model_path.write_bytes(run.model_path.read_bytes()[:2000])
    else:
        run.config_path.unlink()
    assert cli([f"--run_dir={run.path}", f"--out={tmp_path / 'models'}"]) == 2
    words = capsys.readouterr().err
    assert words.startswith("error: ") and words.count("\n") == 1
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("script", ["export_saved_model", "export_tflite", "check_export"])
def test_the_scripts_of_the_checkout_are_the_commands(script, tmp_path):
    path = ROOT / "export" / f"{script}.py"
    done = subprocess.run(
        [sys.executable, str(path), "--help"], capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env={"PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"Usage: python -m irmas_tf.{script}" in done.stdout
