from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.lite_interpreter import LiteModelError
from irmas_tf.runtimes import comparison
from irmas_tf.runtimes.comparison import CRASHED, DIFFERS, MISSING, REFUSED, RIGHT, Row, chosen_runtimes, compare
from irmas_tf.runtimes.runtime import RUNTIMES, Runtime, Setup
from irmas_tf.runtimes.worker import answer
from tests.helpers.lite_run import lite_answer


def made_up(monkeypatch, change, setups=(Setup(),), packages=(("numpy", "numpy"),)):
    """Register a runtime that computes what LiteRT does, changed; its process is this one."""

    def load(file, **options):
        return lambda windows: change(lite_answer(windows), **options), ""

    def ask(name, setup, file, windows):
        return answer(name, dict(setup.options), file, windows)

    monkeypatch.setitem(RUNTIMES._entries, "made_up", Runtime("Made up", packages, load, setups))
    monkeypatch.setattr(comparison, "_ask", ask)


@pytest.mark.slow
def test_differences_are_given_by_sound_and_judged_by_the_quantization(lite_file, monkeypatch):
    setups = (Setup(options={"error": 0.3}), Setup("EXACT=1", {"error": 1e-5}))
    monkeypatch.setattr(Runtime, "version", lambda self: "1.2")
    made_up(monkeypatch, lambda values, error: values + error * (np.arange(len(values)) == 3)[:, None], setups)
    wrong, right = compare(lite_file.path, ["made_up"])
    assert (wrong.runtime, wrong.version, wrong.setup, wrong.verdict) == ("Made up", "1.2", "as it comes", DIFFERS)
    assert list(wrong.differences) == ["silence", "noise", "sine", "click", "music"]
    assert wrong.differences["click"] == pytest.approx(0.3, abs=1e-4) and wrong.differences["noise"] < 1e-5
    assert (right.setup, right.verdict) == ("EXACT=1", RIGHT)
    assert comparison.is_right([wrong, right]) and not comparison.is_right([wrong])


def test_what_is_not_a_number_or_of_another_shape_differs(lite_file, monkeypatch):
    made_up(monkeypatch, lambda values: np.where(np.arange(len(values))[:, None] == 0, np.nan, values))
    (row,) = compare(lite_file.path, ["made_up"])
    assert row.verdict == DIFFERS and np.isnan(row.differences["silence"])
    assert "NaN" in comparison.table([row])
    made_up(monkeypatch, lambda values: values[:, :2])
    (row,) = compare(lite_file.path, ["made_up"])
    assert row.verdict == DIFFERS and row.reason.startswith("answers of shape")


def test_what_is_not_installed_is_a_row_with_its_command(lite_file, monkeypatch):
    made_up(monkeypatch, lambda values: values, packages=(("no-such-runtime", "no_such_runtime"),))
    (row,) = compare(lite_file.path, ["made_up"])
    assert (row.verdict, row.reason) == (MISSING, "pip install no-such-runtime")
    with pytest.raises(ConfigError, match=r"^--runtimes=made_up: is not installed: pip install no-such-runtime$"):
        chosen_runtimes(["litert", "made_up"])


def test_names_of_runtimes():
    assert chosen_runtimes(["all"]) == RUNTIMES.names()
    assert chosen_runtimes(["litert", "litert"]) == ("litert",)
    with pytest.raises(ConfigError, match="--runtimes=nonsense: unknown; known: all or litert"):
        chosen_runtimes(["nonsense"])


def test_a_refusal_is_no_fault_and_a_crash_is_one():
    refused, crashed, missing = (Row("R", "1", "", verdict) for verdict in (REFUSED, CRASHED, MISSING))
    assert comparison.is_right([refused, missing]) and not comparison.is_right([crashed])


def test_a_file_that_is_none_is_refused_before_anything_runs(tmp_path):
    path = tmp_path / "x.tflite"
    path.write_bytes(b"<!doctype html><html>")
    with pytest.raises(ConfigError, match=r"^--runtimes: .*x\.tflite: is an HTML page, not a \.tflite file"):
        next(compare(path, ["litert"]))
    path.write_bytes(b"\x1c\0\0\0TFL3")
    with pytest.raises(LiteModelError):
        next(compare(path, ["litert"]))


@pytest.mark.slow
def test_a_process_that_crashes_is_told_from_one_that_answers(lite_file, monkeypatch):
    (row,) = compare(lite_file.path, ["litert"])
    assert row.verdict == RIGHT and max(row.differences.values()) < 1e-6
    monkeypatch.setattr(comparison.sys, "executable", "/bin/false")
    (row,) = compare(lite_file.path, ["litert"])
    assert (row.verdict, row.reason) == (CRASHED, "status 1")


def test_the_table_is_markdown():
    rows = [
        Row("A", "1", "as it comes", RIGHT, dict.fromkeys(comparison.SIGNALS, 2e-7)),
        Row("B | C", "", "", MISSING, {}, "x"),
    ]
    head, rule, first, second = comparison.table(rows).splitlines()
    assert head.startswith("| runtime") and set(rule) == set("| -")
    assert first.split("|")[4].strip() == "2e-07" and second.endswith("| not installed: x |")
    assert len({line.count("|") for line in (head, rule, first)}) == 1
