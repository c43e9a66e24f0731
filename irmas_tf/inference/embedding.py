"""A network as a function from windows to embeddings: a pretrained backbone, or the model of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.config.audio import AudioConfig
from irmas_tf.inference.classifier import load_run_model
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models.factory import embedding_model
from irmas_tf.models.pretrained import embedding_backbone
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.weights.loading import load_pretrained
from irmas_tf.weights.weight_sources import sha256_of


class WindowEmbedder:
    """Embeddings of windows; a `irmas_tf.inference.clip_windows.WindowModel`.

    Args:
        model: waveform [batch, samples] float32 -> embedding [batch, width].
        audio: the windows it is given.
        source: where model and weights come from, JSON-ready; goes into the files that are written. Two networks that
            differ have different sources.
    """

    def __init__(self, model: keras.Model, audio: AudioConfig, source: dict[str, Any]) -> None:
        self.audio = audio
        self.source = source
        self.width = int(model.output_shape[-1])
        self._embed = tf.function(
            lambda waveform: tf.cast(model(waveform, training=False), tf.float32),
            input_signature=[tf.TensorSpec([None, audio.window_samples], tf.float32)],
        )

    @classmethod
    def of_backbone(
        cls, name: str, weights: str, window_seconds: float, window_hop_seconds: float, *, profile: bool = False
    ) -> WindowEmbedder:
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
            "weights_sha256": sha256_of(Path(weights).expanduser()),
        }
        return cls(model, audio, {**source, "profile": True} if profile else source)

    @classmethod
    def of_run(cls, run_dir: str) -> WindowEmbedder:
        """Return the best model of a run up to its embedding; windows are the run's.

        Raises:
            RunDirError, ModelError: the run cannot be used.
        """
        run = RunDir.open(run_dir)
        model, config = load_run_model(run)
        # The same folder and configuration can hold another model tomorrow.
        source = {"run": run.path.name, "configuration": config.hash, "model_sha256": sha256_of(run.model_path)}
        return cls(embedding_model(model), config.audio, source)

    def values(self, windows: np.ndarray) -> np.ndarray:
        """Return embeddings [n, width] float32 of windows [n, window_samples] float32 in [-1, 1]."""
        return self._embed(tf.convert_to_tensor(windows, tf.float32)).numpy()
