"""How far a training has come: everything a resumed run needs that is not a variable."""

from __future__ import annotations

import dataclasses
from typing import Any

from irmas_tf.config.run_config import Config
from irmas_tf.runs.run_dir import RunDir, RunDirError
from irmas_tf.training.checkpoint import CheckpointStore


@dataclasses.dataclass(frozen=True)
class EpochRow:
    """One line of the history.

    Attributes:
        epoch: counted from 1.
        train_loss: mean over the epoch's examples, augmented and smoothed, while the weights changed (nats).
        train_accuracy: over the same examples, in [0, 1].
        validation_loss: mean negative logarithm of the probability of the truth, of clips (mean probabilities over
            their windows), nats; of several labels, summed over the classes.
        validation_accuracy, validation_macro_f1: in [0, 1], of clips with one label; None where there are several.
        learning_rate: of the epoch's last update.
        excerpts_per_second: in training, without validation.
        seconds: training and validation together.
        validation_mean_average_precision, validation_lrap, validation_micro_f1: in [0, 1], of clips with several
            labels; the last at the one threshold that suits these clips best.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float | None
    validation_macro_f1: float | None
    learning_rate: float
    excerpts_per_second: float
    seconds: float
    validation_mean_average_precision: float | None = None
    validation_lrap: float | None = None
    validation_micro_f1: float | None = None

    @property
    def score(self) -> float:
        """What the best epoch has most of: accuracy, or mean average precision where clips have several labels."""
        score = self.validation_accuracy
        score = self.validation_mean_average_precision if score is None else score
        assert score is not None
        return score


@dataclasses.dataclass
class Progress:
    """Position in the training, sums of the running epoch, and the record of the finished ones.

    Attributes:
        epoch: finished epochs.
        batch: batches of the running epoch that are in the weights.
        update: changes of the weights so far.
        loss_sum, right, seen: sums over the running epoch's examples.
        seconds: spent on the running epoch's batches.
        best_score: highest `EpochRow.score` so far.
        best_epoch: its epoch, counted from 1; 0 if there is none.
        rows: the finished epochs.
        finished: why the training is over, or an empty string.
        is_complete: whether, beyond that, the files of the run are all written.
        thresholds: of the best epoch, where clips have several labels (`Thresholds.to_dict`).
        planned: epochs that the training was to have when it finished; 0 in what an earlier version wrote.
        continued_at: finished epochs each time that a finished training was continued for more.
    """

    epoch: int = 0
    batch: int = 0
    update: int = 0
    loss_sum: float = 0.0
    right: int = 0
    seen: int = 0
    seconds: float = 0.0
    best_score: float = -1.0
    best_epoch: int = 0
    rows: list[EpochRow] = dataclasses.field(default_factory=list)
    finished: str = ""
    is_complete: bool = False
    thresholds: dict[str, Any] | None = None
    planned: int = 0
    continued_at: list[int] = dataclasses.field(default_factory=list)

    def add(self, loss_sum: float, right: int, seen: int) -> None:
        """Count a batch's results."""
        self.loss_sum += loss_sum
        self.right += right
        self.seen += seen

    def end_epoch(self, row: EpochRow) -> bool:
        """Record an epoch and start the next; return whether it is the best so far (the first of equals is)."""
        self.rows.append(row)
        self.epoch += 1
        self.batch, self.loss_sum, self.right, self.seen, self.seconds = 0, 0.0, 0, 0, 0.0
        is_best = row.score > self.best_score
        if is_best:
            self.best_score, self.best_epoch = row.score, self.epoch
        return is_best

    @property
    def score_name(self) -> str:
        """What `best_score` is, in words."""
        several = self.rows and self.rows[-1].validation_accuracy is None
        return "mean average precision" if several else "accuracy"

    def has_stalled(self, patience: int, first_epoch: int = 0) -> bool:
        """Return whether ``patience`` epochs have passed since the best one, from ``first_epoch`` on; 0 never stops."""
        return 0 < patience <= self.epoch - max(self.best_epoch, first_epoch)

    def finish(self, why: str, planned: int) -> None:
        """Record that the training is over."""
        self.finished, self.planned = why, planned

    def is_short_of(self, epochs: int) -> bool:
        """Return whether a finished training was planned with fewer than ``epochs``."""
        planned = self.planned or (epochs if "no better" in self.finished else self.epoch)
        return bool(self.finished) and planned < epochs

    def go_on(self) -> None:
        """Make the finished training one that goes on with another stage."""
        self.continued_at.append(self.epoch)
        self.finished, self.is_complete, self.planned = "", False, 0

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Progress:
        """Return what `to_dict` described."""
        return cls(**{**values, "rows": [EpochRow(**row) for row in values["rows"]]})


def finished_progress(run: RunDir, config: Config | None = None) -> Progress | None:
    """Return the record of a run that is finished with all its files written, or None; needs no TensorFlow.

    Args:
        run: the run.
        config: what is asked of it now; a run that it has more epochs for is not finished.
    """
    progress = _complete_progress(run)
    if progress is None or config is None:
        return progress
    return None if run.continues or progress.is_short_of(config.training.total_epochs) else progress


def check_continued(run: RunDir) -> None:
    """Refuse more epochs for a run that is not finished: its schedule is that of the epochs that it was begun with.

    Raises:
        RunDirError: it is not.
    """
    if run.continues and _complete_progress(run) is None:
        epochs = run.load_config().training.total_epochs
        raise RunDirError(
            f"--run_dir={run.path}: is not finished, so that it cannot be given more epochs; finish its {epochs} first,"
            " with the same command as before"
        )


def _complete_progress(run: RunDir) -> Progress | None:
    found = CheckpointStore(run.checkpoints_dir).load()
    if found is None:
        return None
    progress = Progress.from_dict(found.state["progress"])
    files = [run.model_path, run.last_model_path, run.history_path]
    if progress.thresholds is not None:
        files.append(run.thresholds_path)
    return progress if progress.is_complete and all(path.exists() for path in files) else None
