"""SpecAugment (Park et al., Interspeech 2019): random time and frequency masks, without the time warp."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from irmas_tf.layers.base import Float32Layer

FILLS = ("zero", "mean")


@keras.saving.register_keras_serializable(package="irmas_tf")
class SpecAugment(Float32Layer):
    """Masks random time and frequency stripes of every example, in training only.

    [batch, frames, bins] -> the same shape and dtype. Put it after normalisation, where 0 is the mean, or fill with
    the mean. Each example
    draws its own masks; a mask's width is uniform over 0..max (inclusive) and its position uniform over all that fit,
    so that masks may overlap. A maximum beyond the axis counts as the whole axis.

    The draws come from a `keras.random.SeedGenerator`: the same seed gives the same masks, on every device and with or
    without XLA. Its state is in ``model.variables`` but, as with Keras' own random layers, neither in ``model.weights``
    nor in a ``.keras`` file; a run that saves and restores ``model.variables`` goes on where it stopped. Replicas of a
    distribution strategy draw different masks.

    Args:
        time_masks: masks over frames per example.
        max_time_frames: greatest width of a time mask, in frames.
        frequency_masks: masks over bins per example.
        max_bins: greatest width of a frequency mask, in bins.
        seed: seed of the draws; None takes one at random.
        fill: what a mask puts in: "zero", or the "mean" of the example, for features that are not normalised.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: a count or width is negative, or ``fill`` is unknown.
    """

    def __init__(
        self,
        time_masks: int = 2,
        max_time_frames: int = 20,
        frequency_masks: int = 2,
        max_bins: int = 10,
        seed: int | None = None,
        fill: str = "zero",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if fill not in FILLS:
            raise ValueError(f"fill={fill!r}: must be one of {', '.join(FILLS)}")
        for name, value in (
            ("time_masks", time_masks),
            ("max_time_frames", max_time_frames),
            ("frequency_masks", frequency_masks),
            ("max_bins", max_bins),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"{name}={value!r}: must be an integer of at least 0")
        self.time_masks = time_masks
        self.max_time_frames = max_time_frames
        self.frequency_masks = frequency_masks
        self.max_bins = max_bins
        self.seed = seed
        self.fill = fill
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, features: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return the features, masked if ``training``."""
        if not training:
            return features
        batch, frames, bins = keras.ops.shape(features)
        masks = []
        if self.time_masks and self.max_time_frames:
            masks.append(self._stripes(batch, frames, self.time_masks, self.max_time_frames)[:, :, tf.newaxis])
        if self.frequency_masks and self.max_bins:
            masks.append(self._stripes(batch, bins, self.frequency_masks, self.max_bins)[:, tf.newaxis, :])
        if not masks:
            return features
        masked = masks[0] if len(masks) == 1 else masks[0] | masks[1]
        if self.fill == "mean":
            filling = tf.reduce_mean(features, axis=[1, 2], keepdims=True)
        else:
            filling = tf.zeros([], features.dtype)
        return tf.where(masked, filling, features)

    def _stripes(self, batch: int | tf.Tensor, length: int | tf.Tensor, count: int, max_width: int) -> tf.Tensor:
        """Return [batch, length] bool, true where one of ``count`` random stripes lies."""
        seed = self.seed_generator.next()
        replica = tf.distribute.get_replica_context()
        if replica is not None and replica.num_replicas_in_sync > 1:
            # The generator's state is the same on every replica; their masks should not be.
            seed = seed + tf.stack([tf.cast(replica.replica_id_in_sync_group, seed.dtype), tf.zeros([], seed.dtype)])
        # Whole numbers of a named algorithm are the same everywhere; XLA turns them into floats in another way.
        bits = tf.random.stateless_uniform((batch, 2 * count), seed, None, None, tf.int32, alg="philox")
        draws = tf.cast(tf.bitwise.bitwise_and(bits, 0xFFFFFF), tf.float32) * 2.0**-24
        extent = tf.cast(length, tf.float32)
        widest = tf.minimum(tf.constant(max_width, tf.float32), extent)
        width = tf.floor(draws[:, :count] * (widest + 1.0))
        start = tf.floor(draws[:, count:] * (extent - width + 1.0))
        position = tf.range(extent)[tf.newaxis, tf.newaxis, :]
        inside = (position >= start[:, :, tf.newaxis]) & (position < (start + width)[:, :, tf.newaxis])
        return tf.reduce_any(inside, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {
            "time_masks": self.time_masks,
            "max_time_frames": self.max_time_frames,
            "frequency_masks": self.frequency_masks,
            "max_bins": self.max_bins,
            "seed": self.seed,
            "fill": self.fill,
        }
