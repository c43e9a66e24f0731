"""The two sides of a run's split, ready for the loader, and the first look at the training side."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets import irmas, splits
from irmas_tf.layers.normalization import BinNormalization
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training import batches as pipeline
from irmas_tf.training.mixtures import Mixture, mixture_dataset, mixture_labels, plan_mixtures

STATISTICS_EXCERPTS = 512  # 26 minutes of music; more moves the statistics by less than a hundredth of a deviation


@dataclasses.dataclass(frozen=True)
class Side:
    """One side of a split: files, class indices [files] and song groups, in the same order."""

    paths: tuple[str, ...]
    labels: np.ndarray
    groups: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def evaluation_batches(self, config: Config) -> tf.data.Dataset:
        """Return the windows of the files with the indices of these; see `pipeline.evaluation_dataset`."""
        return pipeline.evaluation_dataset(self.paths, config, batch_size=config.training.batch_size, keep=True)


@dataclasses.dataclass(frozen=True)
class MixedSide:
    """Mixtures of the excerpts of a side, which are always the same; labels are [mixtures, classes] bool."""

    paths: tuple[str, ...]
    mixtures: tuple[Mixture, ...]
    labels: np.ndarray

    @classmethod
    def of(cls, side: Side, config: Config) -> MixedSide:
        """Return the mixtures that a run with this configuration is scored on."""
        plan = plan_mixtures(side.labels, side.groups, seed=config.data.split_seed)
        return cls(side.paths, plan, mixture_labels(plan, side.labels, config.labels.num_classes))

    def __len__(self) -> int:
        return len(self.mixtures)

    def evaluation_batches(self, config: Config) -> tf.data.Dataset:
        """Return the windows of the mixtures with the indices of these; see `mixture_dataset`."""
        batch_size = config.training.batch_size
        return mixture_dataset(self.paths, self.mixtures, config, batch_size=batch_size, keep=True)


def validation_clips(side: Side, config: Config) -> Side | MixedSide:
    """Return what a run is scored on between epochs: the excerpts of a side, for several labels their mixtures."""
    return side if config.model.task == SINGLE_LABEL else MixedSide.of(side, config)


def _side(excerpts: Sequence[irmas.Excerpt], group_of: dict[str, int], config: Config) -> Side:
    labels = np.array([config.labels.index(e.irmas_code) for e in excerpts], np.int32)
    return Side(tuple(str(e.path) for e in excerpts), labels, tuple(group_of[e.name] for e in excerpts))


def load_sides(config: Config, run: RunDir) -> tuple[Side, Side]:
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
        raise ConfigError("--data_dir is empty: give the folder that holds IRMAS-TrainingData")
    excerpts = irmas.index_training(data.data_dir)
    is_saved = run.belongs_to(config) and run.split_path.exists()
    if is_saved:
        split = splits.load_split(run.split_path)
    else:
        split = splits.make_split(
            excerpts, split_by=data.split_by, validation_fraction=data.validation_fraction, seed=data.split_seed
        )
    train, validation = splits.resolve(split, excerpts)
    if len(train) < config.training.batch_size:
        raise ConfigError(
            f"--batch_size={config.training.batch_size}: must be at most the {len(train)} excerpts of the training"
            " split"
        )
    run.record(config)
    if not is_saved:
        splits.save_split(run.split_path, split)
    group_of = dict(zip((e.name for e in excerpts), irmas.group_excerpts(excerpts), strict=True))
    return _side(train, group_of, config), _side(validation, group_of, config)


def set_statistics(model: keras.Model, side: Side, config: Config) -> None:
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
    for waveform, _ in pipeline.evaluation_dataset(paths, config, batch_size=32):
        for name, batch in features(waveform, training=False).items():
            values = np.asarray(batch, np.float64).reshape(-1, batch.shape[-1])
            first[name] += values.sum(axis=0)
            second[name] += np.square(values).sum(axis=0)
            frames[name] += len(values)
    for layer in layers:
        mean = first[layer.name] / frames[layer.name]
        variance = second[layer.name] / frames[layer.name] - np.square(mean)
        layer.set_statistics(mean, np.maximum(variance, 0.0))
