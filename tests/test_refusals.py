"""What can be seen without TensorFlow is refused without it: in one line, that names what is wrong.

Each command's mistakes run in a process in which TensorFlow and Keras cannot be loaded, although they seem installed.
How long the refusals take is measured by benchmarks/refusals.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT
from tests.helpers.refusals import Refusal, make_inputs, refusals

WITH_USAGE = ("demo", "streaming")  # argparse's errors have its usage before them
CASES = refusals()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", dict.fromkeys(case.command for case in CASES))
def test_mistakes_are_refused_without_tensorflow(command, inputs):
    cases = [case for case in CASES if case.command == command]
    before = sorted(inputs.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.refusals"],
        input=json.dumps([case.arguments for case in cases]),
        cwd=inputs,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == len(cases)
    wrong = [
        f"{case}: {problem}" for case, answer in zip(cases, answers, strict=True) if (problem := judge(case, *answer))
    ]
    assert not wrong, "\n".join(wrong)
    assert sorted(inputs.rglob("*")) == before, "a command that refuses leaves nothing behind"


def judge(case: Refusal, status: int | None, err: str) -> str:
    """Return what is wrong with an answer, or an empty text."""
    lines = [line for line in err.splitlines() if line]
    if status is None:
        return err
    if status != case.status:
        return f"status {status}, not {case.status}: {err}"
    if len(lines) != 1 and case.command not in WITH_USAGE:
        return f"{len(lines)} lines: {err}"
    return "" if case.named in lines[-1] else f"does not name {case.named!r}: {err}"


@pytest.mark.slow
def test_the_guard_finds_what_is_loaded(inputs):
    """Else the test above would pass whatever the commands do."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.refusals"],
        input=json.dumps([["predict", "--run_dir=moved", "--engine=tensorflow", "page.wav"]]),
        cwd=inputs,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert json.loads(done.stdout) == [[None, "loads tensorflow"]], done
