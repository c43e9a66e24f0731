from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from irmas_tf.check import cli
from tests.helpers import ROOT
from tests.helpers.own_files import write_sounds


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Return a copy with an excerpt and a test clip that has no labels."""
    folder = tmp_path_factory.mktemp("data")
    training, testing = (
        "IRMAS-TrainingData/cel/[cel][cou_fol]9000__1.wav",
        "IRMAS-TestingData-Part1/Part1/Caf\u00e9-1.wav",
    )
    for name in (training, testing):
        (folder / name).parent.mkdir(parents=True)
        soundfile.write(folder / name, np.random.default_rng(0).uniform(-0.3, 0.3, (44100, 2)), 44100)
    return folder


def test_the_table_and_the_json_say_the_same(data_dir, capsys):
    assert cli([f"--data_dir={data_dir}"]) == 1
    table = capsys.readouterr().out
    assert "cello" in table and table.rstrip().splitlines()[-1].startswith("result: NOT usable")
    assert cli([f"--data_dir={data_dir}", "--format=json", "--deep"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["deep"], report["usable"], report["excerpts"]) == (True, False, 1)


def test_a_usable_copy_is_status_0(tmp_path, data_dir, capsys):
    (tmp_path / "IRMAS-TrainingData").symlink_to(data_dir / "IRMAS-TrainingData")
    assert cli([f"--data_dir={tmp_path}"]) == 0
    assert "result: usable" in capsys.readouterr().out


def test_any_data_set_is_checked_and_written_as_a_manifest_once(tmp_path, capsys):
    names = ["oud/t1_1.wav", "oud/t1_2.wav", "oud/b.wav", "tar/c.wav"]
    folder, target = write_sounds(tmp_path / "data", names), tmp_path / "m.csv"
    arguments = ["--dataset=folder", f"--data_dir={folder}", f"--write_manifest={target}"]
    assert cli(arguments) == 0
    said = capsys.readouterr()
    assert "groups: none" in said.out and said.err.startswith(f"wrote {target}: 4 rows, 3 groups; look through it")
    assert cli(["--dataset=manifest", f"--data_dir={target}", "--format=json"]) == 0
    assert json.loads(capsys.readouterr().out)["groups"] == 3
    assert cli(arguments) == 2 and "is there already" in capsys.readouterr().err


def test_faults_of_own_data_are_status_1_and_a_wrong_place_is_status_2(tmp_path, capsys):
    path = tmp_path / "m.csv"
    path.write_text("path,labels\ngone.wav,oud\n")
    assert cli(["--dataset=manifest", f"--data_dir={path}"]) == 1
    assert "row 2: gone.wav" in capsys.readouterr().out
    assert cli(["--dataset=folder", f"--data_dir={path}"]) == 2
    assert capsys.readouterr().err == f"error: {path}: is a manifest: use --dataset=manifest\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "--data_dir is required"),
        (["--data_dir=absent"], "absent: no such folder"),
        (["--data_dir=.", "--format=xml"], "--format=xml: must be one of table, json"),
        (["--data_dir=.", "extra"], "unexpected argument 'extra'"),
        (["--datadir=."], "did you mean --data_dir?"),
    ],
)
def test_wrong_usage_is_a_line_and_status_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1


@pytest.mark.slow
def test_the_table_prints_in_any_locale(data_dir):
    done = subprocess.run(
        [sys.executable, "-m", "irmas_tf.check", f"--data_dir={data_dir}"],
        capture_output=True, cwd=ROOT, timeout=300,
        env={"PYTHONIOENCODING": "ascii", "PATH": "", "XDG_CACHE_HOME": str(data_dir / "cache")},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert b"has no label file" in done.stdout
