"""What a training shows: the table of epochs, the log, history.csv, TensorBoard; and how it is interrupted."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import signal
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from irmas_tf.config.labels import MULTI_LABEL, SINGLE_LABEL
from irmas_tf.process.atomic_files import write_text_atomic
from irmas_tf.process.full_disks import naming_file
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.progress import EpochRow

_Column = tuple[str, str]  # heading, format
_FIRST: tuple[_Column, ...] = (
    ("epoch", "{0.epoch:5d}"),
    ("train loss", "{0.train_loss:10.4f}"),
    ("train acc", "{0.train_accuracy:9.4f}"),
    ("val loss", "{0.validation_loss:8.4f}"),
)
_SCORES: dict[str, tuple[_Column, ...]] = {
    SINGLE_LABEL: (
        ("val acc", "{0.validation_accuracy:7.4f}"),
        ("val F1", "{0.validation_macro_f1:6.4f}"),
    ),
    MULTI_LABEL: (
        ("val mAP", "{0.validation_mean_average_precision:7.4f}"),
        ("LRAP", "{0.validation_lrap:6.4f}"),
        ("micro F1", "{0.validation_micro_f1:8.4f}"),
    ),
}
_LAST: tuple[_Column, ...] = (
    ("rate", "{0.learning_rate:8.2e}"),
    ("exc/s", "{0.excerpts_per_second:6.1f}"),
    ("time s", "{0.seconds:6.1f}"),
)


def table_header(task: str = SINGLE_LABEL) -> str:
    """Return the headings of `table_line` for a task."""
    row = EpochRow(0, *[0.0] * 11)
    columns = (*_FIRST, *_SCORES[task], *_LAST)
    return "  ".join(heading.rjust(len(text.format(row))) for heading, text in columns)


def table_line(row: EpochRow, is_best: bool) -> str:
    """Return one epoch as a line; the best so far ends in ``*``."""
    task = MULTI_LABEL if row.validation_accuracy is None else SINGLE_LABEL
    return "  ".join(text.format(row) for _, text in (*_FIRST, *_SCORES[task], *_LAST)) + (" *" if is_best else "")


class Console:
    """Prints lines above the progress bar and appends them to the run's log.

    Args:
        log_path: the log; its folder must exist.
    """

    def __init__(self, log_path: Path) -> None:
        self._log_path = log_path

    def line(self, text: str) -> None:
        """Print and log one line."""
        tqdm.write(text)
        with naming_file(self._log_path), self._log_path.open("a", encoding="utf-8") as log:
            log.write(text + "\n")


def progress_bar(total: int, initial: int, epoch: int, epochs: int) -> tqdm:
    """Return the bar of one epoch's batches, on stderr; nothing is drawn if that is not a terminal."""
    return tqdm(
        total=total,
        initial=initial,
        desc=f"epoch {epoch}/{epochs}",
        unit="batch",
        leave=False,
        disable=None,
        dynamic_ncols=True,
    )


def embedding_bar(clips: int) -> tqdm:
    """Return the bar of the clips that frozen networks see once, as `progress_bar`."""
    return tqdm(total=clips, desc="embedding", unit="clip", leave=False, disable=None, dynamic_ncols=True)


def write_history(path: Path, rows: Sequence[EpochRow]) -> None:
    """Write all epochs as CSV, atomically; writing all of them leaves no duplicate after a resumption."""
    text = io.StringIO()
    values = [_scores_of(row) for row in rows]
    writer = csv.DictWriter(text, list(values[0]) if values else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(values)
    write_text_atomic(path, text.getvalue())


def _scores_of(row: EpochRow) -> dict[str, Any]:
    """Return the epoch's values by name, without those that the task does not have."""
    return {name: value for name, value in dataclasses.asdict(row).items() if value is not None}


class TensorBoard:
    """Writes the epochs as TensorBoard scalars. Writing an epoch again draws over the same point."""

    def __init__(self, run: RunDir) -> None:
        self._writer = tf.summary.create_file_writer(str(run.tensorboard_dir))

    def write(self, row: EpochRow) -> None:
        """Write one epoch."""
        values = _scores_of(row)
        with self._writer.as_default(step=values.pop("epoch")):
            for name, value in values.items():
                side, _, rest = name.partition("_")
                tf.summary.scalar(f"{side}/{rest}" if side in ("train", "validation") else name, value)
        self._writer.flush()


class Interrupted(Exception):  # not an error: the run is saved and can go on
    """The user or the system asked the training to stop, and its state is saved.

    Attributes:
        signal_number: SIGINT or SIGTERM.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.signal_number = signal_number


class StopRequest:
    """Remembers a first Ctrl-C or SIGTERM until the training is at a point where it can save; a second one is obeyed
    at once.
    """

    def __init__(self) -> None:
        self.signal_number: int = 0

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take over both signals inside the block (in the main thread; elsewhere Python does not allow it)."""
        previous: dict[int, Any] = {}

        def remember(number: int, frame: types.FrameType | None) -> None:
            self.signal_number = number
            signal.signal(number, previous[number])
            tqdm.write("stopping: saving after this batch")

        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                previous[number] = signal.signal(number, remember)
        except ValueError:
            pass
        try:
            yield
        finally:
            for taken, handler in previous.items():
                signal.signal(taken, handler)
