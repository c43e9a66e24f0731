"""Converting a model to TFLite and running it."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf


class LiteModel:
    """A Keras model from waveforms to a dictionary, converted with built-in operations only.

    Args:
        model: the Keras model.
        shape: of the waveforms; None where it may vary.
        folder: for the SavedModel in between.
    """

    def __init__(self, model: keras.Model, shape: tuple[int | None, int | None], folder: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        from irmas_tf.deploy.saved_model import add_endpoint

        archive = keras.export.ExportArchive()
        add_endpoint(archive, "serve", model.call, [tf.TensorSpec(shape, tf.float32, "waveform")])
        archive.write_out(str(folder / "saved"), verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved"))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        self.content = converter.convert()
        self.interpreter = Interpreter(model_content=self.content, num_threads=1)
        self.runner = self.interpreter.get_signature_runner()

    def __call__(self, waveform: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs for waveforms [batch, samples]."""
        return self.runner(waveform=waveform)
