"""The two sides of a run's split, found and checked before anything heavy is imported."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from irmas_tf.beginnings.extra_data import joined, load_extra
from irmas_tf.beginnings.source import Source, check_same_source, find_source, record_songs
from irmas_tf.beginnings.who_saw import extra_names, write_extra
from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets import splits
from irmas_tf.datasets.dataset import UNKNOWN, LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.datasets.split_sides import SplitSide, SplitSides, require_single, split_sides
from irmas_tf.datasets.splits import Split
from irmas_tf.runs.origin import EXTRA_DATA, write_origin
from irmas_tf.runs.run_dir import RunDir


class RunSides(NamedTuple):
    """What a run trains on and is validated on.

    Attributes:
        train, validation: the sides of the split of its own data set.
        extra: excerpts of ``--extra_data_dir``, which only train.
        notes: what is to be said of them, and of songs that were learnt before.
    """

    train: SplitSide
    validation: SplitSide
    extra: SplitSide | None = None
    notes: tuple[str, ...] = ()


def completed(config: Config) -> Config:
    """Return the configuration with what its data set reads from the data, such as the classes.

    Raises:
        ConfigError: no data folder.
        DataError: something is wrong with the data.
    """
    _require_data_dir(config)
    return dataclasses.replace(config, data=config.dataset.describe(config.data.data_dir))


def _require_data_dir(config: Config) -> None:
    if not config.data.data_dir:
        raise ConfigError(f"--data_dir is empty: give the folder of the data set (--dataset={config.data.dataset})")


@dataclasses.dataclass(frozen=True)
class FoundSides:
    """What trains and what validates, found good, of which nothing is recorded yet.

    Attributes:
        sides: what `load_sides` returns, without what is to be said of songs that were learnt before.
        split: of the run's own data set, all of which is in ``excerpts``.
        excerpts: see there.
        is_saved: whether the run's folder had the split.
        is_started: whether it had a checkpoint.
        source: what the training begins with, if that is another run or model.
    """

    sides: RunSides
    split: Split
    excerpts: Sequence[LabelledExcerpt]
    is_saved: bool
    is_started: bool
    source: Source | None

    def is_of(self, config: Config, run: RunDir) -> bool:
        """Return whether the folder still is as it was."""
        return (self.is_saved, self.is_started) == (_has_split(config, run), run.is_started)

    def record(self, config: Config, run: RunDir) -> RunSides:
        """Write down configuration, split, and whose songs are learnt from; return the sides.

        Raises:
            RunDirError: the folder is a run of another configuration.
            DataError: the split of the run that this one begins with is damaged.
        """
        run.record(config)
        if not self.is_saved:
            splits.save_split(run.split_path, self.split, self.excerpts)
        sides = self.sides
        if sides.extra is not None and not self.is_started:
            write_extra(run, sides.extra.names)
            dataset = config.extra_dataset
            facts = {"folder": config.data.extra_data_dir, "dataset": dataset.settings.dataset}
            write_origin(run, **{EXTRA_DATA: {**facts, "excerpts": len(sides.extra), "licence": dataset.licence}})
        if self.source is None:
            return sides
        known = record_songs(self.source, config, run, self.excerpts, sides.validation.names)
        return sides._replace(notes=(*sides.notes, *known))


def load_sides(config: Config, run: RunDir) -> RunSides:
    """Return what trains and what validates; the split is drawn and saved at first, and read from then on.

    The run's configuration is recorded as soon as the data and the split are found good, and not before.

    Args:
        config: the run's configuration, `completed`.
        run: its folder, locked by the caller if other processes may use it.

    Raises:
        ConfigError, DataError: see `find_sides`.
        RunDirError: the folder is a run of another configuration.
    """
    return find_sides(config, run).record(config, run)


def _has_split(config: Config, run: RunDir) -> bool:
    return run.belongs_to(config) and run.split_path.exists()


def find_sides(config: Config, run: RunDir) -> FoundSides:
    """Return what trains and what validates, without writing anything (arguments as `load_sides`).

    Raises:
        ConfigError: no data folder, fewer training excerpts than a batch, settings for labels of another kind, or
            ``--init_from`` or ``--extra_data_dir`` do not fit.
        DataError: the data is not there, or is not what the split names, or its labels are not for ``--task``.
    """
    _require_data_dir(config)
    data, is_started = config.data, run.is_started
    source = None if is_started else find_source(config, run)
    if is_started:
        check_same_source(config, run)
    excerpts = config.dataset.training(data.data_dir)
    is_saved = _has_split(config, run)
    if is_saved:
        split = splits.load_split(run.split_path)
    else:
        split = splits.make_split(
            excerpts, split_by=data.split_by, validation_fraction=data.validation_fraction, seed=data.split_seed
        )
    sides = split_sides(split, excerpts, config.labels)
    if len(sides.train) < config.training.batch_size - config.extra_per_batch:
        raise ConfigError(
            f"--batch_size={config.training.batch_size}: must be at most the {len(sides.train)} excerpts of the"
            " training split"
        )
    extra, notes = load_extra(config, sides.validation) or (None, [])
    _check_labels(sides, config, extra)
    if is_started and extra is not None and extra_names(run) != list(extra.names):
        raise DataError(
            f"--extra_data_dir={display(data.extra_data_dir)}: its excerpts are not those that the run began with;"
            " restore them, or start a new run in another folder"
        )
    return FoundSides(RunSides(*sides, extra, tuple(notes)), split, excerpts, is_saved, is_started, source)


def _check_labels(sides: SplitSides, config: Config, extra: SplitSide | None) -> None:
    """Refuse labels that the task or what mixes excerpts cannot use."""
    if config.model.task == SINGLE_LABEL:
        names = (*sides.train.names, *sides.validation.names)
        require_single(np.concatenate([side.targets for side in sides]), names)
        return
    for name, side in zip(sides._fields, sides, strict=True):
        if not (side.targets == 1).any():
            raise DataError(
                f"{display(config.data.data_dir)}: no class is heard in any of the {len(side)} excerpts that"
                f" {'train' if name == 'train' else 'validate'}; label more of them"
            )
    augment = config.augment
    trained = joined(sides.train, extra)
    if augment.mix_probability and augment.mix_targets != "union" and trained.has_unknown:
        count = int((trained.targets == UNKNOWN).any(axis=1).sum())
        raise ConfigError(
            f"--mix_targets={augment.mix_targets}: compares the levels of classes, and {count} of the"
            f" {len(trained)} training excerpts have unknown labels; use --mix_targets=union"
        )
