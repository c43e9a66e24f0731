"""Where answers go and what is said meanwhile: standard output or a file, a bar, and a line for what got none."""

from __future__ import annotations

import contextlib
import contextvars
import os
import stat
import sys
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO, TypeVar

from irmas_tf.audio.decode import AudioWarning
from irmas_tf.audio.walk import AudioFiles, Failure
from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.answers import Answer, AnswerWriter
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.csv_cells import ESCAPE
from irmas_tf.process.full_disks import naming_file
from irmas_tf.process.places import why_no_file
from irmas_tf.process.printable import printable

# Set by a thread that reads a file once more: its warnings were printed the first time.
SAID_ALREADY = contextvars.ContextVar("SAID_ALREADY", default=False)


def write_answers(
    results: Generator[Answer | Failure, None, None],
    files: AudioFiles,
    scheme: LabelScheme,
    *,
    format: str = "table",
    output: str = "",
    top_k: int = 3,
    title: str = "predict",
    mark_named: bool = False,
    origin: Mapping[str, object] | None = None,
    heading: str = "",
    csv_formulas: str = ESCAPE,
) -> int:
    """Write answers as they come and report on stderr what got none.

    Args:
        results: of ``files``; closed at the end, also if it comes early.
        files: what is being answered.
        scheme: the label scheme of the answers.
        format, top_k, mark_named, origin, heading, csv_formulas: see `AnswerWriter`.
        output: file to write; empty is standard output.
        title: of the bar.

    Returns:
        The number of files and folders that got no answer; 1 if there were none at all.
    """
    answered = failed = 0
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(output_stream(output, format))
        move_on = stack.enter_context(progress_bar(files, to_terminal=not output, title=title))
        stack.enter_context(plain_warnings(files.shown))
        writer = AnswerWriter(stream, format, scheme, top_k, mark_named, origin, heading, csv_formulas)
        stack.enter_context(contextlib.closing(files))
        stack.enter_context(contextlib.closing(results))
        for result in map(files.renamed, results):
            move_on()
            if isinstance(result, Failure):
                failed += 1
                say_failure(result)
            else:
                answered += 1
                writer.write(result)
    say_skipped(files)
    if not answered and not failed:
        say("error: no audio files found in the given folders")
        return 1
    return failed


def say(message: str) -> None:
    """Print a line on stderr without tearing the progress bar."""
    if "tqdm" not in sys.modules:  # no bar
        print(message, file=sys.stderr, flush=True)
        return
    from tqdm import tqdm

    tqdm.write(message, file=sys.stderr)


def say_engine(model: object) -> None:
    """Print what is to be said about the choice of a model's engine, if anything."""
    if note := getattr(model, "engine_note", ""):
        say(f"note: {note}")


def check_output(output: str, flag: str = "output") -> None:
    """Refuse an output that cannot be written before any work, not after hours of it.

    Args:
        output: the file; empty is standard output.
        flag: the flag that named it.

    Raises:
        ConfigError: it is a folder, or its folder does not exist, or it may not be written.
    """
    if not output:
        return
    folder = Path(output).parent
    reason = why_no_file(output) or ("" if folder.is_dir() else f"the folder {folder} does not exist; make it first")
    if reason:
        raise ConfigError(f"--{flag}={output}: {reason}")


@contextlib.contextmanager
def output_stream(output: str, format: str) -> Iterator[TextIO]:
    """Yield the stream that answers go to; a file appears under its name when everything is in it."""
    # CSV keeps the bytes of a file name that is not UTF-8; a table shows what the terminal cannot as escapes.
    errors = "surrogateescape" if format == "csv" else "backslashreplace"
    if not output:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8" if format == "csv" else None, errors=errors)
        yield sys.stdout
    elif os.path.exists(output) and not stat.S_ISREG(os.stat(output).st_mode):
        # A device or a pipe must not be replaced by a file.
        with naming_file(output), open(output, "w", encoding="utf-8", errors=errors, newline="") as stream:
            yield stream
    else:
        with atomic_path(output) as path, open(path, "w", encoding="utf-8", errors=errors, newline="") as stream:
            yield stream


@contextlib.contextmanager
def progress_bar(files: AudioFiles, to_terminal: bool, title: str = "predict") -> Iterator[Callable[[], object]]:
    """Yield what moves a bar on by a file.

    The bar shows only on a terminal, and not among answers that scroll by on the same one.
    """
    if not sys.stderr.isatty() or (to_terminal and sys.stdout.isatty()):
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=files.total, unit="file", desc=title, file=sys.stderr) as bar:
        yield bar.update


ResultT = TypeVar("ResultT")


def shown(title: str, *, say_failures: bool = False) -> Callable[..., Iterator[Any]]:
    """Return a function that passes results on and shows a bar on stderr meanwhile, if that is a terminal.

    Args:
        title: of the bar.
        say_failures: name each `Failure` on stderr as it comes by.

    Returns:
        (results, number of them if it is known) -> the results.
    """

    def show(results: Iterable[ResultT], count: int | None = None) -> Iterator[ResultT]:
        from tqdm import tqdm

        for result in tqdm(results, title, count, unit="file", disable=not sys.stderr.isatty(), file=sys.stderr):
            if say_failures and isinstance(result, Failure):
                say_failure(result)
            yield result

    return show


def say_failure(failure: Failure) -> None:
    """Name on stderr a file that got no answer, and why."""
    say(f"error: {printable(failure.path)}: {printable(failure.reason)}")


def say_skipped(files: AudioFiles) -> None:
    """Say on stderr what in the folders was no sound, by kind and count."""
    if files.skipped:
        say(f"skipped {printable(files.skipped_summary)} in the folders")


@contextlib.contextmanager
def plain_warnings(shown: Callable[[str], str] = str) -> Iterator[None]:
    """Print warnings about files as one line each, every time a file is read for its answer.

    Args:
        shown: makes the names of files in a message readable.
    """

    def show(message: Warning | str, category: type[Warning], *_: object) -> None:
        if not SAID_ALREADY.get():
            say(f"warning: {printable(shown(str(message)))}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", AudioWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield
