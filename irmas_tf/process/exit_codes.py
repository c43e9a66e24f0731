"""How a command ends: expected errors are one line on stderr and an exit status, not a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from irmas_tf.process.full_disks import disk_error, in_words
from irmas_tf.process.optional_packages import explained
from irmas_tf.process.printable import printable

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
_MOST_LETTERS = 2000  # of a message, which may quote a file; half a screen
_LAST_LETTERS = 400  # of them, where the remedy stands


def is_expected(error: BaseException) -> bool:
    """Return whether an error is the user's to mend: one of this package's own, or a file the system refused.

    Libraries have errors of their own for a disk that is full or read-only: `irmas_tf.process.full_disks`.
    """
    if disk_error(error):
        return True
    if isinstance(error, OSError):
        return error.filename is not None or error.errno is not None
    return isinstance(error, ValueError) and type(error).__module__.partition(".")[0] == "irmas_tf"


def one_line(error: BaseException) -> str:
    """Return an error's message in one line; what a file or its name could do to a terminal is escaped.

    Of a message that is longer than half a screen the middle is left out.
    """
    if refused := disk_error(error):
        return printable(in_words(refused))
    if isinstance(error, OSError) and error.filename is not None:
        return printable(f"{os.fsdecode(error.filename)}: {error.strerror or type(error).__name__}")
    line = printable(" ".join(str(error).split()))
    if len(line) <= _MOST_LETTERS:
        return line
    return f"{line[: _MOST_LETTERS - _LAST_LETTERS - 5]} ... {line[-_LAST_LETTERS:]}"


def run_command(command: Callable[[], int | None]) -> int:
    """Run a command and return its exit status.

    Returns:
        What the command returns (None is 0); 2 after an expected error, whose message goes to stderr as ``error: ...``,
        where a disk is full, and where a package is missing that not every installation has;
        130 after Ctrl-C; 141 if the reader of a pipe went away (``... | head``); the status of a SystemExit, as
        argparse raises it. Other errors, which are bugs, pass.
    """
    try:
        status = command() or 0
        sys.stdout.flush()
        return status
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_ERROR if end.code else 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return EXIT_BROKEN_PIPE
    except ModuleNotFoundError as error:
        # The core does not bring what training and evaluation need.
        if (missing := explained(error)) is None:
            raise
        print(f"error: {missing}", file=sys.stderr)
        return EXIT_ERROR
    except Exception as error:
        if not is_expected(error):
            raise
        print(f"error: {one_line(error)}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        return EXIT_ERROR


def _drop_output() -> None:
    """Let standard output go nowhere: Python flushes it again at exit, which would print a second error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
