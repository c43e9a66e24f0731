"""The command's flags and errors; tests/deploy/test_export_run.py covers its work."""

from __future__ import annotations

import pytest

from irmas_tf.check_export import cli
from irmas_tf.deploy import export_run
from irmas_tf.deploy.acceptance import AcceptanceError, Report


def test_the_flags_reach_the_check_for_every_artefact(monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(export_run, "check_artefact", lambda *args: seen.append(args) or Report(args[0]))
    assert cli(["a/1", "--run_dir=R", "b.tflite", "--data_dir=D", "--keep"]) == 0
    assert seen == [("a/1", "R", "D", True), ("b.tflite", "R", "D", True)]
    assert capsys.readouterr().out == "Acceptance check of a/1\nAcceptance check of b.tflite\n"


def test_a_check_that_fails_is_a_report_a_line_and_status_2(monkeypatch, capsys):
    def fail(*args):
        raise AcceptanceError("a/1: the acceptance check failed: sine: 0.5", Report("a/1"))

    monkeypatch.setattr(export_run, "check_artefact", fail)
    assert cli(["a/1", "--run_dir=R"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "error: a/1: the acceptance check failed: sine: 0.5\n"
    assert captured.out == "Acceptance check of a/1\n"


def test_an_artefact_and_its_run_must_be_named(capsys):
    assert cli(["--run_dir=R"]) == 2
    assert "no artefact given" in capsys.readouterr().err
    assert cli(["a/1"]) == 2
    assert "--run_dir is required" in capsys.readouterr().err


@pytest.mark.parametrize("verdict, status", [("right", 0), ("refused", 0), ("differs", 1), ("crashed", 1)])
def test_other_runtimes_need_no_run_and_the_status_says_whether_they_are_right(verdict, status, monkeypatch, capsys):
    from irmas_tf.runtimes import comparison

    rows = [comparison.Row("X", "1", "as it comes", verdict)]
    monkeypatch.setattr(comparison, "compare", lambda path, names: iter(rows))
    assert cli(["b.tflite", "--runtimes=litert"]) == status
    captured = capsys.readouterr()
    assert captured.out.startswith("b.tflite: greatest difference") and f"| {verdict} |" in captured.out
    assert captured.err == f"X, as it comes: {verdict}\n"
    assert cli(["b.tflite", "--runtimes=nonsense"]) == 2
    assert "--runtimes=nonsense: unknown" in capsys.readouterr().err
