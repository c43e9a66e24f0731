"""Freq-MixStyle: each example is given the spectral balance of another, so that a network cannot go by it.

Source: Kim et al., "Domain Generalization with Relaxed Instance Frequency-wise Normalization for Multi-device Acoustic
Scene Classification", Interspeech 2022, after MixStyle (Zhou et al., ICLR 2021); Schmid et al., DCASE 2022, train
networks on one device's recordings for others with it.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.layers.base import Float32Layer

_QUANTILES = 1024
_LEAST_DEVIATION = 1e-3  # of a band that does not change; in units of normalised features


@keras.saving.register_keras_serializable(package="irmas_tf")
class FreqMixStyle(Float32Layer):
    """Mixes the mean and deviation of every frequency band with another example's of the batch, in training only.

    [batch, frames, bins] -> the same shape and dtype. With mean m and deviation s over the frames of a band, an example
    becomes ``(x - m) / s * s' + m'``, where m' and s' lie between its own and those of the other example; where between
    is drawn from Beta(alpha, alpha). Labels stay. Replicas of a distribution strategy mix among their own examples.

    The draws come from a `keras.random.SeedGenerator`, see `irmas_tf.layers.spec_augment.SpecAugment`; Beta's are
    looked up in a table of 1,024 quantiles, which is the same everywhere and which XLA can compile.

    Args:
        probability: share of the examples that are changed, in [0, 1].
        alpha: above 0; small values nearly swap or nearly leave, great ones take the middle.
        seed: seed of the draws; None takes one at random.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(self, probability: float = 0.5, alpha: float = 0.3, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0.0 <= probability <= 1.0:
            raise ValueError(f"probability={probability!r}: must be from 0 to 1")
        if not alpha > 0.0:
            raise ValueError(f"alpha={alpha!r}: must be above 0")
        self.probability = probability
        self.alpha = alpha
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._table = _beta_quantiles(alpha)
        self.built = True

    def call(self, features: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return the features, with mixed statistics if ``training``."""
        if not training or not self.probability:
            return features
        batch = keras.ops.shape(features)[0]
        draws = self._draws(batch)  # [batch, 3] in [0, 1)
        other = tf.argsort(draws[:, 0], stable=True)
        place = tf.gather(
            tf.constant(self._table, features.dtype), tf.cast(draws[:, 1] * _QUANTILES, tf.int32)
        )  # share of the example's own statistics
        place = tf.where(draws[:, 2] < self.probability, place, tf.ones_like(place))[:, tf.newaxis, tf.newaxis]
        mean, variance = tf.nn.moments(features, axes=[1], keepdims=True)
        deviation = tf.sqrt(variance + _LEAST_DEVIATION**2)
        mixed_mean = place * mean + (1.0 - place) * tf.gather(mean, other)
        mixed_deviation = place * deviation + (1.0 - place) * tf.gather(deviation, other)
        scale = mixed_deviation / deviation
        return features * scale + (mixed_mean - mean * scale)  # exactly the features where place is 1

    def _draws(self, batch: int | tf.Tensor) -> tf.Tensor:
        seed = self.seed_generator.next()
        replica = tf.distribute.get_replica_context()
        if replica is not None and replica.num_replicas_in_sync > 1:
            # The generator's state is the same on every replica; their draws should not be.
            seed = seed + tf.stack([tf.cast(replica.replica_id_in_sync_group, seed.dtype), tf.zeros([], seed.dtype)])
        bits = tf.random.stateless_uniform((batch, 3), seed, None, None, tf.int32, alg="philox")
        return tf.cast(tf.bitwise.bitwise_and(bits, 0xFFFFFF), tf.float32) * 2.0**-24

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"probability": self.probability, "alpha": self.alpha, "seed": self.seed}


def _beta_quantiles(alpha: float) -> np.ndarray:
    """Return the middles of 1,024 equally likely parts of Beta(alpha, alpha), ascending."""
    from scipy.special import betaincinv

    return betaincinv(alpha, alpha, (np.arange(_QUANTILES) + 0.5) / _QUANTILES).astype(np.float32)
