"""A .tflite file as a function of windows, run by ai-edge-litert; neither TensorFlow nor Keras is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from irmas_tf.deploy.lite_interpreter import LiteInterpreter, LiteModelError
from irmas_tf.deploy.lite_threads import LiteThreads
from irmas_tf.inference.exported_labels import ExportedModel
from irmas_tf.inference.window_model import LITERT, PROBABILITIES, require_output
from irmas_tf.streaming import StreamingError, read_model


class LiteModel(ExportedModel):
    """A .tflite file that irmas_tf exported; a `irmas_tf.inference.window_model.ClassModel`.

    Its ``outputs`` are those of the file: all that a run gives, or probabilities only in files of earlier versions.

    Args:
        interpreter: its content.
        facts: what it says about itself (`irmas_tf.streaming.read_model`).
        name: its path, for messages.

    Raises:
        LabelsError: what it says is damaged.
    """

    engine = LITERT

    def __init__(self, interpreter: LiteInterpreter, facts: Mapping[str, Any], name: str) -> None:
        super().__init__(facts, name)
        self.outputs = interpreter.outputs
        self._interpreter = interpreter
        self._name = name

    @classmethod
    def open(cls, path: str | os.PathLike[str], threads: int = 0) -> LiteModel:
        """Return the model in a file; ``threads`` as for `irmas_tf.deploy.lite_threads.LiteThreads`.

        Raises:
            LiteModelError, LabelsError: ai-edge-litert is not installed, or the file is damaged or not one of ours.
            OSError: it cannot be read.
        """
        name = os.fspath(path)
        try:
            content, facts = read_model(path)
            return cls(LiteThreads(content, threads), facts, name)
        except StreamingError as error:
            raise LiteModelError(str(error)) from error
        except LiteModelError as error:
            raise LiteModelError(f"{name}: {error}") from error

    def warm_up(self) -> None:
        """Set the model up, so that the first answer takes no longer than the others."""
        try:
            self._interpreter.allocate()
        except LiteModelError as error:
            raise LiteModelError(f"{self._name}: {error}") from error

    def values(self, windows: np.ndarray, output: str = PROBABILITIES) -> np.ndarray:
        """Return an output [n, width] float32 of windows [n, window_samples] float32 in [-1, 1].

        Raises:
            ModelError: the file does not give it.
            LiteModelError: it cannot run, or is of other classes than it says.
        """
        require_output(self, output)
        try:
            found = self._interpreter.values(np.asarray(windows, np.float32), [output])[output]
        except LiteModelError as error:
            raise LiteModelError(f"{self._name}: {error}") from error
        if output == PROBABILITIES and found.shape[1:] != (self.scheme.num_classes,):
            raise LiteModelError(f"{self._name}: answers with other classes than it names; export it again")
        return found
