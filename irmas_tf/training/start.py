"""What happens once in a training: the first weights, and going on after the end; both are written down."""

from __future__ import annotations

import dataclasses

import keras

from irmas_tf.beginnings import first_weights
from irmas_tf.beginnings.source import find_source
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.split_sides import SplitSide
from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.process.places import why_too_small
from irmas_tf.runs.origin import CONTINUED, INIT_FROM, write_origin
from irmas_tf.runs.run_dir import RunDir, RunDirError
from irmas_tf.training.excerpts import set_statistics
from irmas_tf.training.fine_tuning import load_pretrained_weights
from irmas_tf.training.progress import Progress
from irmas_tf.training.stages import StagePlan

_CHECKPOINTS = 3  # two, and one that is being written
# Of the weights, on the disk at a time: in each checkpoint with two moments of the optimizer; in the best and the last
# model, and one that is being written.
_COPIES = 3 * _CHECKPOINTS + 3


def set_first_weights(model: keras.Model, config: Config, run: RunDir, train_side: SplitSide) -> str:
    """Give a new model the weights that a training begins with; return a line about another run's, or nothing.

    They are those of ``--init_from``, or of ``--pretrained_weights`` in a model that is random otherwise, with the
    statistics of ``train_side``.

    Raises:
        ConfigError, ModelError, WeightsError: they cannot be read or do not fit.
        RunDirError: what the training is to write does not fit on the disk.
    """
    copies = _COPIES + _CHECKPOINTS * bool(config.training.ema_decay)
    if reason := why_too_small(run.path, copies * sum(weight.nbytes for weight in model.get_weights())):
        raise RunDirError(f"--run_dir={run.path}: {reason}")
    source = find_source(config, run)
    if source is None:
        if origins := load_pretrained_weights(model, config):
            write_json_atomic(run.pretrained_path, origins)
        set_statistics(model, train_side, config)
        return ""
    taken = first_weights.take_weights(model, config, source)
    write_origin(run, **{INIT_FROM: taken})
    if source.run is not None and (published := source.run.load_pretrained()):
        write_json_atomic(run.pretrained_path, published)
    return first_weights.in_words(taken)


def record_continuation(run: RunDir, progress: Progress, plan: StagePlan) -> str:
    """Write down each stage by which a finished training was continued; return a line about the last."""
    begins = progress.continued_at
    stages = plan.stages[-len(begins) :]
    facts = [{"after_epochs": at, **dataclasses.asdict(stage)} for at, stage in zip(begins, stages, strict=True)]
    write_origin(run, **{CONTINUED: facts})
    return f"continuing after {begins[-1]} epochs, for {stages[-1].epochs} more: {stages[-1].spec()}"
