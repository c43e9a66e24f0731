"""The run folder as a kind of artefact (`irmas_tf.inference.artefacts`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from irmas_tf.inference.lite_run import open_run
from irmas_tf.inference.run_model import RunModel
from irmas_tf.runs.run_dir import RunDir


class RunFolder:
    """The run folder as a kind of artefact; a `irmas_tf.inference.artefacts.Artefact`."""

    description = "the folder of a run"

    def recognises(self, path: Path) -> bool:
        """Return whether the folder holds a configuration."""
        return RunDir(path).config_path.is_file()

    def load(self, path: Path) -> RunModel:
        """Return the run with its model; see `irmas_tf.inference.lite_run.open_run`.

        Raises:
            RunDirError, ModelError: it cannot be used.
        """
        run = open_run(path)
        run.warm_up()
        return run

    def read_facts(self, path: Path) -> dict[str, Any]:
        """Return where the model comes from."""
        return RunModel.open(path).source


RUN_FOLDER = RunFolder()
