"""The two sides of a run's split, found and checked before anything heavy is imported."""

from __future__ import annotations

import dataclasses

import numpy as np

from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets import splits
from irmas_tf.datasets.dataset import UNKNOWN
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.datasets.split_sides import SplitSides, require_single, split_sides
from irmas_tf.runs.run_dir import RunDir


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


def load_sides(config: Config, run: RunDir) -> SplitSides:
    """Return the training and the validation side; the split is drawn and saved at first, and read from then on.

    The run's configuration is recorded as soon as the data and the split are found good, and not before.

    Args:
        config: the run's configuration, `completed`.
        run: its folder, locked by the caller if other processes may use it.

    Raises:
        ConfigError: no data folder, fewer training excerpts than a batch, or settings for labels of another kind.
        DataError: the data is not there, or is not what the split names, or its labels are not for ``--task``.
        RunDirError: the folder is a run of another configuration.
    """
    _require_data_dir(config)
    data = config.data
    excerpts = config.dataset.training(data.data_dir)
    is_saved = run.belongs_to(config) and run.split_path.exists()
    if is_saved:
        split = splits.load_split(run.split_path)
    else:
        split = splits.make_split(
            excerpts, split_by=data.split_by, validation_fraction=data.validation_fraction, seed=data.split_seed
        )
    sides = split_sides(split, excerpts, config.labels)
    if len(sides.train) < config.training.batch_size:
        raise ConfigError(
            f"--batch_size={config.training.batch_size}: must be at most the {len(sides.train)} excerpts of the"
            " training split"
        )
    _check_labels(sides, config)
    run.record(config)
    if not is_saved:
        splits.save_split(run.split_path, split, excerpts)
    return sides


def _check_labels(sides: SplitSides, config: Config) -> None:
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
    if augment.mix_probability and augment.mix_targets != "union" and sides.train.has_unknown:
        count = int((sides.train.targets == UNKNOWN).any(axis=1).sum())
        raise ConfigError(
            f"--mix_targets={augment.mix_targets}: compares the levels of classes, and {count} of the"
            f" {len(sides.train)} training excerpts have unknown labels; use --mix_targets=union"
        )
