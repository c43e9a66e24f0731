"""One name for all commands; importing the package and --help are quick, because nothing heavy is loaded for them."""

from __future__ import annotations

import importlib
import resource
import runpy
import subprocess
import sys

import pytest

import irmas_tf
from irmas_tf.__main__ import cli, help_text
from irmas_tf.config.commands import COMMANDS

HEAVY = ("tensorflow", "keras", "tensorflow_io", "scipy", "sklearn", "matplotlib", "librosa", "pretty_midi", "requests")
MODULES = {name: entry.module for name, entry in COMMANDS.items()}
# A process that says what it has loaded, and what the command's exit status is, after what the command prints.
PROGRAM = f"""
import importlib, sys
status = importlib.import_module(sys.argv[1]).cli(sys.argv[2:]) if sys.argv[1:] else 0
print("STATUS", status, "HEAVY", *(m for m in {HEAVY!r} if m in sys.modules))
"""


def run(code: str, *args: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_importing_the_package_loads_nothing_heavy():
    modules = "irmas_tf, irmas_tf.config.run_config, irmas_tf.runs.run_dir, irmas_tf.config.flags"
    stdout, _ = run(f"import {modules}{PROGRAM}")
    assert stdout.split() == ["STATUS", "0", "HEAVY"]


@pytest.mark.slow
@pytest.mark.parametrize("module", [m for m in MODULES.values() if m != "irmas_tf.streaming"])
def test_help_answers_without_loading_anything_heavy(module):
    stdout, stderr = run(PROGRAM, module, "--help")
    assert stdout.splitlines()[-1] == "STATUS 0 HEAVY"
    name = next(name for name in MODULES if MODULES[name] == module)
    assert stdout.lower().startswith(f"usage: irmas {name} ")
    assert stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("name, more", [("evaluate", []), ("predict", ["a.wav"])])
def test_a_run_that_is_not_there_is_refused_before_tensorflow_is_loaded(name, more, tmp_path):
    missing = f"--run_dir={tmp_path / 'nothing'}"
    stdout, stderr = run(PROGRAM, f"irmas_tf.{name}", missing, *more)
    assert "tensorflow" not in stdout and stdout.startswith("STATUS 2 ")
    assert stderr == f"error: {missing}: no such folder; irmas train --run_dir=... makes one\n"


def test_the_help_lists_every_command_on_a_line_of_its_own(capsys):
    assert cli(["--help"]) == 0
    text = capsys.readouterr().out
    assert text == help_text()
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.startswith("  ")]
    assert lines == [[entry.name, entry.summary] for entry in COMMANDS.values()]
    assert max(map(len, text.splitlines())) <= 120


def test_the_help_costs_next_to_nothing():
    modules = "import sys; before = set(sys.modules)\nfrom irmas_tf.__main__ import cli\ncli(['--help'])\n"
    stdout, _ = run(modules + "print(*(set(sys.modules) - before))")
    loaded = set(stdout.splitlines()[-1].split())
    assert not {"argparse", "dataclasses", "absl", "numpy", "json", "irmas_tf.config.settings"} & loaded


def cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize("command, most_seconds", [([], 0.3), (["train"], 1.0), (["evaluate"], 1.0)])
def test_help_is_quick(command, most_seconds):
    # Of the processor: the clock on the wall also counts what other processes of a busy machine do.
    seconds = []
    for _ in range(3):
        before = cpu_seconds_of_children()
        program = [sys.executable, "-m", "irmas_tf", *command, "--help"]
        subprocess.run(program, capture_output=True, timeout=120, check=True)
        seconds.append(cpu_seconds_of_children() - before)
        if seconds[-1] < most_seconds:
            return
    pytest.fail(f"took {min(seconds):.2f} s")


@pytest.mark.parametrize("arguments", [["configs"], ["help", "configs"], ["configs", "--help"]])
def test_a_command_gets_the_arguments_after_its_name(arguments, capsys):
    assert cli(arguments) == 0
    assert "three_branch" in capsys.readouterr().out


def test_underscores_are_as_good_as_hyphens(capsys):
    assert cli(["export_tflite", "--help"]) == cli(["export-tflite", "--help"]) == 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["trian"], "error: unknown command trian; did you mean train?"),
        (["xyz", "--help"], "error: unknown command xyz; irmas --help lists the commands"),
        (["--verison"], "error: unknown flag --verison; irmas --help lists the commands"),
    ],
)
def test_an_unknown_command_is_a_line_and_status_2(arguments, message, capsys):
    assert cli(arguments) == 2
    assert capsys.readouterr() == ("", f"{message}\n")


def test_without_a_command_the_help_is_the_error(capsys):
    assert cli([]) == 2
    assert capsys.readouterr() == ("", help_text())


def test_the_version_is_printed(capsys):
    assert cli(["--version"]) == 0
    assert capsys.readouterr().out == f"{irmas_tf.__version__}\n"


@pytest.mark.parametrize("name", MODULES)
def test_an_unknown_flag_is_an_error_with_status_2(name, capsys):
    required = {"beam": ["--input=absent", "--saved_model=absent", "--output=absent"], "streaming": ["a", "b"]}
    try:
        status = importlib.import_module(MODULES[name]).cli(["--no_such_flag=1", *required.get(name, [])])
    except SystemExit as end:  # argparse's, in irmas_tf.streaming, which stands alone
        status = end.code
    assert status == 2
    assert "no_such_flag" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command, name",
    [
        (["-m", "irmas_tf", "predict"], "python -m irmas_tf predict"),
        (["-m", "irmas_tf.predict"], "python -m irmas_tf.predict"),
        (["-m", "irmas_tf.client"], "python -m irmas_tf.client"),
        (["export/export_tflite.py"], "python -m irmas_tf.export_tflite"),
    ],
)
def test_every_way_to_call_a_command_still_works(command, name, repository):
    done = subprocess.run(
        [sys.executable, *command, "--help"], capture_output=True, text=True, timeout=120, cwd=repository
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith((f"Usage: {name} ", f"Usage: {name.replace('irmas ', 'python -m irmas_tf.')} "))


@pytest.mark.parametrize("module", ["data.check", "data.download", "data.soundfont", "models.convert"])
def test_commands_of_earlier_versions_are_those_of_today(module, monkeypatch, capsys):
    name = module.partition(".")[2]
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    monkeypatch.delitem(sys.modules, f"irmas_tf.{module}", raising=False)
    with pytest.raises(SystemExit) as end:
        runpy.run_module(f"irmas_tf.{module}", run_name="__main__")
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith((f"Usage: irmas {name} ", f"Usage: python -m irmas_tf.{name} "))
