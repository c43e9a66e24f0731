"""What a training has left in its run folder, to be compared."""

from __future__ import annotations

import csv

import numpy as np

from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.checkpoint import CheckpointStore


def checkpoint_values(run: RunDir) -> dict[str, bytes]:
    """Return the bytes of all variables in the last checkpoint, by name."""
    with np.load(CheckpointStore(run.checkpoints_dir).paths()[-1]) as file:
        return {name: file[name].tobytes() for name in file.files if name != "state.json"}


def history_rows(run: RunDir) -> list[dict[str, str]]:
    """Return the rows of history.csv."""
    with run.history_path.open() as file:
        return list(csv.DictReader(file))
