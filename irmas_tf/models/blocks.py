"""Convolution blocks: [batch, frames, bins, channels] -> [batch, frames / stride, bins / stride, channels].

A block is a function of Keras tensors, so a model built from blocks is made of layers only and reloads without this
file. All convolutions are without bias (batch normalisation has one) and pad with zeros to keep the size.
"""

from __future__ import annotations

from typing import Any, Protocol

import keras
import tensorflow as tf

from irmas_tf.config.registry import Registry
from irmas_tf.layers.batch_normalization import FusedBatchNormalization

BATCH_NORM_MOMENTUM = 0.9  # an epoch has a hundred or so steps: Keras's .99 would lag behind by a whole epoch


class Block(Protocol):
    """What is registered in `BLOCKS`."""

    def __call__(self, x: Any, channels: int, stride: int, name: str) -> Any:
        """Return the block's output.

        Args:
            x: Keras tensor [batch, frames, bins, any channels].
            channels: channels of the output.
            stride: 1, or 2 to halve both axes.
            name: prefix of the layers' names.
        """
        ...


BLOCKS: Registry[Block] = Registry("block")


def convolution(x: Any, channels: int, size: int, stride: int, name: str) -> Any:
    """Return a ``size`` x ``size`` convolution of ``x``, He-initialised."""
    return keras.layers.Conv2D(
        channels, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)


def normalise(x: Any, name: str, *, scale_initializer: str = "ones") -> Any:
    """Return ``x`` batch-normalised over all but the last axis, over all replicas when there are several."""
    return FusedBatchNormalization(
        momentum=BATCH_NORM_MOMENTUM,
        gamma_initializer=scale_initializer,
        # Else a small batch on each of many GPUs would change the training.
        synchronized=tf.distribute.get_strategy().num_replicas_in_sync > 1,
        name=name,
    )(x)


def relu(x: Any, name: str) -> Any:
    """Return max(x, 0)."""
    return keras.layers.ReLU(name=name)(x)


@BLOCKS.register("plain")
def plain(x: Any, channels: int, stride: int, name: str) -> Any:
    """Convolution, normalisation, ReLU."""
    x = convolution(x, channels, 3, stride, f"{name}_conv")
    return relu(normalise(x, f"{name}_bn"), f"{name}_relu")


@BLOCKS.register("residual")
def residual(x: Any, channels: int, stride: int, name: str) -> Any:
    """Two convolutions around a shortcut (He et al., "Deep residual learning", CVPR 2016, figure 2).

    The last normalisation starts at scale 0, so that the block starts as its shortcut (Goyal et al., 2017, section
    5.1); a shortcut that halves the size averages before its 1 x 1 convolution instead of skipping three quarters of
    its input (He et al., "Bag of tricks", CVPR 2019, ResNet-D).
    """
    y = convolution(x, channels, 3, stride, f"{name}_conv1")
    y = relu(normalise(y, f"{name}_bn1"), f"{name}_relu1")
    y = convolution(y, channels, 3, 1, f"{name}_conv2")
    y = normalise(y, f"{name}_bn2", scale_initializer="zeros")
    if stride > 1:
        x = keras.layers.AveragePooling2D(stride, padding="same", name=f"{name}_shortcut_pool")(x)
    if x.shape[-1] != channels:
        x = normalise(convolution(x, channels, 1, 1, f"{name}_shortcut_conv"), f"{name}_shortcut_bn")
    return relu(keras.layers.Add(name=f"{name}_add")([x, y]), f"{name}_relu2")


@BLOCKS.register("separable")
def separable(x: Any, channels: int, stride: int, name: str) -> Any:
    """Depthwise, then pointwise convolution (Howard et al., "MobileNets", 2017), with a shortcut where shapes allow."""
    y = keras.layers.DepthwiseConv2D(
        3, stride, padding="same", use_bias=False, depthwise_initializer="he_normal", name=f"{name}_depthwise"
    )(x)
    y = relu(normalise(y, f"{name}_bn1"), f"{name}_relu1")
    y = normalise(convolution(y, channels, 1, 1, f"{name}_pointwise"), f"{name}_bn2")
    if stride == 1 and x.shape[-1] == channels:
        y = keras.layers.Add(name=f"{name}_add")([x, y])
    return relu(y, f"{name}_relu2")
