"""The command's flags and errors; tests/runtimes/test_onnx_artefact.py covers its work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from irmas_tf.deploy import export_run
from irmas_tf.deploy.acceptance import Report
from irmas_tf.export_onnx import cli
from irmas_tf.runtimes import onnx_artefact


def test_the_flags_reach_the_export(monkeypatch, capsys):
    seen = []
    made = export_run.Export(Path("a.onnx"), Report("a test"), ("a note",))
    monkeypatch.setattr(onnx_artefact, "require_packages", lambda: None)
    monkeypatch.setattr(export_run, "check_run", lambda *args: None)
    monkeypatch.setattr(export_run, "export_artefact", lambda *args: seen.append(args) or made)
    assert cli(["--run_dir=R", "--out=O.onnx", "--overwrite"]) == 0
    assert seen == [("onnx", "R", "O.onnx", True)]
    assert capsys.readouterr().out == "Acceptance check of a test\nnote: a note\nexported: a.onnx\n"


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--run_dir=R"], "--out is required"),
        (["--run_dir=R", "--out=a.tflite"], "--out=a.tflite: end the name in .onnx"),
        (["--run_dir=R", "--out=a.onnx"], "an ONNX export needs tf2onnx: pip install 'irmas_tf[onnx]'"),
    ],
)
def test_errors_are_one_line(arguments, words, monkeypatch, capsys):
    monkeypatch.setattr(export_run, "check_run", lambda *args: None)
    monkeypatch.setattr(onnx_artefact, "is_installed", lambda name: name != "tf2onnx")
    monkeypatch.delitem(sys.modules, "tf2onnx", raising=False)  # a test before may have used it
    assert cli(arguments) == 2
    assert capsys.readouterr().err.startswith(f"error: {words}")
    assert "tf2onnx" not in sys.modules
