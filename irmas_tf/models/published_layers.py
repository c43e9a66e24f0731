"""The layers of which published networks are made: convolutions and batch normalisations as their authors set them."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from irmas_tf.layers.batch_normalization import FusedBatchNormalization
from irmas_tf.models.blocks import BATCH_NORM_MOMENTUM


def published_norm(x: Any, name: str, *, epsilon: float, scale: bool = True) -> Any:
    """Return feature maps batch-normalised over all but the last axis, over all replicas when there are several.

    Frozen (``trainable=False``) it uses its stored statistics, also in training.

    Args:
        x: Keras tensor [batch, height, width, channels].
        name: of the layer.
        epsilon: added to the variance; part of what was trained.
        scale: whether there is a factor beside the offset.
    """
    return FusedBatchNormalization(
        momentum=BATCH_NORM_MOMENTUM,
        epsilon=epsilon,
        scale=scale,
        synchronized=tf.distribute.get_strategy().num_replicas_in_sync > 1,
        name=name,
    )(x)


def symmetric_convolution(x: Any, channels: int | None, size: int, stride: int, name: str, *, padding_name: str) -> Any:
    """Return a convolution without bias, padded by ``(size - 1) / 2`` on all sides as in PyTorch.

    Keras's "same" pads so at stride 1; at stride 2 it would pad maps of even size on one side only.

    Args:
        x: Keras tensor [batch, height, width, channels].
        channels: of the output; None for a depthwise convolution.
        size: odd height and width of the kernel.
        stride: 1 or 2.
        name: of the layer.
        padding_name: of the padding layer, which only strides above 1 need.
    """
    padding = "same"
    if stride > 1:
        x = keras.layers.ZeroPadding2D((size - 1) // 2, name=padding_name)(x)
        padding = "valid"
    if channels is None:
        return keras.layers.DepthwiseConv2D(
            size, stride, padding=padding, use_bias=False, depthwise_initializer="he_normal", name=name
        )(x)
    return keras.layers.Conv2D(
        channels, size, stride, padding=padding, use_bias=False, kernel_initializer="he_normal", name=name
    )(x)


def hard_swish(x: Any, name: str) -> Any:
    """Return ``x * min(max(x + 3, 0), 6) / 6`` (Howard et al., "Searching for MobileNetV3", 2019, section 5.2)."""
    return keras.layers.Activation("hard_silu", name=name)(x)
