"""From a run and a list of paths to answers on standard output or in a file: the work of the predict command."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from irmas_tf.data.audio_io import AudioWarning
from irmas_tf.evaluation.answers import AnswerWriter, printable
from irmas_tf.evaluation.audio_files import AudioFiles, Failure
from irmas_tf.evaluation.inference import WindowClassifier
from irmas_tf.evaluation.prediction import predict_files
from irmas_tf.run_dir import RunDir, atomic_path
from irmas_tf.settings import ConfigError


def predict_run(
    run_dir: str,
    paths: Sequence[str],
    *,
    format: str = "table",
    output: str = "",
    batch_size: int = 16,
    top_k: int = 3,
) -> int:
    """Write an answer for every audio file behind ``paths`` and report on stderr what got none.

    Args:
        run_dir: folder of the trained run.
        paths: files and folders; see `AudioFiles`.
        format: table, json or csv; see `AnswerWriter`.
        output: file to write; empty is standard output.
        batch_size: most windows the model sees at once.
        top_k: classes in a row of the table.

    Returns:
        The number of files and folders that got no answer.

    Raises:
        RunDirError, ModelError: the run cannot be used.
        ConfigError: ``output`` cannot be written.
    """
    _check_output(output)
    classifier = WindowClassifier.load(RunDir.open(run_dir))
    classifier.warm_up()
    files = AudioFiles(paths)
    answered = failed = 0
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(_output_stream(output, format))
        bar = stack.enter_context(_progress(files, to_terminal=not output))
        stack.enter_context(_plain_warnings())
        writer = AnswerWriter(stream, format, classifier.config.labels, top_k)
        results = stack.enter_context(contextlib.closing(predict_files(classifier, files, batch_size=batch_size)))
        for result in results:
            bar.update()
            if isinstance(result, Failure):
                failed += 1
                _say(f"error: {printable(result.path)}: {printable(result.reason)}")
            else:
                answered += 1
                writer.write(result)
    if files.ignored:
        _say(f"{files.ignored} other files in the folders were ignored (not audio by their extension)")
    if not answered and not failed:
        _say("error: no audio files found in the given folders")
        return 1
    return failed


def _say(message: str) -> None:
    """Print a line on stderr without tearing the progress bar."""
    tqdm.write(message, file=sys.stderr)


def _check_output(output: str) -> None:
    """Refuse an output that cannot be written before the model is loaded, not after hours of work."""
    if not output:
        return
    target = Path(output)
    if target.is_dir():
        raise ConfigError(f"--output={output}: is a folder; name a file")
    if not target.parent.is_dir():
        raise ConfigError(f"--output={output}: the folder {target.parent} does not exist; make it first")
    if not os.access(target if target.exists() else target.parent, os.W_OK):
        raise ConfigError(f"--output={output}: may not be written; choose another file")


@contextlib.contextmanager
def _output_stream(output: str, format: str) -> Iterator[TextIO]:
    """Yield the stream that answers go to; a file appears under its name when everything is in it."""
    # CSV keeps the bytes of a file name that is not UTF-8; a table shows what the terminal cannot as escapes.
    errors = "surrogateescape" if format == "csv" else "backslashreplace"
    if not output:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8" if format == "csv" else None, errors=errors)
        yield sys.stdout
    elif os.path.exists(output) and not stat.S_ISREG(os.stat(output).st_mode):
        # A device or a pipe must not be replaced by a file.
        with open(output, "w", encoding="utf-8", errors=errors, newline="") as stream:
            yield stream
    else:
        with atomic_path(output) as path, open(path, "w", encoding="utf-8", errors=errors, newline="") as stream:
            yield stream


def _progress(files: AudioFiles, to_terminal: bool) -> tqdm:
    """Return a bar that shows only on a terminal, and not among answers that scroll by on the same one."""
    hidden = not sys.stderr.isatty() or (to_terminal and sys.stdout.isatty())
    return tqdm(total=files.total, unit="file", desc="predict", disable=hidden, file=sys.stderr)


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print warnings about files as one line each, every time."""

    def show(message: Warning | str, category: type[Warning], *_: object) -> None:
        _say(f"warning: {printable(str(message))}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", AudioWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield
