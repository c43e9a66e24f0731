"""Per-bin standardisation with stored statistics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from irmas_tf.layers.base import Float32Layer


@keras.saving.register_keras_serializable(package="irmas_tf")
class BinNormalization(Float32Layer):
    """``(features - mean) / sqrt(variance + epsilon)`` with one stored mean and variance per bin.

    [..., bins] -> [..., bins]. The statistics are non-trainable float32 weights, so that they are saved with the
    model; before `set_statistics` or `adapt_statistics` they are 0 and 1. The arithmetic is float32 under every dtype
    policy and the result has the policy's compute dtype, so that log features are rounded only once they are centred.

    Args:
        scalar_variance: one variance for all bins (about the per-bin means) instead of one per bin; keeps the relative
            level of the bins and does not amplify bins that are almost silent.
        epsilon: added to the variance.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    def __init__(self, scalar_variance: bool = False, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.scalar_variance = scalar_variance
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the statistics for the last axis of ``input_shape``.

        Raises:
            ValueError: the number of bins is unknown.
        """
        bins = input_shape[-1]
        if bins is None:
            raise ValueError(f"{self.name}: the last axis (bins) of the input must be known, got {tuple(input_shape)}")
        self.input_spec = keras.layers.InputSpec(min_ndim=1, axes={-1: bins})
        variance_shape = () if self.scalar_variance else (bins,)
        self.mean = self._statistic("mean", (bins,), "zeros")
        self.variance = self._statistic("variance", variance_shape, "ones")

    def _statistic(self, name: str, shape: tuple[int, ...], initializer: str) -> keras.Variable:
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, dtype="float32", trainable=False, autocast=False
        )

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Return standardised features in the compute dtype."""
        mean, variance = self.mean.value, self.variance.value
        normalized = (tf.cast(features, tf.float32) - mean) * tf.math.rsqrt(variance + self.epsilon)
        return tf.cast(normalized, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the input's shape."""
        return tuple(input_shape)

    def set_statistics(self, mean: npt.ArrayLike, variance: npt.ArrayLike) -> None:
        """Store statistics.

        Args:
            mean: [bins].
            variance: [bins]; with ``scalar_variance`` a scalar, or [bins], whose average is taken.

        Raises:
            ValueError: the layer has not been built, or a shape or value is not usable.
        """
        if not self.built:
            raise ValueError(f"{self.name}: build the layer (call it once) before setting its statistics")
        means = np.asarray(mean, np.float64)
        variances = np.asarray(variance, np.float64)
        if self.scalar_variance and variances.shape == means.shape:
            variances = variances.mean()
        for name, value, weight in (("mean", means, self.mean), ("variance", variances, self.variance)):
            if value.shape != tuple(weight.shape):
                raise ValueError(f"{self.name}: {name} has shape {value.shape}, expected {tuple(weight.shape)}")
            if not np.all(np.isfinite(value)):
                raise ValueError(f"{self.name}: {name} has values that are not finite")
        if np.any(variances < 0):
            raise ValueError(f"{self.name}: variance has negative values")
        self.mean.assign(means.astype(np.float32))
        self.variance.assign(variances.astype(np.float32))

    def adapt_statistics(self, batches: Iterable[npt.ArrayLike]) -> None:
        """Compute the statistics of feature batches, one batch in memory at a time, and store them.

        Batches are merged with the update of Chan, Golub and LeVeque (1979) in float64, so that neither many nor
        far-from-zero values lose precision.

        Args:
            batches: arrays [..., bins]; every leading axis is averaged over.

        Raises:
            ValueError: the layer has not been built, a batch has other bins or values that are not finite, or there
                are no values.
        """
        if not self.built:
            raise ValueError(f"{self.name}: build the layer (call it once) before adapting its statistics")
        bins = self.mean.shape[0]
        count, mean, squares = 0, np.zeros(bins), np.zeros(bins)
        for batch in batches:
            values = np.asarray(batch, np.float64)
            if values.ndim < 1 or values.shape[-1] != bins:
                raise ValueError(f"{self.name}: features have shape {values.shape}, expected [..., {bins}]")
            values = values.reshape(-1, bins)
            if not len(values):
                continue
            if not np.all(np.isfinite(values)):
                raise ValueError(f"{self.name}: features have values that are not finite")
            batch_mean = values.mean(axis=0)
            delta = batch_mean - mean
            total = count + len(values)
            squares += np.square(values - batch_mean).sum(axis=0) + np.square(delta) * (count * len(values) / total)
            mean += delta * (len(values) / total)
            count = total
        if not count:
            raise ValueError(f"{self.name}: no features to compute statistics from")
        self.set_statistics(mean, squares / count)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"scalar_variance": self.scalar_variance, "epsilon": self.epsilon}
