"""The two sides of a run's split, ready for the loader, and the first look at the training side."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np

from irmas_tf.config import Config
from irmas_tf.data import irmas, pipeline, splits
from irmas_tf.layers.normalization import BinNormalization
from irmas_tf.run_dir import RunDir
from irmas_tf.settings import ConfigError

STATISTICS_EXCERPTS = 512  # 26 minutes of music; more moves the statistics by less than a hundredth of a deviation


@dataclasses.dataclass(frozen=True)
class Side:
    """Files and class indices of one side of a split, in the same order."""

    paths: tuple[str, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.paths)


def _side(excerpts: Sequence[irmas.Excerpt], config: Config) -> Side:
    labels = np.array([config.labels.index(e.irmas_code) for e in excerpts], np.int32)
    return Side(tuple(str(e.path) for e in excerpts), labels)


def load_sides(config: Config, run: RunDir) -> tuple[Side, Side]:
    """Return the training and the validation side; the split is drawn and saved at first, and read from then on.

    Raises:
        ConfigError: no data folder, or fewer training excerpts than a batch.
        DataError: the data is not there, or is not what the split names.
    """
    data = config.data
    if not data.data_dir:
        raise ConfigError("--data_dir is empty: give the folder that holds IRMAS-TrainingData")
    excerpts = irmas.index_training(data.data_dir)
    if not run.split_path.exists():
        split = splits.make_split(
            excerpts, split_by=data.split_by, validation_fraction=data.validation_fraction, seed=data.split_seed
        )
        splits.save_split(run.split_path, split)
    train, validation = splits.resolve(splits.load_split(run.split_path), excerpts)
    if len(train) < config.training.batch_size:
        raise ConfigError(
            f"--batch_size={config.training.batch_size}: must be at most the {len(train)} excerpts of the training"
            " split"
        )
    return _side(train, config), _side(validation, config)


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
