"""The command from its flags to the file; the parts of the work have tests of their own."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.deploy import export_inputs, export_run, tflite
from irmas_tf.deploy.acceptance import Report
from irmas_tf.deploy.check_signals import check_signals
from irmas_tf.evaluation.validation_check import ValidationScore
from irmas_tf.export_tflite import cli
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.streaming import StreamingClassifier
from tests.helpers import lite_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunDir:
    branches = ("mel:frame_length=512:hop_length=128:num_bins=24:max_frequency_hz=4000",)
    return lite_run.make_lite_run(tmp_path_factory.mktemp("runs") / "lite", branches=branches, block="plain")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """One sound in place of the SoundFont's songs."""
    music = {"music": np.random.default_rng(0).normal(0, 0.1, 3000).astype(np.float32)}
    monkeypatch.setattr("irmas_tf.deploy.export_inputs.check_music", lambda rate_hz: music)


def test_the_flags_reach_the_export(monkeypatch, capsys):
    seen = []
    made = export_run.Export(Path("a.tflite"), Report("a test"), ("a note",))
    monkeypatch.setattr(export_run, "export_tflite", lambda *args: seen.append(args) or made)
    assert cli(["--run_dir=R", "--out=O.tflite", "--quantization=int8", "--data_dir=D", "--overwrite"]) == 0
    assert seen == [("R", "O.tflite", "int8", "D", True)]
    assert capsys.readouterr().out == "Acceptance check of a test\nnote: a note\nexported: a.tflite\n"


def test_a_run_becomes_a_file_that_streams(run, tmp_path, capsys):
    path = tmp_path / "made" / "irmas.tflite"
    assert cli([f"--run_dir={run.path}", f"--out={path}", "--quantization=dynamic"]) == 0
    report = capsys.readouterr().out
    assert "FAIL" not in report and "ok   music" in report and report.endswith(f"exported: {path}\n")
    assert f"note: no scores inside; irmas evaluate --run_dir={run.path} --split=validation" in report
    stream = StreamingClassifier(path)
    assert stream.facts["quantization"] == "dynamic" and "IRMAS" in stream.facts["licence"]
    stream.push(np.linspace(-0.5, 0.5, 5000, dtype=np.float32))
    assert stream.finish().label in run.load_config().labels.codes


def test_int8_takes_its_windows_from_the_training_split(run, tmp_path, monkeypatch, capsys):
    asked, calibrated, converted, looked = [], [], [], []

    def windows(loaded, data_dir, count):
        asked.append((data_dir, count))
        return np.stack(list(check_signals(lite_run.RATE_HZ, lite_run.WINDOW_SAMPLES, {}).values()))

    accuracies = {"live": 0.5, "file": 0.495}

    def accuracy(loaded, data_dir, model=None):
        return ValidationScore(accuracies["live" if model is None else "file"], 200, "accuracy")

    def convert(model, config, quantization, representative):
        calibrated.append(representative)
        converted.append(convert_as_ever(model, config, quantization, representative))
        return converted[-1]

    convert_as_ever = tflite.convert  # of the module, where the export looks it up
    monkeypatch.setattr(tflite, "convert", convert)
    monkeypatch.setattr(export_run, "look_at_sides", lambda run, config, data_dir: looked.append(data_dir))
    monkeypatch.setattr(export_run, "training_windows", windows)
    monkeypatch.setattr(export_inputs, "validation_score", accuracy)
    path = tmp_path / "a.tflite"
    arguments = [f"--run_dir={run.path}", f"--out={path}", "--quantization=int8", "--data_dir=D"]
    assert cli(arguments) == 0
    assert looked == ["D"] and asked == [("D", export_run.REPRESENTATIVE_WINDOWS)]
    np.testing.assert_array_equal(calibrated[0][:-1], windows(None, "", 0))
    assert not calibrated[0][-1].any(), "silence, which short clips are padded with"
    assert "49.50% on 200 excerpts, the run's model 50.00%" in capsys.readouterr().out
    accuracies["file"] = 0.48
    before = path.read_bytes()
    monkeypatch.setattr(tflite, "convert", lambda *args: converted[0])  # no need to do it again
    assert cli([*arguments, "--overwrite"]) == 2
    captured = capsys.readouterr()
    assert "FAIL validation accuracy" in captured.out
    assert "validation accuracy: 48.00% on 200 excerpts" in captured.err and captured.err.count("error: ") == 1
    assert path.read_bytes() == before, "a file that passed is not lost to one that did not"
    assert [one.name for one in tmp_path.iterdir()] == ["a.tflite"]


def test_another_model_than_the_runs_fails_and_leaves_nothing(run, tmp_path, monkeypatch, capsys):
    """The exporter is handed perturbed weights; the check compares with the run's."""
    right = tflite.convert

    def wrong(model, *arguments):
        layer = model.get_layer("logits")
        before = layer.get_weights()
        try:
            layer.set_weights([before[0] * 1.02, before[1]])
            return right(model, *arguments)
        finally:
            layer.set_weights(before)

    monkeypatch.setattr(tflite, "convert", wrong)
    assert cli([f"--run_dir={run.path}", f"--out={tmp_path / 'a.tflite'}"]) == 2
    assert "the acceptance check failed: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_refused_before_the_run_is_read(tmp_path, capsys):
    path = tmp_path / "a.tflite"
    path.write_text("mine")
    assert cli(["--run_dir=absent", f"--out={path}"]) == 2
    assert capsys.readouterr().err == f"error: --out={path}: is already there; give --overwrite, or another name\n"
    assert path.read_text() == "mine"


@pytest.mark.parametrize("damage", ["unfinished", "half a model", "no run"])
def test_a_run_that_cannot_be_exported_is_one_line_and_leaves_nothing(run, tmp_path, capsys, damage):
    copy = tmp_path / "run"
    shutil.copytree(run.path, copy)
    damaged = RunDir.open(str(copy))
    if damage == "unfinished":
        damaged.checkpoints_dir.mkdir()
    elif damage == "half a model":
        damaged.model_path.write_bytes(damaged.model_path.read_bytes()[:2000])
    else:
        damaged.config_path.unlink()
    assert cli([f"--run_dir={copy}", f"--out={tmp_path / 'a.tflite'}"]) == 2
    words = capsys.readouterr().err
    assert words.startswith("error: ") and words.count("\n") == 1
    assert not (tmp_path / "a.tflite").exists()
