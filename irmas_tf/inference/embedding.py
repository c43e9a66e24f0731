"""A pretrained network as a model that gives embeddings of windows; a run's is `irmas_tf.inference.run_model`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.inference.run_model import window_function
from irmas_tf.inference.window_model import EMBEDDING
from irmas_tf.models.pretrained import embedding_backbone
from irmas_tf.process.checksums import checksum_of
from irmas_tf.weights.loading import load_pretrained


class EmbeddingNetwork:
    """Embeddings of windows; a `irmas_tf.inference.window_model.WindowModel` without classes.

    Args:
        model: waveform [batch, samples] float32 -> embedding [batch, width].
        audio: the windows it is given.
        source: where model and weights come from, JSON-ready; goes into the files that are written. Two networks that
            differ have different sources.
    """

    outputs = (EMBEDDING,)

    def __init__(self, model: keras.Model, audio: AudioConfig, source: dict[str, Any]) -> None:
        self.audio = audio
        self.source = source
        self._embed = window_function(model, audio.window_samples)

    def values(self, windows: np.ndarray, output: str = EMBEDDING) -> np.ndarray:
        """Return embeddings [n, width] float32 of windows [n, window_samples] float32 in [-1, 1]."""
        return self._embed(tf.convert_to_tensor(windows, tf.float32)).numpy()


def load_backbone(
    name: str, weights: str, window_seconds: float, window_hop_seconds: float, *, profile: bool = False
) -> EmbeddingNetwork:
    """Return a pretrained network.

    Args:
        name: a name in `BACKBONES`.
        weights: file that `irmas_tf.convert` wrote.
        window_seconds: length of a window.
        window_hop_seconds: hop between windows.
        profile: take the network's `irmas_tf.models.pretrained.band_profile` in place of its embedding.

    Raises:
        ValueError: unknown name, or a network without a profile.
        WeightsError: the file is missing, damaged, or of another network or front-end.
    """
    spec = BACKBONES.get(name)
    model = embedding_backbone(spec, profile=profile)
    metadata = load_pretrained(model, spec, weights)
    audio = AudioConfig(
        sample_rate_hz=spec.sample_rate_hz, window_seconds=window_seconds, window_hop_seconds=window_hop_seconds
    )
    source = {
        "backbone": name,
        "front_end": spec.front_end,
        "weights": metadata["source"],
        "weights_sha256": checksum_of(Path(weights).expanduser()),
    }
    return EmbeddingNetwork(model, audio, {**source, "profile": True} if profile else source)
