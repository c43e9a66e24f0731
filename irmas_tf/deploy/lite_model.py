"""A .tflite file as a function of windows, run by ai-edge-litert; neither TensorFlow nor Keras is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.inference.exported_labels import ExportedLabels, exported_audio
from irmas_tf.inference.window_model import LITERT, OUTPUTS, PROBABILITIES, require_output
from irmas_tf.process.quiet_tensorflow import filtered_stderr
from irmas_tf.streaming import StreamingError, read_model_facts
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
        run = self._interpreter.get_signature_runner(SIGNATURE)
        rows: dict[str, list[np.ndarray]] = {name: [] for name in outputs}
        for window in windows:
            try:
                answer = run(**{INPUT: window[None]})
            except RuntimeError as error:
                raise LiteModelError(f"this .tflite model cannot run ({error}); export it again") from error
            for name, values in rows.items():
                values.append(answer[name].copy())  # the runner's output is its own memory
        return {name: np.concatenate(values) for name, values in rows.items()}

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        """Return [n, classes] for windows [n, window_samples] float32."""
        return self.values(windows)[PROBABILITIES]


class LiteModel:
    """A .tflite file that irmas_tf exported; a `irmas_tf.inference.window_model.ClassModel`.

    Its ``outputs`` are those of the file: all that a run gives, or probabilities only in files of earlier versions.

    Args:
        interpreter: its content.
        facts: what it says about itself (`irmas_tf.streaming.read_model_facts`).
        name: its path, for messages.

    Raises:
        LabelsError: what it says is damaged.
    """

    engine = LITERT

    def __init__(self, interpreter: LiteInterpreter, facts: Mapping[str, Any], name: str) -> None:
        labels = ExportedLabels.from_facts(facts, name)
        self.audio = exported_audio(facts, name)
        self.scheme = labels.scheme
        self.thresholds = labels.levels
        self.silence_dbfs = labels.silence_dbfs
        self.source = dict(facts)
        self.outputs = interpreter.outputs
        self._interpreter = interpreter

    @classmethod
    def open(cls, path: str | os.PathLike[str], threads: int = 0) -> LiteModel:
        """Return the model in a file; ``threads`` as for `irmas_tf.deploy.lite_threads.LiteThreads`.

        Raises:
            LiteModelError, LabelsError: ai-edge-litert is not installed, or the file is damaged or not one of ours.
            OSError: it cannot be read.
        """
        from irmas_tf.deploy.lite_threads import LiteThreads

        name = os.fspath(path)
        try:
            facts = read_model_facts(path)
            return cls(LiteThreads(Path(path).read_bytes(), threads), facts, name)
        except StreamingError as error:
            raise LiteModelError(str(error)) from error
        except LiteModelError as error:
            raise LiteModelError(f"{name}: {error}") from error

    def warm_up(self) -> None:
        """Set the model up, so that the first answer takes no longer than the others."""
        self._interpreter.allocate()

    def values(self, windows: np.ndarray, output: str = PROBABILITIES) -> np.ndarray:
        """Return an output [n, width] float32 of windows [n, window_samples] float32 in [-1, 1].

        Raises:
            ModelError: the file does not give it.
        """
        require_output(self, output)
        return self._interpreter.values(np.asarray(windows, np.float32), [output])[output]
