"""What frozen networks make of the excerpts, computed once: a head then learns from it in seconds."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config.run_config import Config
from irmas_tf.datasets.split_sides import SplitSide
from irmas_tf.training.batches import plan_of_epoch, steps_per_epoch, with_fixed_settings
from irmas_tf.training.callbacks import embedding_bar
from irmas_tf.training.excerpts import SideMixtures, evaluation_batches


class EmbeddedClips:
    """One vector per window of each clip of a side, as evaluation cuts the clips: nothing is random.

    Args:
        model: waveform [batch, window_samples] -> vectors [batch, channels]; used as in evaluation, with its present
            weights.
        config: the run's configuration.
        side: the clips and their labels; mixtures are only evaluated.
        before_batch: may raise to stop.
        extra: how many of the clips, the last ones, are of ``--extra_data_dir``.
    """

    def __init__(
        self,
        model: keras.Model,
        config: Config,
        side: SplitSide | SideMixtures,
        before_batch: Callable[[], None],
        extra: int = 0,
    ) -> None:
        self._config = config
        self._extra = extra
        self._side = side
        signature = [tf.TensorSpec([None, config.audio.window_samples], tf.float32)]
        embed = tf.function(lambda waveform: tf.cast(model(waveform, training=False), tf.float32), signature)
        vectors, clips = [], []
        with embedding_bar(len(side)) as bar:
            for waveform, clip in evaluation_batches(side, config):
                before_batch()
                vectors.append(embed(waveform).numpy())
                clips.append(clip.numpy())
                bar.update(int(clip[-1]) + 1 - bar.n)
        self.vectors = np.concatenate(vectors)
        self.clips = np.concatenate(clips)
        self._first = np.searchsorted(self.clips, np.arange(len(side)))
        self._windows = np.bincount(self.clips, minlength=len(side))

    def evaluation_batches(self) -> tf.data.Dataset:
        """Return (vectors [b, channels], clip index [b]) in order, like `evaluation_dataset`."""
        dataset = tf.data.Dataset.from_tensor_slices((self.vectors, self.clips))
        return with_fixed_settings(dataset.batch(self._config.training.batch_size))

    def training_batches(self, epoch: int, start_batch: int) -> tf.data.Dataset:
        """Return (vectors [batch, channels], labels int8 [batch, classes]) of an epoch, ordered as `training_dataset`.

        Of a clip with several windows each epoch takes one at random.

        Args:
            epoch: number of the epoch, from 0.
            start_batch: first batch.
        """
        training = self._config.training
        if isinstance(self._side, SideMixtures):
            raise TypeError("mixtures are not trained on")
        labels = self._side.targets
        plan = plan_of_epoch(labels, self._config, epoch, self._extra)
        batches = steps_per_epoch(len(self._side) - self._extra, self._config)
        slots = np.arange(start_batch * training.batch_size, batches * training.batch_size)
        examples = plan.order[slots]
        windows = self._first[examples] + (plan.crop[slots] * self._windows[examples]).astype(np.int64)
        dataset = tf.data.Dataset.from_tensor_slices((self.vectors[windows], labels[examples]))
        return with_fixed_settings(dataset.batch(training.batch_size, drop_remainder=True))
