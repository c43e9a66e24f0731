"""Processes of their own that have imported TensorFlow and nothing else of ours, forked from one that did it before.

For tests that need a process to themselves (to kill it, to measure it, to see what it imports) but not a start of
Python, whose import of TensorFlow would take them seconds. What a test says about TensorFlow's import, or about a
process without it, needs a `subprocess`.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.helpers.tensorflow_quietly"])


def run(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Do what ``python ARGUMENTS`` does, and return its end as `subprocess.run` does.

    Args:
        arguments: ``-c CODE``, ``-m MODULE`` or a script's path, and the program's arguments.
        environment: that of the process; this one's by default.
        timeout: in seconds.

    Raises:
        subprocess.TimeoutExpired: it was killed because it took longer.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = start(arguments, out, err, environment)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        return subprocess.CompletedProcess(list(arguments), process.exitcode, out.read_text(), err.read_text())


def start(
    arguments: Sequence[str], out: Path, err: Path, environment: Mapping[str, str] | None = None
) -> multiprocessing.process.BaseProcess:
    """Begin such a process, whose output goes to two files or named pipes, and return it."""
    settings = dict(os.environ if environment is None else environment)
    process = _CONTEXT.Process(target=_begin, args=(list(arguments), settings, os.getcwd(), str(out), str(err)))
    process.start()
    return process


def _begin(arguments: list[str], environment: dict[str, str], folder: str, out: str, err: str) -> None:
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", buffering=1, closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    kind, *rest = arguments
    if kind == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    elif kind == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(kind, run_name="__main__")
