"""Batch normalisation of feature maps in one fused operation."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="irmas_tf")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`, computed by TensorFlow's fused kernel where that can do it.

    Same arguments, weights and results (the moving variance is the unbiased one, as in tf.keras 2 and PyTorch). Keras 3
    composes the layer from a dozen elementwise operations and casts half-precision maps to float32 for them; the
    fused kernel reads the map twice and keeps its type. It serves maps [batch, height, width, channels] on one
    replica; anything else is left to Keras.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        """Return the normalised maps, [batch, height, width, channels] in the compute dtype."""
        synchronised = self.synchronized and tf.distribute.get_strategy().num_replicas_in_sync > 1
        is_last_axis = self.axis in (-1, len(inputs.shape) - 1)
        renormalised = getattr(self, "renorm", False)  # since Keras 3.14
        if len(inputs.shape) != 4 or not is_last_axis or synchronised or renormalised or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        channels = self.moving_mean.shape
        scale = self.gamma.value if self.scale else tf.ones(channels)
        offset = self.beta.value if self.center else tf.zeros(channels)
        if not (training and self.trainable):
            outputs, _, _ = tf.compat.v1.nn.fused_batch_norm(
                inputs,
                scale,
                offset,
                mean=self.moving_mean.value,
                variance=self.moving_variance.value,
                epsilon=self.epsilon,
                is_training=False,
            )
            return outputs
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(inputs, scale, offset, epsilon=self.epsilon)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + value * (1.0 - self.momentum))
        return outputs
