"""A SavedModel's version folder as an artefact: read for use as TF Serving reads it, and compared with its run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from irmas_tf.inference.exported_labels import ExportedModel
from irmas_tf.inference.window_model import OUTPUTS, PROBABILITIES, TENSORFLOW
from irmas_tf.process.quiet_tensorflow import import_tensorflow

if TYPE_CHECKING:
    from irmas_tf.deploy.acceptance import Report
    from irmas_tf.deploy.export_inputs import LoadedRun


class SavedModel(ExportedModel):
    """An exported SavedModel as a function of windows; a `irmas_tf.inference.window_model.ClassModel`.

    Args:
        folder: of the version.

    Raises:
        ExportError, LabelsError: ``signature.json`` is missing or damaged.
        SavedModelError: the graph cannot be loaded.
    """

    outputs = OUTPUTS
    engine = TENSORFLOW

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        import_tensorflow("a SavedModel")
        from irmas_tf.deploy.saved_model import FACTS_NAME, read_facts
        from irmas_tf.deploy.session_model import SessionModel

        super().__init__(read_facts(Path(folder)), os.fspath(Path(folder) / FACTS_NAME))
        self._session = SessionModel(folder)

    def values(self, windows: np.ndarray, output: str = PROBABILITIES) -> np.ndarray:
        """Return an output [n, width] float32 of windows [n, window_samples] float32 in [-1, 1]."""
        # The signature answers for clips; a clip as long as a window is one window.
        return self._session("serving_default", np.asarray(windows, np.float32))[output]


class SavedModelArtefact:
    """The kind of artefact; a `irmas_tf.inference.artefacts.Artefact`."""

    description = "the folder of a SavedModel's version"
    engine = TENSORFLOW

    def recognises(self, path: Path) -> bool:
        """Return whether the folder holds a graph."""
        return (path / "saved_model.pb").is_file()

    def load(self, path: Path) -> SavedModel:
        """Return the model; see `SavedModel`."""
        return SavedModel(path)

    def read_facts(self, path: Path) -> Mapping[str, Any]:
        """Return the content of ``signature.json``.

        Raises:
            ExportError: it is missing or damaged.
        """
        import_tensorflow("reading a SavedModel")
        from irmas_tf.deploy.saved_model import read_facts

        return read_facts(path)

    def write(self, model: Any, config: Any, facts: Mapping[str, Any], path: Path) -> None:
        """Write a version's folder; see `irmas_tf.deploy.saved_model.write_saved_model`."""
        from irmas_tf.deploy.saved_model import write_saved_model

        write_saved_model(model, config, dict(facts), path)

    def check(self, path: Path, loaded: LoadedRun, data_dir: str = "", label: str = "") -> Report:
        """Return the report of every signature, on clips, files and bad input."""
        from irmas_tf.deploy.saved_model_check import check_saved_model

        return check_saved_model(path, loaded.facts, loaded.live, loaded.music, label)


SAVED_MODEL = SavedModelArtefact()
