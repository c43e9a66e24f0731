"""The signatures of a SavedModel: a trained model as functions of clips.

| signature | input | outputs |
|---|---|---|
| serving_default | waveform [batch, samples] | probabilities, logits [batch, classes], embedding [batch, width], |
| | | silent [batch] |
| classify_audio | audio [batch], the bytes of WAV files | the same, and duration_seconds [batch] |
| activity | waveform [batch, samples] | window_probabilities [batch, windows, classes], window_start_seconds, |
| | | window_end_seconds and window_silent [batch, windows] |

Waveforms are mono float32 at the model's rate, full scale 1.0, of any length. A clip's probabilities, logits and
embedding are the means of those of its windows (so probabilities are not the softmax of the logits, unless the clip is
one window). Windows that are silent (`irmas_tf.audio.silence`) do not count, unless all are: then the clip is silent,
and names no class whatever its probabilities. Bad input is INVALID_ARGUMENT.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from irmas_tf.audio.silence import SILENCE_DBFS, amplitude
from irmas_tf.config.run_config import Config
from irmas_tf.deploy.graph_checks import require_audio
from irmas_tf.deploy.wav_graph import decode_wav
from irmas_tf.deploy.window_graph import run_windows
from irmas_tf.models.factory import embedding_model
from irmas_tf.models.probabilities import probabilities_of

WAVEFORM, AUDIO = "waveform", "audio"
SILENT, WINDOW_SILENT = "silent", "window_silent"


class Signatures:
    """The functions of clips that a model offers.

    Args:
        model: waveform [batch, samples] -> logits [batch, classes].
        config: the run's configuration.
    """

    def __init__(self, model: keras.Model, config: Config) -> None:
        self.config = config
        embedding = embedding_model(model).output
        self.network = keras.Model(model.input, {"logits": model.output, "embedding": embedding}, name="exported")
        classes = config.labels.num_classes
        self._widths = {"probabilities": classes, "logits": classes, "embedding": int(embedding.shape[-1])}
        # One function of the graph for all signatures, which would otherwise hold a copy of the network each.
        spec = tf.TensorSpec([None, config.audio.window_samples], tf.float32, WAVEFORM)
        self.window = tf.function(self._window, input_signature=[spec], autograph=False).get_concrete_function()

    @property
    def widths(self) -> dict[str, int]:
        """Numbers in a clip's outputs."""
        return dict(self._widths)

    def endpoints(self) -> dict[str, tuple[Callable[..., dict[str, tf.Tensor]], list[tf.TensorSpec]]]:
        """Return {name of the signature: (function, its inputs)}."""
        waveform = [tf.TensorSpec([None, None], tf.float32, WAVEFORM)]
        return {
            "serving_default": (self.clip, waveform),
            "classify_audio": (self.classify_audio, [tf.TensorSpec([None], tf.string, AUDIO)]),
            "activity": (self.activity, waveform),
        }

    def _window(self, windows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return {"probabilities", "logits", "embedding", "silent"}, each [n, width], of [n, window_samples]."""
        outputs = self.network(windows, training=False)
        logits = tf.cast(outputs["logits"], tf.float32)
        level = amplitude(SILENCE_DBFS) ** 2
        return {
            "probabilities": probabilities_of(logits, self.config),
            "logits": logits,
            "embedding": tf.cast(outputs["embedding"], tf.float32),
            SILENT: tf.cast(tf.math.reduce_variance(windows, axis=1, keepdims=True) < level, tf.float32),
        }

    def clip(self, waveform: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answer for clips [batch, samples]; see the module's table."""
        values, silent, _ = self._windows(require_audio(waveform, WAVEFORM))
        all_silent = tf.reduce_all(silent, axis=1)
        counts = tf.cast(tf.logical_not(silent) | all_silent[:, None], tf.float32)[:, :, None]
        means = {
            name: tf.reduce_sum(of_windows * counts, axis=1) / tf.reduce_sum(counts, axis=1)
            for name, of_windows in values.items()
        }
        return {**means, SILENT: all_silent}

    def activity(self, waveform: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answer for every window of clips [batch, samples]; see the module's table."""
        values, silent, starts = self._windows(require_audio(waveform, WAVEFORM))
        audio = self.config.audio
        seconds = tf.cast(tf.cast(starts, tf.float64) / audio.sample_rate_hz, tf.float32)
        # Each row has them, because REST clients get outputs row by row.
        begin = tf.repeat(seconds[None], tf.shape(waveform)[0], axis=0)
        return {
            "window_probabilities": values["probabilities"],
            "window_start_seconds": begin,
            "window_end_seconds": begin + audio.window_samples / audio.sample_rate_hz,
            WINDOW_SILENT: silent,
        }

    def classify_audio(self, audio: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answer for the bytes of WAV files [batch]; see the module's table."""

        def one(numbered: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
            index, content = numbered
            name = tf.strings.join([f"{AUDIO}[", tf.strings.as_string(index), "]"])
            samples, seconds = decode_wav(content, self.config.audio.sample_rate_hz, name)
            answer = {key: value[0] for key, value in self.clip(samples[None]).items()}
            return {**answer, "duration_seconds": seconds}

        signature: dict[str, Any] = {name: tf.TensorSpec([width], tf.float32) for name, width in self._widths.items()}
        signature |= {SILENT: tf.TensorSpec([], tf.bool), "duration_seconds": tf.TensorSpec([], tf.float32)}
        return tf.map_fn(one, (tf.range(tf.size(audio)), audio), fn_output_signature=signature, parallel_iterations=1)

    def _windows(self, waveform: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """Return (values [batch, windows, width], which windows are silent [batch, windows], where each starts)."""
        audio, widths = self.config.audio, {**self._widths, SILENT: 1}
        values, starts = run_windows(self.window, waveform, widths, audio.window_samples, audio.window_hop_samples)
        return values, values.pop(SILENT)[:, :, 0] > 0.5, starts
