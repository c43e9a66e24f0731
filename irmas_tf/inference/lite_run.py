"""A run that LiteRT answers for: the ``model.tflite`` in its folder, which training makes of its ``model.keras``.

It starts and runs faster than Keras, needs no TensorFlow on the disk, and gives the same probabilities (to 1e-4). It
counts only while it is of the ``model.keras`` beside it, which it names by checksum.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np

from irmas_tf.inference.artefacts import ARTEFACTS
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.window_model import AUTO, LITERT, PROBABILITIES, TENSORFLOW, ClassModel, ModelError
from irmas_tf.process.checksums import checksum_of
from irmas_tf.process.optional_packages import TRAIN, is_installed
from irmas_tf.process.shell_words import shell_path
from irmas_tf.runs.identity import check_model
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.streaming import StreamingError, read_model_facts


class LiteRun(RunModel):
    """A run whose ``model.tflite`` answers; Keras is loaded for nothing but an output that the file does not give.

    Args:
        run: the run; its Keras model is not read.
        lite: the model in its file.
        only_lite: whether what the file does not give is not to be had.
    """

    engine = LITERT

    def __init__(self, run: RunModel, lite: ClassModel, only_lite: bool) -> None:
        super().__init__(run.run, run.config)
        self._lite = lite
        self._only_lite = only_lite

    @functools.cached_property
    def source(self) -> dict[str, Any]:
        """Name of the run, hash of its configuration, SHA-256 of its ``model.keras``, as of the run itself."""
        sha256 = self._lite.source["model_sha256"]
        return {"run": self.run.path.name, "configuration": self.config.hash, "model_sha256": sha256}

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the file gives; without ``only_lite``, and if these are not all, what the Keras model gives."""
        given = tuple(self._lite.outputs)
        return given if self._only_lite or len(given) > 1 else super().outputs

    def warm_up(self) -> None:
        """Set the file's model up, so that the first answer takes no longer than the others."""
        if hasattr(self._lite, "warm_up"):
            self._lite.warm_up()

    def values(self, windows: Any, output: str = PROBABILITIES) -> np.ndarray:
        """Return an output [n, width] float32 of windows [n, window_samples] float32 in [-1, 1]."""
        return self._lite.values(windows, output) if output in self._lite.outputs else super().values(windows, output)


def open_run(run_dir: str | os.PathLike[str], engine: str = AUTO) -> RunModel:
    """Return the model of a run; what is to be said about the choice of the engine is its ``engine_note``.

    Args:
        run_dir: its folder.
        engine: one of `irmas_tf.inference.window_model.ENGINES`; ``auto`` is LiteRT where there is a file for it.

    Raises:
        RunDirError: no such run, its configuration is unreadable, or its model is another run's.
        ModelError: LiteRT is asked for, or there is nothing else, and the run has no file for it.
    """
    model = RunModel.open(run_dir)
    check_model(model.run, model.config)
    if engine == TENSORFLOW:
        return model
    reason = why_not_lite(model.run, model.config.hash)
    if not reason:
        lite = ARTEFACTS.get("tflite").load(model.run.tflite_path)
        return LiteRun(model, lite, engine == LITERT or not is_installed("tensorflow"))
    run_dir, out = shell_path(model.run.path), shell_path(model.run.tflite_path)
    remedy = f"irmas export-tflite --run_dir={run_dir} --out={out} --overwrite makes it"
    if engine == LITERT:
        raise ModelError(f"--engine=litert: {reason}; {remedy}")
    if not is_installed("tensorflow"):
        raise ModelError(f"{reason}, and {model.run.model_path.name} needs TensorFlow: {TRAIN}")
    if model.run.tflite_path.exists():  # without it the run is one of an earlier version, and as it was
        model.engine_note = f"{reason}: TensorFlow answers; {remedy}"
    return model


def why_not_lite(run: RunDir, config_hash: str) -> str:
    """Return why a run's ``model.tflite`` must not answer for it, or an empty text if it may.

    Args:
        run: the run.
        config_hash: of its configuration.
    """
    path = run.tflite_path
    if not path.exists():
        return f"{path} is missing"
    if not is_installed("ai_edge_litert"):
        return f"{path} needs LiteRT (pip install ai-edge-litert)"
    try:
        facts = read_model_facts(path)
    except (StreamingError, OSError) as error:
        return str(error)
    if facts.get("config_hash") != config_hash:
        return f"{path} was made with another configuration"
    # A folder without model.keras, copied to a machine that only answers, is a run all the same.
    if run.model_path.exists() and facts.get("model_sha256") != checksum_of(run.model_path):
        return f"{path} was made from another {run.model_path.name} than the one beside it"
    return ""
