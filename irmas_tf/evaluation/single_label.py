"""The single-label protocol: a run's model on a side of its own split, or on a test part; one class per excerpt."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from irmas_tf.audio.walk import Failure
from irmas_tf.beginnings.who_saw import groups_of, seen_before
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets import splits
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.split_sides import split_sides
from irmas_tf.evaluation.test_part import TEST, test_side
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.notes import Note
from irmas_tf.inference.prediction import predict_files
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.window_model import PROBABILITIES, ClassModel
from irmas_tf.metrics import single_label
from irmas_tf.metrics.single_label_intervals import single_label_intervals
from irmas_tf.metrics.song_intervals import Interval

SPLITS = ("validation", "train")


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Everything an evaluation found; arrays are in the order of ``files``.

    Attributes:
        split: which side of the split; or "test", the data set's own test part.
        config: the run's configuration.
        files: paths below the data folder.
        groups: song group of each file, [files].
        labels: class indices, [files].
        probabilities: mean over each file's windows, [files, classes].
        train_labels: class indices of the training side, for the baseline.
        leaks: song groups that are on both sides of the split, or in the test part and on the training side.
        seen: what else is to be said of songs that the model has learnt from (`irmas_tf.beginnings.who_saw`).
        seconds: time the model and the loader took together, s.
        paths: where each file is.
        notes: what is odd about the sound of each, [files].
    """

    split: str
    config: Config
    files: tuple[str, ...]
    groups: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    train_labels: np.ndarray
    seconds: float
    leaks: int = 0
    paths: tuple[str, ...] = ()
    notes: tuple[tuple[Note, ...], ...] = ()
    seen: tuple[str, ...] = ()

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each file, [files]."""
        return self.probabilities.argmax(axis=1)

    @property
    def confusion(self) -> np.ndarray:
        """Counts [classes, classes], row = label, column = prediction."""
        return single_label.confusion_matrix(self.labels, self.predicted, self.config.labels.num_classes)

    def intervals(self) -> dict[str, Interval | None]:
        """Return 95 % intervals over songs of accuracy and macro F1."""
        return single_label_intervals(self.labels, self.predicted, self.groups, self.config.labels.num_classes)


def check_split(split: str) -> None:
    """Refuse what is no side of a split.

    Raises:
        ConfigError: the message lists the splits that can.
    """
    if split not in SPLITS:
        raise ConfigError(f"--split={split}: must be one of {', '.join(SPLITS)}, test")


def evaluate_split(
    run: RunModel,
    data_dir: str | Path = "",
    split: str = "validation",
    *,
    batch_size: int = 32,
    progress: Callable[[Iterable[Answer | Failure], int], Iterable[Answer | Failure]] | None = None,
    model: ClassModel | None = None,
) -> Evaluation:
    """Run the run's best model over one side of its split.

    Args:
        run: the run.
        data_dir: folder of the data; by default the one of the run's configuration.
        split: one of `SPLITS`; or test, where the data set keeps excerpts of one class each for tests.
        batch_size: windows per batch.
        progress: called with the results and their number, returns the results; shows that time passes.
        model: evaluated in place of the run's best model, for example an exported form of it.

    Raises:
        ConfigError: the split is not available.
        RunDirError, ModelError: the run is incomplete.
        DataError: files that the split names are missing or cannot be read; the message names them.
    """
    config = run.config
    folder = os.fspath(data_dir) or config.data.data_dir
    excerpts = config.dataset.training(folder)
    saved = splits.load_split(run.run.split_path)
    sides = split_sides(saved, excerpts, config.labels)
    if split == TEST:
        side = test_side(config, folder)
        items = config.dataset.test_items(folder)
        leaks = len({item.group for item in items} & groups_of(saved.train, excerpts))
        seen = seen_before(run.run, [*excerpts, *items], side.names)
    else:
        check_split(split)
        side = getattr(sides, split)
        leaks = len(splits.leaks(saved, excerpts))
        seen = seen_before(run.run, excerpts, side.names)
    model = run if model is None else model
    model.values(
        np.zeros([1, config.audio.window_samples], np.float32), PROBABILITIES
    )  # traced before the clock starts
    start = time.perf_counter()
    # The path that predict takes, so that a score describes the answers that a user gets.
    results: Iterable[Answer | Failure] = predict_files(model, side.paths, batch_size=batch_size)
    if progress is not None:
        results = progress(results, len(side))
    answers = all_answers(results)
    seconds = time.perf_counter() - start
    return Evaluation(
        split=split,
        config=config,
        files=side.names,
        groups=side.groups,
        labels=side.labels,
        probabilities=np.stack([answer.vector for answer in answers]),
        train_labels=sides.train.labels,
        leaks=leaks,
        seconds=seconds,
        paths=side.paths,
        notes=tuple(answer.notes for answer in answers),
        seen=tuple(seen),
    )


def all_answers(results: Iterable[Answer | Failure]) -> list[Answer]:
    """Return the answers; a score over the readable files only would pass for one over the split.

    Raises:
        DataError: a file cannot be read; the message names it.
    """
    answers, failures = [], []
    for result in results:
        if isinstance(result, Failure):
            failures.append(result)
        else:
            answers.append(result)
    if failures:
        shown = "; ".join(f"{f.path}: {f.reason}" for f in failures[:3]) + ("; ..." if len(failures) > 3 else "")
        raise DataError(
            f"{len(failures)} of {len(failures) + len(answers)} excerpts of the split cannot be read: {shown}."
            " Restore them; irmas check lists everything that is wrong with the data"
        )
    return answers
