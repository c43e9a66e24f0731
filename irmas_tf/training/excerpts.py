"""What a run is scored on between its epochs, and the first look at the training side."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.split_sides import SplitSide
from irmas_tf.layers.normalization import BinNormalization
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
    """Return what a run is scored on between epochs.

    For one label, the excerpts of a side. For several, mixtures of excerpts if each has one class; else the excerpts
    themselves, which have several already, or labels that nobody knows.
    """
    return SideMixtures.of(side, config) if config.model.task != SINGLE_LABEL and side.is_single else side


def evaluation_batches(clips: SplitSide | SideMixtures, config: Config) -> tf.data.Dataset:
    """Return the windows of excerpts or mixtures with the indices of these; see `evaluation_dataset`."""
    batch_size = config.training.batch_size
    if isinstance(clips, SideMixtures):
        return mixture_dataset(clips.paths, clips.mixtures, config, batch_size=batch_size, keep=True)
    return evaluation_dataset(clips.paths, config, batch_size=batch_size, keep=True)


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
