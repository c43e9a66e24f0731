"""Importing the package and --help of every command are quick, because nothing heavy is loaded for them."""

from __future__ import annotations

import re
import resource
import subprocess
import sys

import pytest

COMMANDS = (
    "irmas_tf.train",
    "irmas_tf.evaluate",
    "irmas_tf.predict",
    "irmas_tf.demo",
    "irmas_tf.embed",
    "irmas_tf.probe",
    "irmas_tf.export_saved_model",
    "irmas_tf.export_tflite",
    "irmas_tf.check_export",
    "irmas_tf.client.command",
    "irmas_tf.beam.classify",
    "irmas_tf.check",
    "irmas_tf.download",
    "irmas_tf.soundfont",
    "irmas_tf.convert",
)
HEAVY = ("tensorflow", "keras", "tensorflow_io", "scipy", "sklearn", "matplotlib", "librosa", "pretty_midi")

LOADED = f"print('HEAVY', *(m for m in {HEAVY!r} if m in sys.modules))"
RUN = """
import contextlib, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_module(sys.argv[0], run_name="__main__")
except SystemExit as end:
    print("STATUS", end.code or 0)
"""


def run(code: str, *args: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_importing_the_package_loads_nothing_heavy():
    stdout, _ = run(
        f"import sys, irmas_tf, irmas_tf.config.run_config, irmas_tf.runs.run_dir, irmas_tf.config.flags\n{LOADED}"
    )
    assert stdout.split() == ["HEAVY"]


@pytest.mark.parametrize("module", COMMANDS)
def test_help_answers_without_loading_anything_heavy(module):
    stdout, stderr = run(RUN + LOADED, module, "--help")
    assert "STATUS 0" in stdout, stdout + stderr
    assert stdout.splitlines()[-1] == "HEAVY", f"{module} --help loads {stdout.splitlines()[-1]}"
    assert re.search(r"usage: ", stdout, re.IGNORECASE)
    assert module in stdout
    assert stderr == ""


def cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("module", COMMANDS)
def test_help_takes_less_than_a_second(module):
    # Of the processor: the clock on the wall also counts what other processes of a busy machine do.
    seconds = []
    for _ in range(3):
        before = cpu_seconds_of_children()
        subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, timeout=120, check=True)
        seconds.append(cpu_seconds_of_children() - before)
        if seconds[-1] < 1.0:
            return
    pytest.fail(f"python -m {module} --help took {min(seconds):.1f} s")


REQUIRED = {
    "irmas_tf.beam.classify": ["--input=absent", "--saved_model=absent", "--output=absent"],
    "irmas_tf.check": ["--data_dir=absent"],
    "irmas_tf.download": ["--out=absent"],
    "irmas_tf.soundfont": ["--out=absent"],
    "irmas_tf.convert": ["--backbone=mn04"],
}


@pytest.mark.parametrize("module", COMMANDS)
def test_an_unknown_flag_is_an_error_with_status_2(module):
    stdout, stderr = run(RUN + LOADED, module, "--no_such_flag=1", *REQUIRED.get(module, []))
    assert "STATUS 2" in stdout
    assert "no_such_flag" in stderr
    assert "Traceback" not in stderr
