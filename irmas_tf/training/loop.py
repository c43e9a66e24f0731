"""The training loop: epochs, validation, checkpoints. Killed anywhere, it goes on from the last checkpoint.

Every random draw is a function of the seed and the position (order, crops, gains, mixing) or of a variable that is
saved (dropout and masks), so that on the same machine the resumed training ends with the weights of an uninterrupted
one, bit for bit. The files a run shows (model.keras, last.keras, history.csv) are written from a saved checkpoint, and
again after a resumption from it, so that a kill between two writes leaves no contradiction behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from irmas_tf.augment import pipeline
from irmas_tf.beginnings.extra_data import joined
from irmas_tf.beginnings.source import check_resumed_weights
from irmas_tf.config.run_config import Config
from irmas_tf.models.factory import build_model, parameter_count
from irmas_tf.models.heads import head_model, vector_model
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.held_temporary import working_folder
from irmas_tf.runs.identity import publish_model
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds
from irmas_tf.training.batches import steps_per_epoch, training_dataset
from irmas_tf.training.callbacks import (
    Console,
    Interrupted,
    StopRequest,
    TensorBoard,
    progress_bar,
    table_header,
    table_line,
    write_history,
)
from irmas_tf.training.checkpoint import CheckpointStore
from irmas_tf.training.decoded import problem_in
from irmas_tf.training.embedded import EmbeddedClips
from irmas_tf.training.excerpts import validation_clips
from irmas_tf.training.fine_tuning import set_learning
from irmas_tf.training.hardware import (
    compute_environment,
    environment_differences,
    make_strategy,
    prepare_process,
)
from irmas_tf.training.losses import class_weights
from irmas_tf.training.progress import EpochRow, Progress, check_continued, finished_progress
from irmas_tf.training.sides import FoundSides, find_sides
from irmas_tf.training.stages import StagePlan
from irmas_tf.training.start import record_continuation, set_first_weights
from irmas_tf.training.step import TrainingStep
from irmas_tf.training.validation import Scores, Validator

_REFRESH_SECONDS = 0.5


class TrainingError(ValueError):
    """The training cannot go on; the message says where it stands and what to change."""


def train(
    config: Config,
    run: RunDir,
    on_update: Callable[[Progress], None] | None = None,
    sides: FoundSides | None = None,
) -> Progress:
    """Train a run to its end, from its last checkpoint if it has one.

    A run that is finished is continued if there are more epochs now and the folder was prepared for that
    (`RunDir.prepare`): they are its last stage once more, with a learning rate that begins anew.

    Args:
        config: the run's configuration, `irmas_tf.training.sides.completed`.
        run: the run folder (`RunDir.prepare`); what describes it is recorded once the data is found.
        on_update: called after every change of the weights; for tests and tools.
        sides: what `irmas_tf.training.sides.find_sides` returned for this run; by default it is called here.

    Returns:
        The record of the whole training.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; the state is saved.
        TrainingError: the loss is no longer finite.
        ConfigError, DataError: the settings do not fit the data or the machine.
        RunDirError: another process is training in the folder, it holds a run of another configuration, or more epochs
            are asked of a run that is not finished.
    """
    with run.lock():
        check_continued(run)
        if done := finished_progress(run, config):
            return done
        prepare_process(config.training)
        try:
            return _Training(config, run, on_update, sides).run_to_end()
        except tf.errors.OpError as error:
            if problem := problem_in(error):
                raise TrainingError(f"{problem}. The state is that of the last checkpoint") from error
            raise


class _Training:
    """One process's share of a run's training."""

    def __init__(
        self, config: Config, run: RunDir, on_update: Callable[[Progress], None] | None, found: FoundSides | None
    ) -> None:
        self.config = config
        self.run = run
        self.console = Console(run.log_path)
        self.stop = StopRequest()
        self.on_update = on_update
        self.checkpoints = CheckpointStore(run.checkpoints_dir)
        self.environment = compute_environment()
        if run.is_started:
            check_resumed_weights(config, run.load_pretrained() or [])  # before anything is recorded of this start
        if found is None or not found.is_of(config, run):  # another process may have been here meanwhile
            found = find_sides(config, run)
        sides = found.record(config, run)
        self.train_side, self.notes = sides.train, sides.notes
        self.examples, self.extra = joined(sides.train, sides.extra), len(sides.extra or ())
        strategy = make_strategy(config.training)
        with strategy.scope():
            self.model = build_model(config)
        self.parameters = parameter_count(self.model)  # before a stage freezes some
        self.strategy = strategy
        self.batches = steps_per_epoch(len(self.train_side), config)
        self.plan = self._plan()
        self.stage = 0  # the stage that `step` belongs to
        self.step = self._make_step()
        self.embedded: EmbeddedClips | None = None
        self.validation_clips = validation_clips(sides.validation, config)
        self.validator = Validator(self.model, config, self.validation_clips)
        self.tensorboard = TensorBoard(run)
        self.progress = Progress()
        self.pending: list[tf.Tensor] = []  # sums of batches not yet fetched from the device
        self.saved_at = time.monotonic()

    def _plan(self, continued_at: Sequence[int] = ()) -> StagePlan:
        training = self.config.training
        return StagePlan.of(training, -(-self.batches // training.accumulation_steps), continued_at)

    def _make_step(self) -> TrainingStep:
        """Freeze what the present stage freezes, and return its step."""
        stage = self.plan.stages[self.stage]
        return TrainingStep(
            self.model,
            self.config,
            self.strategy,
            self._class_weights(),
            has_unknown=self.examples.has_unknown,
            factors=set_learning(self.model, self.config, stage),
            head=head_model(self.model) if stage.embed_once else None,
        )

    def _enter_stage(self) -> None:
        """Change to the stage of the running epoch, if the last epoch belonged to another."""
        stage = self.plan.index(self.progress.epoch)
        if stage == self.stage:
            return
        average, self.stage = self.step.average, stage
        self.step = self._make_step()
        self.step.average.take_over(average)
        self._begin_stage()

    def _begin_stage(self) -> None:
        """Get ready for the epochs of a stage, when its weights are there."""
        stage = self.plan.stages[self.stage]
        if len(self.plan.stages) > 1:
            self.console.line(
                f"stage {self.stage + 1} of {len(self.plan.stages)}: {stage.spec()};"
                f" {parameter_count(self.model):,} parameters learn"
            )
        self.embedded = None
        if not stage.embed_once:
            self.validator = Validator(self.model, self.config, self.validation_clips)
            return
        vectors = vector_model(self.model)
        self.embedded = EmbeddedClips(vectors, self.config, self.examples, self._check_stop, self.extra)
        held_out = EmbeddedClips(vectors, self.config, self.validation_clips, self._check_stop)
        self.validator = Validator(head_model(self.model), self.config, self.validation_clips, held_out)

    def _class_weights(self) -> np.ndarray | None:
        return class_weights(self.train_side.targets) if self.config.training.class_balance == "weights" else None

    def run_to_end(self) -> Progress:
        """Resume or start, and train."""
        with self.stop.listening():
            self._restore_or_start()
            if not self.progress.finished:
                self._begin_stage()
                self.console.line(table_header(self.config.model.task))
            while not self.progress.finished:
                self._enter_stage()
                self._train_epoch()
                self._end_epoch(*self._validate())
        return self.progress

    def _restore_or_start(self) -> None:
        found = self.checkpoints.load()
        if found is None:
            for note in self.notes:
                self.console.line(f"note: {note}")
            if line := set_first_weights(self.model, self.config, self.run, self.train_side):
                self.console.line(line)
            self.step.average.reset()
            self._save()
            self._describe("training")
            return
        self.progress = Progress.from_dict(found.state["progress"])
        goes_on = self.run.continues or self.progress.is_short_of(self.config.training.total_epochs)
        if goes_on := goes_on and self.progress.is_complete:
            self.progress.go_on()
        self.plan = self._plan(self.progress.continued_at)
        # A stage's last checkpoint holds its own optimizer, though the epoch that comes next is of another.
        self.stage = self.plan.index(max(0, self.progress.epoch - (self.progress.batch == 0)))
        self.step = self._make_step()
        found.restore(self.step.variables)
        changed = environment_differences(found.state["environment"], self.environment)
        if changed and not self.progress.finished:
            self.console.line(f"warning: resumed on another setting ({changed}): last bits of the weights may differ")
        if self.progress.batch == 0 and self.progress.epoch:
            self._publish()  # the process may have ended between its checkpoint and these files
            self._complete()
        if self.progress.continued_at:
            line = record_continuation(self.run, self.progress, self.plan)
            if goes_on:
                self._save()  # before an epoch changes anything
                self.console.line(line)
        if not self.progress.finished:
            self._describe(f"resuming in epoch {self.progress.epoch + 1} after {self.progress.batch} batches:")

    def _describe(self, what: str) -> None:
        self.console.line(
            f"{what} {self.model.name}, {self.parameters:,} parameters, on {len(self.train_side):,}"
            f" excerpts ({len(self.validation_clips):,} for validation), {self.batches} batches of"
            f" {self.config.training.batch_size} an epoch"
        )

    def _train_epoch(self) -> None:
        """Take in the rest of the running epoch's batches."""
        progress, training = self.progress, self.config.training
        first = progress.batch
        since_update = 0
        started = refreshed = time.monotonic()
        with progress_bar(self.batches, first, progress.epoch + 1, self.plan.epochs) as bar:
            for waveform, labels, numbers in self._epoch_batches(first) if first < self.batches else ():
                self.step.set_learning_rate(self.plan.learning_rate(progress.update))
                self.pending.append(self.step.run_batch(waveform, labels, numbers))
                progress.batch += 1
                since_update += 1
                now = time.monotonic()
                if now - refreshed > _REFRESH_SECONDS:
                    self._fetch()
                    bar.update(progress.batch - bar.n)
                    bar.set_postfix(loss=f"{progress.loss_sum / progress.seen:.3f}", refresh=False)
                    refreshed = now
                if since_update == training.accumulation_steps or progress.batch == self.batches:
                    self.step.finish_update(since_update)
                    since_update = 0
                    progress.update += 1
                    progress.seconds += now - started
                    started = now
                    self._after_update()
        self._fetch()
        progress.seconds += time.monotonic() - started

    def _epoch_batches(self, first: int) -> Iterable[Any]:
        """Return the running epoch's batches from number ``first`` on: (waveform or vectors, labels, numbers)."""
        config, epoch = self.config, self.progress.epoch
        if self.embedded is not None:
            dataset = self.embedded.training_batches(epoch, first).map(lambda vectors, labels: (vectors, labels, {}))
            return self._distributed(dataset)
        steps = range(epoch * self.batches + first, (epoch + 1) * self.batches)
        size = config.training.batch_size
        stacked = pipeline.draw_steps(config.augment, seed=config.training.seed, steps=steps, batch_size=size)
        dataset = training_dataset(
            self.examples.paths,
            self.examples.targets,
            config,
            extra=self.extra,
            epoch=epoch,
            start_batch=first,
            samples=pipeline.training_samples(config),
        )
        if not stacked:  # nothing is changed; a data set of nothing has no length
            return self._distributed(dataset.map(lambda waveform, labels, _: (waveform, labels, {})))
        dataset = tf.data.Dataset.zip((dataset, tf.data.Dataset.from_tensor_slices(stacked)))
        dataset = dataset.map(lambda example, drawn: (example[0], example[1], drawn))
        return self._distributed(dataset)

    def _distributed(self, dataset: tf.data.Dataset) -> Iterable[Any]:
        """Return batches shared out over the replicas."""
        if self.strategy.num_replicas_in_sync == 1:
            return dataset
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return self.strategy.experimental_distribute_dataset(dataset.with_options(options))

    def _after_update(self) -> None:
        if self.on_update:
            self.on_update(self.progress)
        if self.stop.signal_number:
            self._save()
            raise Interrupted(self.stop.signal_number)
        if time.monotonic() - self.saved_at > 60 * self.config.training.checkpoint_minutes:
            self._save()

    def _fetch(self) -> None:
        """Add the results of finished batches to the epoch's sums, one by one, so that the order never varies.

        Raises:
            TrainingError: a loss is not finite.
        """
        for sums in self.pending:
            loss_sum, right = (float(x) for x in sums.numpy())
            if not np.isfinite(loss_sum):
                raise TrainingError(
                    f"--run_dir={self.run.path}: the loss became {loss_sum} in epoch {self.progress.epoch + 1};"
                    f" lower --learning_rate={self.config.training.learning_rate:g} or set --gradient_clip_norm,"
                    " and start a new run"
                )
            self.progress.add(loss_sum, int(right), self.config.training.batch_size)
        self.pending.clear()

    def _validate(self) -> tuple[Scores, float]:
        """Return the validation scores and the seconds they took."""
        started = time.monotonic()

        try:
            with self.step.average.applied():
                scores = self.validator.run(before_batch=self._check_stop)
        except Interrupted:
            self._save()
            raise
        return scores, time.monotonic() - started

    def _check_stop(self) -> None:
        if self.stop.signal_number:
            raise Interrupted(self.stop.signal_number)

    def _end_epoch(self, scores: Scores, validation_seconds: float) -> None:
        """Record the epoch, save it, and write what a run shows."""
        progress, training = self.progress, self.config.training
        row = EpochRow(
            epoch=progress.epoch + 1,
            train_loss=progress.loss_sum / progress.seen,
            train_accuracy=progress.right / progress.seen,
            validation_loss=scores.loss,
            validation_accuracy=scores.accuracy,
            validation_macro_f1=scores.macro_f1,
            learning_rate=self.plan.learning_rate(progress.update - 1),
            excerpts_per_second=progress.seen / progress.seconds,
            seconds=progress.seconds + validation_seconds,
            validation_mean_average_precision=scores.mean_average_precision,
            validation_lrap=scores.lrap,
            validation_micro_f1=scores.micro_f1,
        )
        is_best = progress.end_epoch(row)
        if is_best and scores.thresholds is not None:
            progress.thresholds = scores.thresholds.to_dict()
        self.console.line(table_line(row, is_best))
        if progress.epoch == self.plan.epochs:
            epochs = self.plan.epochs
            progress.finish(f"all {epochs} epochs are done" if epochs > 1 else "its epoch is done", epochs)
        elif progress.has_stalled(training.early_stopping_patience, self.plan.last_begins):
            patience = training.early_stopping_patience
            progress.finish(f"no better validation {progress.score_name} for {patience} epochs", self.plan.epochs)
        self._save()
        self._publish()
        self._complete()

    def _complete(self) -> None:
        """Note that a finished run's files are all there, so that the next start need not look."""
        if self.progress.finished:
            self.progress.is_complete = True
            self._save()

    def _save(self) -> None:
        self._fetch()
        state = {"progress": self.progress.to_dict(), "environment": self.environment}
        self.checkpoints.save(self.step.variables, state)
        self.saved_at = time.monotonic()

    def _publish(self) -> None:
        """Write the files a run shows, from the state of the checkpoint at an epoch's end."""
        with self.step.average.applied():
            if self.progress.best_epoch == self.progress.epoch:
                levels = self.progress.thresholds
                thresholds = None if levels is None else Thresholds.from_dict(levels)
                publish_model(self.run, self.config, self.model.save, thresholds)
            with working_folder(), atomic_path(self.run.last_model_path) as temporary:
                self.model.save(temporary)
        write_history(self.run.history_path, self.progress.rows)
        self.tensorboard.write(self.progress.rows[-1])
