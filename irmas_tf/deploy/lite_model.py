"""A .tflite file as a function of windows, run by ai-edge-litert; neither TensorFlow nor Keras is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.inference.exported_labels import ExportedLabels, exported_audio
from irmas_tf.inference.window_model import LITERT, PROBABILITIES
from irmas_tf.process.quiet_tensorflow import filtered_stderr
from irmas_tf.streaming import StreamingError, read_model_facts

SIGNATURE, INPUT, OUTPUT = "serving_default", "waveform", PROBABILITIES


class LiteModelError(ValueError):
    """A file's content is not a model that can be run; the message says why and the remedy."""


class LiteInterpreter:
    """The content of a .tflite file, ready to run.

    Args:
        content: of the file.
        threads: for the interpreter.

    Raises:
        LiteModelError: ai-edge-litert is not installed, or this is not a model.
    """

    def __init__(self, content: bytes, threads: int = 1) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise LiteModelError(
                f"running a .tflite file needs the package ai-edge-litert ({error}); pip install ai-edge-litert"
            ) from error
        try:
            self._interpreter = Interpreter(model_content=content, num_threads=threads)
        except ValueError as error:
            raise LiteModelError(f"this is not a .tflite model ({error}); export it again") from error
        self._is_allocated = False
        self.signatures: dict[str, Any] = self._interpreter.get_signature_list()

    def run_once(self) -> None:
        """Run it, whatever it takes and gives.

        Raises:
            LiteModelError: it cannot run.
        """
        try:
            self._allocate()
            self._interpreter.invoke()
        except RuntimeError as error:
            raise LiteModelError(f"this .tflite model cannot run ({error}); export it again") from error

    def _allocate(self) -> None:
        """Let LiteRT set the model up, once, without its line about the processor."""
        if not self._is_allocated:
            with filtered_stderr():
                self._interpreter.allocate_tensors()
            self._is_allocated = True

    @property
    def input_shape(self) -> list[int]:
        """Shape of the waveform."""
        return [int(size) for size in self._interpreter.get_input_details()[0]["shape"]]

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        """Return [n, classes] for windows [n, window_samples] float32."""
        self._allocate()
        run = self._interpreter.get_signature_runner(SIGNATURE)
        # A copy, because the runner's output is its own memory.
        return np.concatenate([run(**{INPUT: window[None]})[OUTPUT].copy() for window in windows])


class LiteModel:
    """A .tflite file that irmas_tf exported; a `irmas_tf.inference.window_model.ClassModel` without embedding.

    Args:
        interpreter: its content.
        facts: what it says about itself (`irmas_tf.streaming.read_model_facts`).
        name: its path, for messages.

    Raises:
        LabelsError: what it says is damaged.
    """

    outputs = (PROBABILITIES,)
    engine = LITERT

    def __init__(self, interpreter: LiteInterpreter, facts: Mapping[str, Any], name: str) -> None:
        labels = ExportedLabels.from_facts(facts, name)
        self.audio = exported_audio(facts, name)
        self.scheme = labels.scheme
        self.thresholds = labels.levels
        self.silence_dbfs = labels.silence_dbfs
        self.source = dict(facts)
        self._interpreter = interpreter

    @classmethod
    def open(cls, path: str | os.PathLike[str], threads: int = 1) -> LiteModel:
        """Return the model in a file.

        Raises:
            LiteModelError, LabelsError: ai-edge-litert is not installed, or the file is damaged or not one of ours.
            OSError: it cannot be read.
        """
        name = os.fspath(path)
        try:
            facts = read_model_facts(path)
            return cls(LiteInterpreter(Path(path).read_bytes(), threads), facts, name)
        except StreamingError as error:
            raise LiteModelError(str(error)) from error
        except LiteModelError as error:
            raise LiteModelError(f"{name}: {error}") from error

    def values(self, windows: np.ndarray, output: str = PROBABILITIES) -> np.ndarray:
        """Return probabilities [n, classes] float32 of windows [n, window_samples] float32 in [-1, 1]."""
        return self._interpreter.probabilities(np.asarray(windows, np.float32))
