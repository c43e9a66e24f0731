"""The two sides of a run's split, ready for the loader, and the first look at the training side."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets import splits
from irmas_tf.datasets.split_sides import SplitSide, SplitSides, split_sides
from irmas_tf.layers.normalization import BinNormalization
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.batches import evaluation_dataset
from irmas_tf.training.mixtures import Mixture, mixture_dataset, mixture_labels, plan_mixtures

STATISTICS_EXCERPTS = 512  # 26 minutes of music; more moves the statistics by less than a hundredth of a deviation


@dataclasses.dataclass(frozen=True)
class SideMixtures:
    """Mixtures of the excerpts of a side, which are always the same; labels are [mixtures, classes] bool."""

    paths: tuple[str, ...]
    mixtures: tuple[Mixture, ...]
    labels: np.ndarray

    @classmethod
    def of(cls, side: SplitSide, config: Config) -> SideMixtures:
        """Return the mixtures that a run with this configuration is scored on."""
        plan = plan_mixtures(side.labels, side.groups, seed=config.data.split_seed)
        return cls(side.paths, plan, mixture_labels(plan, side.labels, config.labels.num_classes))

    def __len__(self) -> int:
        return len(self.mixtures)


def validation_clips(side: SplitSide, config: Config) -> SplitSide | SideMixtures:
    """Return what a run is scored on between epochs: the excerpts of a side, for several labels their mixtures."""
    return side if config.model.task == SINGLE_LABEL else SideMixtures.of(side, config)


def evaluation_batches(clips: SplitSide | SideMixtures, config: Config) -> tf.data.Dataset:
    """Return the windows of excerpts or mixtures with the indices of these; see `evaluation_dataset`."""
    batch_size = config.training.batch_size
    if isinstance(clips, SideMixtures):
        return mixture_dataset(clips.paths, clips.mixtures, config, batch_size=batch_size, keep=True)
    return evaluation_dataset(clips.paths, config, batch_size=batch_size, keep=True)


def load_sides(config: Config, run: RunDir) -> SplitSides:
    """Return the training and the validation side; the split is drawn and saved at first, and read from then on.

    The run's configuration is recorded as soon as the data and the split are found good, and not before.

    Args:
        config: the run's configuration.
        run: its folder, locked by the caller if other processes may use it.

    Raises:
        ConfigError: no data folder, or fewer training excerpts than a batch.
        DataError: the data is not there, or is not what the split names.
        RunDirError: the folder is a run of another configuration.
    """
    data = config.data
    if not data.data_dir:
        raise ConfigError(f"--data_dir is empty: give the folder of the data set (--dataset={data.dataset})")
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
    run.record(config)
    if not is_saved:
        splits.save_split(run.split_path, split)
    return sides


def set_statistics(model: keras.Model, side: SplitSide, config: Config) -> None:
    """Set the statistics of every `BinNormalization` from a seeded sample of ``side``, without augmentation."""
    layers = [layer for layer in model.layers if isinstance(layer, BinNormalization)]
    if not layers:  # pretrained networks have their own
        return
    count = min(len(side), STATISTICS_EXCERPTS)
    chosen = np.sort(np.random.default_rng(config.training.seed).choice(len(side), count, replace=False))
    paths = [side.paths[i] for i in chosen]
    features = keras.Model(model.input, {layer.name: layer.input for layer in layers})
    first, second = ({layer.name: np.zeros(layer.input.shape[-1]) for layer in layers} for _ in range(2))
    frames = dict.fromkeys(first, 0)
    for waveform, _ in evaluation_dataset(paths, config, batch_size=32):
        for name, batch in features(waveform, training=False).items():
            values = np.asarray(batch, np.float64).reshape(-1, batch.shape[-1])
            first[name] += values.sum(axis=0)
            second[name] += np.square(values).sum(axis=0)
            frames[name] += len(values)
    for layer in layers:
        mean = first[layer.name] / frames[layer.name]
        variance = second[layer.name] / frames[layer.name] - np.square(mean)
        layer.set_statistics(mean, np.maximum(variance, 0.0))
