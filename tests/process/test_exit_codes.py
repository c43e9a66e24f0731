from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from irmas_tf.config.settings import ConfigError
from irmas_tf.process.exit_codes import one_line, run_command


def raiser(error: BaseException):
    def command():
        raise error

    return command


def test_the_status_is_what_the_command_returns_and_none_is_zero():
    assert run_command(lambda: None) == 0
    assert run_command(lambda: 1) == 1


@pytest.mark.parametrize(
    "error, status, message",
    [
        (ConfigError("--a=1: must be\n b"), 2, "error: --a=1: must be b\n"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x.wav"), 2, "error: x.wav: No such file"),
        (OSError(errno.EMFILE, "Too many open files"), 2, "error: [Errno 24] Too many open files"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            2,
            "error: a file or standard output does not fit on its disk;",
        ),
        (RuntimeError("/a/b; Read-only file system"), 2, "error: /a/b: cannot be written, its disk is read-only"),
        (ConfigError("class a\x1b[2Jb"), 2, "error: class a\\x1b[2Jb\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_expected_errors_are_one_line_and_a_status(capsys, error, status, message):
    assert run_command(raiser(error)) == status
    stderr = capsys.readouterr().err
    assert stderr.startswith(message)
    assert stderr.count("\n") == 1


def test_of_a_very_long_message_the_middle_is_left_out():
    line = one_line(ConfigError(f"a.json: unknown {'x' * 100_000}; remove it"))
    assert len(line) == 2000 and line.startswith("a.json: unknown xxx") and line.endswith("xxx; remove it")


@pytest.mark.parametrize("error", [ValueError("a bug"), TypeError("a bug"), OSError("raised by hand")])
def test_bugs_keep_their_traceback(error):
    with pytest.raises(type(error)):
        run_command(raiser(error))


def test_a_reader_that_goes_away_ends_the_command_quietly():
    code = (
        "import sys\nfrom irmas_tf.process.exit_codes import run_command\n"
        "sys.exit(run_command(lambda: [print('x' * 100) for _ in range(100000)] and None))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(10)
    process.stdout.close()
    stderr = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 141
    assert stderr == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_that_goes_to_a_full_disk_is_told_once():
    command = [sys.executable, "-m", "irmas_tf", "--help"]
    with open("/dev/full", "w") as full:
        process = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert process.returncode == 2
    assert process.stderr.startswith("error: a file or standard output does not fit on its disk; free")
    assert process.stderr.count("\n") == 1


@pytest.mark.parametrize("code, status", [(0, 0), (None, 0), (2, 2), ("words", 2)])
def test_the_end_that_argparse_makes_is_a_status(code, status):
    def leave() -> None:
        raise SystemExit(code)

    assert run_command(leave) == status
