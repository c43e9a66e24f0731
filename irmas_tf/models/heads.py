"""From feature maps to logits: pooling over time and frequency, dropping branches, merging them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from irmas_tf.config.registry import Registry
from irmas_tf.models.blocks import normalise, relu

EMBEDDING = "embedding"
LOGITS = "logits"

POOLINGS: Registry[Callable[[tf.Tensor], tf.Tensor]] = Registry("pooling")
"""Functions [batch, frames, channels] -> [batch, channels]."""


@POOLINGS.register("mean")
def _mean(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(x, axis=1)


@POOLINGS.register("max")
def _max(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_max(x, axis=1)


@POOLINGS.register("mean_max")
def _mean_max(x: tf.Tensor) -> tf.Tensor:
    """Keeps what lasts and what peaks (Kong et al., "PANNs", 2020, section III)."""
    return _mean(x) + _max(x)


@keras.saving.register_keras_serializable("irmas_tf")
class TimePooling(keras.layers.Layer):
    """[batch, frames, bins, channels] -> [batch, channels]: mean over frequency, then ``mode`` over time.

    Args:
        mode: a name in `POOLINGS`.

    Raises:
        ValueError: unknown mode.
    """

    def __init__(self, mode: str = "mean_max", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mode = mode
        self._pool = POOLINGS.get(mode)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the pooled features."""
        return self._pool(tf.reduce_mean(inputs, axis=2))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Return (batch, channels)."""
        return (input_shape[0], input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mode": self.mode}


@keras.saving.register_keras_serializable("irmas_tf")
class BandProfile(keras.layers.Layer):
    """[batch, frames, bins, channels] -> [batch, bins * channels]: mean over time, frequency bands kept apart."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the profiles."""
        return tf.reshape(tf.reduce_mean(inputs, axis=1), [-1, inputs.shape[2] * inputs.shape[3]])

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Return (batch, bins * channels)."""
        _, _, bins, channels = input_shape
        assert bins is not None and channels is not None
        return (input_shape[0], bins * channels)


@keras.saving.register_keras_serializable("irmas_tf")
class BranchDropout(keras.layers.Layer):
    """In training, an example loses one whole branch with probability ``rate``; what is left is scaled up in the mean.

    Input and output are lists of [batch, channels], one per branch. Fewer than two branches pass unchanged.

    Args:
        rate: probability, in [0, 1).
        seed: of the random draws.

    Raises:
        ValueError: rate outside [0, 1).
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"rate must be at least 0 and below 1, got {rate}")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Sequence[tf.Tensor], training: bool = False) -> list[tf.Tensor]:
        """Return the branches, one of them zero for some examples."""
        branches = len(inputs)
        if not training or branches < 2 or self.rate == 0:
            return list(inputs)
        # u in [0, rate) drops branch floor(u / rate * branches); u above keeps all.
        draw = keras.random.uniform([tf.shape(inputs[0])[0], 1], dtype="float32", seed=self.seed_generator)
        dropped = tf.cast(tf.floor(draw / self.rate * branches), tf.int32)
        keep = 1.0 - self.rate / branches
        return [x * tf.cast(tf.where(dropped == index, 0.0, 1.0 / keep), x.dtype) for index, x in enumerate(inputs)]

    def compute_output_shape(self, input_shape: Sequence[Any]) -> list[Any]:
        """Return the shapes of the inputs."""
        return list(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


def classifier(x: Any, *, units: int, classes: int, dropout: float, seed: int, standardise: bool = False) -> Any:
    """Return logits [batch, classes] float32 of features [batch, channels].

    Dropout, then a dense layer with batch normalisation and ReLU (its output is the embedding), dropout, dense. With no
    ``units`` the features are the embedding, and the head is linear. With ``standardise`` a batch normalisation of the
    features comes first.
    """
    if standardise:
        x = normalise(x, "head_input_bn")
    if units:
        x = keras.layers.Dropout(dropout, seed=seed, name="head_dropout1")(x)
        x = keras.layers.Dense(units, use_bias=False, kernel_initializer="he_normal", name="head_dense")(x)
        x = relu(normalise(x, "head_bn"), EMBEDDING)
    else:
        x = keras.layers.Activation("linear", name=EMBEDDING)(x)
    x = keras.layers.Dropout(dropout, seed=seed + 1, name="head_dropout2")(x)
    # float32 under every policy: a softmax of float16 logits loses the small probabilities.
    return keras.layers.Dense(classes, dtype="float32", name=LOGITS)(x)


def head_model(model: keras.Model) -> keras.Model:
    """Return the part of ``model`` behind its branches, [batch, channels] -> logits, sharing its weights."""
    return keras.Model(merged_vector(model), model.output, name=f"{model.name}_head")


def vector_model(model: keras.Model) -> keras.Model:
    """Return the part of ``model`` that `head_model` leaves, waveform -> [batch, channels], sharing its weights."""
    return keras.Model(model.input, merged_vector(model), name=f"{model.name}_vectors")


def merged_vector(model: keras.Model) -> Any:
    """Return the Keras tensor that `classifier` was given when ``model`` was built."""
    names = {layer.name for layer in model.layers}
    return model.get_layer(next(name for name in ("head_input_bn", "head_dropout1", EMBEDDING) if name in names)).input
