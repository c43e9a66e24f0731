"""What an export needs of a run, its data and its training; `irmas_tf.deploy` knows none of them.

The finished model, the same as predict runs it, music to check it with, windows of the training split, and scores on
the validation split.
"""

from __future__ import annotations

import dataclasses
import functools
import random
from typing import TYPE_CHECKING, Any

import numpy as np

from irmas_tf.config.run_config import Config
from irmas_tf.deploy.check_music import check_music
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.window_model import ClassModel
from irmas_tf.process.quiet_tensorflow import import_tensorflow
from irmas_tf.runs.run_dir import RunDir, RunDirError

if TYPE_CHECKING:
    from irmas_tf.evaluation.validation_check import ValidationScore


@dataclasses.dataclass
class LoadedRun:
    """A finished run, ready to be exported.

    Attributes:
        live: its best model, as predict runs it.
        facts: what its artefacts say about themselves.
    """

    live: RunModel
    facts: dict[str, Any]

    @property
    def run(self) -> RunDir:
        """Its folder."""
        return self.live.run

    @property
    def model(self) -> Any:
        """Its best model, waveform [batch, samples] -> logits [batch, classes]."""
        return self.live.model

    @property
    def config(self) -> Config:
        """Its configuration."""
        return self.live.config

    @functools.cached_property
    def music(self) -> dict[str, np.ndarray]:
        """Music to check artefacts with; see `check_music`."""
        return check_music(self.config.audio.sample_rate_hz)


def load_run(run_dir: str) -> LoadedRun:
    """Return a finished run with its model.

    Raises:
        RunDirError, ModelError: no such run, or it is unfinished, damaged, or of an incompatible version.
    """
    live = open_finished_run(run_dir)
    import_tensorflow("exporting")
    from irmas_tf.deploy.metadata import describe

    _ = live.model  # what is wrong with it is said first
    return LoadedRun(live, describe(live.run, live.config))


def open_finished_run(run_dir: str) -> RunModel:
    """Return a finished run whose model is not read yet: what is wrong with its files is said without TensorFlow.

    Raises:
        RunDirError, ModelError, ThresholdsError: no such run, or it is unfinished, or its files are missing or damaged.
    """
    from irmas_tf.training.progress import finished_progress

    live = RunModel.open(run_dir)
    live.check_files()
    run = live.run
    try:
        # A run without checkpoints is one whose owner has tidied up.
        is_finished = not run.checkpoints_dir.is_dir() or finished_progress(run) is not None
    except (AttributeError, KeyError, TypeError) as error:
        raise RunDirError(
            f"{run.checkpoints_dir}: holds no record of this version's trainings ({error!r}); export with the version"
            " that trained it, or move the folder away to export the best model"
        ) from error
    if not is_finished:
        raise RunDirError(
            f"--run_dir={run.path}: the training is not finished; give its command (irmas train) again to go on with"
            f" it, or move {run.checkpoints_dir.name}/ away to export the best model so far"
        )
    return live


def training_windows(loaded: LoadedRun, data_dir: str, count: int) -> np.ndarray:
    """Return windows of the run's training split, one per excerpt, drawn with a fixed seed.

    Args:
        loaded: the run.
        data_dir: folder of the data; empty is the one the run was trained on.
        count: wanted number; fewer if the split is smaller.

    Returns:
        float32 [count, window_samples].

    Raises:
        DataError, AudioError: the data is not what the run was trained on.
    """
    from irmas_tf.audio.decode import decode_file
    from irmas_tf.audio.windows import iter_windows
    from irmas_tf.datasets import splits

    audio = loaded.config.audio
    excerpts = loaded.config.dataset.training(data_dir or loaded.config.data.data_dir)
    train, _ = splits.resolve(splits.load_split(loaded.run.split_path), excerpts)
    chosen = random.Random(20260101).sample(train, min(count, len(train)))
    windows = []
    for excerpt in chosen:
        clip = decode_file(excerpt.path, audio.sample_rate_hz)
        windows.append(next(iter_windows([clip], audio.window_samples, audio.window_hop_samples, 1))[0])
    return np.stack(windows)


def validation_score(loaded: LoadedRun, data_dir: str, model: ClassModel | None = None) -> ValidationScore:
    """Return how well a model answers the run's validation split.

    See `irmas_tf.evaluation.validation_check.validation_score`.

    Args:
        loaded: the run.
        data_dir: folder of the data; empty is the one the run was trained on.
        model: answers in place of the run's.

    Raises:
        DataError: the data is not what the run was trained on.
    """
    from irmas_tf.evaluation import validation_check

    return validation_check.validation_score(loaded.live, data_dir, model)


def validation_scores(loaded: LoadedRun, data_dir: str, model: ClassModel) -> tuple[ValidationScore, ValidationScore]:
    """Return the scores of the run's model and of another, on the validation split."""
    return validation_score(loaded, data_dir), validation_score(loaded, data_dir, model)
