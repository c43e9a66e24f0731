"""Scores of clips, in their order, from any kind of model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

import numpy as np

from irmas_tf.audio.walk import AudioFiles, Failure
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.naming import NONE
from irmas_tf.inference.window_model import ClassModel
from irmas_tf.process.bounded_text import BoundedTextError, read_bounded
from irmas_tf.reports.answer_output import plain_warnings, progress_bar, say_failure, say_skipped
from irmas_tf.reports.predict_run import predict_run
from irmas_tf.submissions.class_columns import ClassColumns
from irmas_tf.submissions.score_table import PATH, ScoreTable, id_of, repeated_id


def read_list(path: str) -> list[str]:
    """Return the files that a list names, one per line; blank lines count nothing.

    A relative name is taken from the current folder, or where it is not there, from the folder of the list.

    Raises:
        ConfigError: the list cannot be read, or is empty.
    """
    try:
        lines = read_bounded(path, with_pipes=True).decode("utf-8-sig").splitlines()
    except BoundedTextError as error:
        raise ConfigError(f"--list={path}: {error}; name sounds after the flags") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"--list={path}: is no list of files in UTF-8; name sounds after the flags") from error
    except OSError as error:
        raise ConfigError(f"--list={path}: cannot be read ({error.strerror}); correct the path") from error
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        raise ConfigError(f"--list={path}: is empty; write a file in each line")
    folder = os.path.dirname(path)
    return [name if os.path.exists(name) or not folder else _beside(folder, name) for name in names]


def _beside(folder: str, name: str) -> str:
    beside = os.path.join(folder, name)
    return beside if os.path.exists(beside) else name


def score_clips(
    model: ClassModel,
    files: AudioFiles,
    columns: ClassColumns,
    *,
    ids: str = PATH,
    combine: str = "max",
    missing: float = 0.0,
    rows_of_failed: bool = False,
    batch_size: int = 16,
    to_terminal: bool = False,
    say_failed: Callable[[Failure], None] = say_failure,
) -> tuple[ScoreTable, list[Failure]]:
    """Return the scores of clips, in their order, and what got none.

    Args:
        model: what answers: probabilities, the mean over the windows that are not silent.
        files: the clips; closed at the end.
        columns: of the table (`irmas_tf.submissions.class_columns.class_columns`, for the model's classes).
        ids: what the clips are called, one of `irmas_tf.submissions.score_table.IDS`.
        combine, missing: see `ClassColumns.scores`.
        rows_of_failed: give what could not be scored a row, of ``missing`` throughout.
        batch_size: most windows the model sees at once.
        to_terminal: whether the table goes to a terminal, so that no bar may be shown there.
        say_failed: told of each failure as it comes.

    Raises:
        ConfigError: two clips are called the same.
        ModelError: the model cannot be used.
    """
    names: list[str] = []
    seen: set[str] = set()
    rows: list[np.ndarray] = []
    failures: list[Failure] = []
    with contextlib.ExitStack() as stack:
        move_on = stack.enter_context(progress_bar(files, to_terminal=to_terminal, title="scores"))
        stack.enter_context(plain_warnings(files.shown))
        stack.enter_context(contextlib.closing(files))
        answers = stack.enter_context(
            contextlib.closing(predict_run(model, files, batch_size=batch_size, thresholds=NONE))
        )
        for result in map(files.renamed, answers):
            move_on()
            if isinstance(result, Failure):
                failures.append(result)
                say_failed(result)
                if not rows_of_failed:
                    continue
                row = np.full(len(columns.columns), missing)
            else:
                row = columns.scores(result.vector, combine=combine, missing=missing)
            names.append(id_of(result.path, ids))
            if names[-1] in seen:
                raise repeated_id(names, ids)
            seen.add(names[-1])
            rows.append(row)
    say_skipped(files)
    scores = np.stack(rows) if rows else np.zeros([0, len(columns.columns)])
    return ScoreTable(tuple(names), columns.columns, scores), failures
