"""The content of a .tflite file, run by ai-edge-litert window by window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from irmas_tf.inference.window_model import OUTPUTS, PROBABILITIES
from irmas_tf.process.quiet_tensorflow import filtered_stderr
from irmas_tf.tflite.facts import INPUT, SIGNATURE


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
            self.allocate()
            self._interpreter.invoke()
        except RuntimeError as error:
            raise LiteModelError(f"this .tflite model cannot run ({error}); export it again") from error

    def allocate(self) -> None:
        """Let LiteRT set the model up, once, without its line about the processor."""
        if self._is_allocated:
            return
        with filtered_stderr():
            try:
                self._interpreter.allocate_tensors()
            except (RuntimeError, ValueError) as error:
                raise LiteModelError(f"this .tflite model cannot run ({error}); export it again") from error
        self._is_allocated = True

    @property
    def input_shape(self) -> list[int]:
        """Shape of the waveform."""
        return [int(size) for size in self._interpreter.get_input_details()[0]["shape"]]

    @property
    def outputs(self) -> tuple[str, ...]:
        """What it gives; files of earlier versions give probabilities only."""
        given = self.signatures.get(SIGNATURE, {}).get("outputs", ())
        return tuple(name for name in OUTPUTS if name in given)

    def values(self, windows: np.ndarray, outputs: Sequence[str] = (PROBABILITIES,)) -> dict[str, np.ndarray]:
        """Return {output: [n, width]} for windows [n, window_samples] float32.

        Raises:
            LiteModelError: it cannot run.
        """
        self.allocate()
        rows: dict[str, list[np.ndarray]] = {name: [] for name in outputs}
        try:
            run = self._interpreter.get_signature_runner(SIGNATURE)
            for window in windows:
                answer = run(**{INPUT: window[None]})
                for name, values in rows.items():
                    values.append(answer[name].copy())  # the runner's output is its own memory
        except (RuntimeError, ValueError, KeyError) as error:  # Values and names: it takes and gives other things
            raise LiteModelError(f"this .tflite model cannot run ({error}); export it again") from error
        return {name: np.concatenate(values) for name, values in rows.items()}

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        """Return [n, classes] for windows [n, window_samples] float32."""
        return self.values(windows)[PROBABILITIES]
