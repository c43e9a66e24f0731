"""An .onnx file as a function of windows, run by ONNX Runtime; neither TensorFlow nor Keras is needed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.inference.exported_labels import ExportedModel
from irmas_tf.inference.window_model import OUTPUTS, PROBABILITIES, require_output
from irmas_tf.process.optional_packages import is_installed

ENGINE = "onnxruntime"
INPUT = "waveform"
FACTS = "irmas_tf.json"
"""Key of what a file says about itself, in ONNX's metadata_props."""
_QUIET = 3  # errors only: ONNX Runtime warns of constants that its own optimiser leaves over


class OnnxModelError(ValueError):
    """A file is not a model that can be run; the message says why and the remedy."""


class OnnxModel(ExportedModel):
    """An .onnx file that irmas_tf exported; a `irmas_tf.inference.window_model.ClassModel`.

    Args:
        session: of ONNX Runtime.
        facts: what the file says about itself.
        name: its path, for messages.

    Raises:
        LabelsError: what it says is damaged.
        OnnxModelError: its input and outputs are others.
    """

    engine = ENGINE

    def __init__(self, session: Any, facts: Mapping[str, Any], name: str) -> None:
        super().__init__(facts, name)
        given = {output.name for output in session.get_outputs()}
        self.outputs = tuple(output for output in OUTPUTS if output in given)
        if [one.name for one in session.get_inputs()] != [INPUT] or PROBABILITIES not in given:
            raise OnnxModelError(f"{name}: does not turn a {INPUT} into {PROBABILITIES}; export it again")
        self._session = session

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> OnnxModel:
        """Return the model in a file.

        Raises:
            OnnxModelError, LabelsError: ONNX Runtime is not installed, or the file is damaged or not one of ours.
            OSError: it cannot be read.
        """
        session = open_session(path)
        return cls(session, facts_of(session, path), os.fspath(path))

    def values(self, windows: np.ndarray, output: str = PROBABILITIES) -> np.ndarray:
        """Return an output [n, width] float32 of windows [n, window_samples] float32 in [-1, 1].

        Raises:
            ModelError: the file does not give it.
        """
        require_output(self, output)
        rows = np.asarray(windows, np.float32)
        return np.concatenate([self._session.run([output], {INPUT: rows[k : k + 1]})[0] for k in range(len(rows))])


def open_session(path: str | os.PathLike[str]) -> Any:
    """Return an .onnx file in ONNX Runtime, on the CPU.

    Raises:
        OnnxModelError: ONNX Runtime is not installed, or this is not a model.
        OSError: it cannot be read.
    """
    content = Path(path).expanduser().read_bytes()
    if not is_installed("onnxruntime"):
        raise OnnxModelError(f"{path}: running an .onnx file needs ONNX Runtime: pip install onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common base
        raise OnnxModelError(
            f"{path}: is not an ONNX model, or is damaged ({_first_line(error)}); export it again"
        ) from error


def facts_of(session: Any, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a file says about itself.

    Raises:
        OnnxModelError: it says nothing.
    """
    texts: Mapping[str, str] = session.get_modelmeta().custom_metadata_map
    try:
        facts = json.loads(texts[FACTS])
    except (KeyError, ValueError, RecursionError) as error:
        raise OnnxModelError(f"{path}: was not exported by irmas_tf, it has no {FACTS} inside") from error
    if not isinstance(facts, dict):
        raise OnnxModelError(f"{path}: is damaged, its {FACTS} is no object; export it again")
    return facts


def _first_line(error: Exception) -> str:
    lines: Sequence[str] = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0]
