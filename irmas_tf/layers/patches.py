"""Cutting features into overlapping patches for a network of fixed input size, and putting its outputs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from irmas_tf.layers.base import Float32Layer


@keras.saving.register_keras_serializable(package="irmas_tf")
class Patches(Float32Layer):
    """[batch, frames, bins] -> [batch * patches, patch_frames, bins, 1]; all patches of an example are neighbours.

    ``1 + (frames - patch_frames) // patch_hop_frames`` patches; frames after the last whole patch are dropped.

    Args:
        patch_frames: frames per patch.
        patch_hop_frames: frames from the start of a patch to the start of the next.
    """

    def __init__(self, patch_frames: int, patch_hop_frames: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patch_frames = patch_frames
        self.patch_hop_frames = patch_hop_frames

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Return the patches."""
        patches = tf.signal.frame(features, self.patch_frames, self.patch_hop_frames, axis=1)
        return tf.reshape(patches, [-1, self.patch_frames, features.shape[-1], 1])

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Return (batch * patches, patch_frames, bins, 1)."""
        batch, frames, bins = input_shape
        known = batch is not None and frames is not None
        total = batch * (1 + (frames - self.patch_frames) // self.patch_hop_frames) if known else None  # type: ignore[operator]
        return total, self.patch_frames, bins, 1

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {
            "patch_frames": self.patch_frames,
            "patch_hop_frames": self.patch_hop_frames,
        }


@keras.saving.register_keras_serializable(package="irmas_tf")
class JoinPatches(Float32Layer):
    """Undo `Patches`: [batch * patches, channels] and the features that were cut -> [batch, patches, 1, channels].

    The shape is that of a feature map [batch, frames, bins, channels] with a patch for a frame, so that what pools
    feature maps pools patches too.

    Args:
        patch_frames: as in `Patches`.
        patch_hop_frames: as in `Patches`.
    """

    def __init__(self, patch_frames: int, patch_hop_frames: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patch_frames = patch_frames
        self.patch_hop_frames = patch_hop_frames

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return the vectors by example and patch."""
        vectors, features = inputs
        frames = tf.shape(features)[1] if features.shape[1] is None else features.shape[1]
        patches = 1 + (frames - self.patch_frames) // self.patch_hop_frames
        return tf.reshape(vectors, [tf.shape(features)[0], patches, 1, vectors.shape[-1]])

    def compute_output_shape(self, input_shape: Sequence[Sequence[int | None]]) -> tuple[int | None, ...]:
        """Return (batch, patches, 1, channels)."""
        vectors, features = input_shape
        frames = features[1]
        patches = None if frames is None else 1 + (frames - self.patch_frames) // self.patch_hop_frames
        return features[0], patches, 1, vectors[-1]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {
            "patch_frames": self.patch_frames,
            "patch_hop_frames": self.patch_hop_frames,
        }
