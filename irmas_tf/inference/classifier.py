"""A trained model as a function from windows to probabilities."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.run_config import Config
from irmas_tf.models.probabilities import probabilities_of
from irmas_tf.runs.run_dir import RunDir


class ModelError(ValueError):
    """A run's model cannot be used; the message names the file and the remedy."""


def load_run_model(run: RunDir) -> tuple[Any, Config]:
    """Return the best model of a run and the run's configuration.

    Raises:
        ModelError: the run has no model yet, or its file cannot be read.
    """
    import irmas_tf.models.factory  # noqa: F401  # registers every layer that a saved model may hold

    config = run.load_config()
    if not run.model_path.exists():
        raise ModelError(f"{run.model_path}: no model yet; train the run first (python -m irmas_tf.train)")
    try:
        return tf.keras.models.load_model(run.model_path, compile=False), config
    except (OSError, ValueError, TypeError, KeyError, ImportError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"{run.model_path}: cannot be loaded ({reason}); train again or restore the file") from error


@dataclasses.dataclass(frozen=True)
class ClassValues:
    """One number a class for every window; a `irmas_tf.inference.clip_windows.WindowModel`.

    Attributes:
        audio: rate, window and hop.
        width: classes.
        values: [n, window_samples] float32 in [-1, 1] -> [n, classes] float32.
    """

    audio: AudioConfig
    width: int
    values: Callable[[np.ndarray], np.ndarray]


class WindowClassifier:
    """A model as a function from windows to class logits or probabilities, traced once for any batch size.

    Args:
        model: Keras model, waveform [batch, window_samples] float32 -> logits [batch, classes].
        config: the run's configuration.

    Raises:
        ModelError: the model's classes are not those of the configuration's label scheme.
    """

    def __init__(self, model: Any, config: Config) -> None:
        self.config = config
        self.codes = config.labels.codes
        self.window_samples = config.audio.window_samples
        if model.output_shape[-1] != len(self.codes):
            raise ModelError(
                f"the model answers with {model.output_shape[-1]} classes, --label_scheme={config.labels.name} has"
                f" {len(self.codes)}; the run folder mixes two trainings, train again into a new one"
            )

        # One signature with a free batch axis: the last, shorter batch neither retraces nor computes padding.
        signature = [tf.TensorSpec([None, self.window_samples], tf.float32)]
        self._logits = tf.function(lambda waveform: tf.cast(model(waveform, training=False), tf.float32), signature)

    @classmethod
    def load(cls, run: RunDir) -> WindowClassifier:
        """Return the best model of a run.

        Raises:
            ModelError: the run has no model yet, or its file cannot be read.
        """
        model, config = load_run_model(run)
        try:
            return cls(model, config)
        except ModelError as error:
            raise ModelError(f"{run.model_path}: {error}") from error

    def warm_up(self) -> None:
        """Trace and run the model once, so that the first answer takes no longer than the others."""
        self.probabilities(np.zeros([1, self.window_samples], np.float32))

    def logits(self, windows: Any) -> np.ndarray:
        """Return class logits [n, classes] float32 of windows [n, window_samples] float32 in [-1, 1]."""
        return self._logits(tf.convert_to_tensor(windows, tf.float32)).numpy()

    def probabilities(self, windows: Any) -> np.ndarray:
        """Return class probabilities [n, classes] float32 of windows [n, window_samples] float32 in [-1, 1]."""
        logits = self._logits(tf.convert_to_tensor(windows, tf.float32))
        return probabilities_of(logits, self.config).numpy()

    @property
    def window_logits(self) -> ClassValues:
        """The logits, for `irmas_tf.inference.clip_windows`."""
        return ClassValues(self.config.audio, len(self.codes), self.logits)

    @property
    def window_probabilities(self) -> ClassValues:
        """The probabilities, for `irmas_tf.inference.clip_windows`."""
        return ClassValues(self.config.audio, len(self.codes), self.probabilities)
