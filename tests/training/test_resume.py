"""A training killed at any moment ends as if it had not been."""

from __future__ import annotations

import io
import json
import random
import signal
import zipfile
from typing import Any

import h5py
import numpy as np
import pytest

from irmas_tf.runs.identity import check_model
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.checkpoint import CheckpointStore
from tests.helpers import ROOT, fresh_process
from tests.helpers.run_files import history_rows

# Everything that draws at random or keeps state is on.
HARD = {
    "task": "multi_label",
    "epochs": 2,
    "batch_size": 4,
    "accumulation_steps": 4,
    "stage_channels": (4,),
    "head_units": 0,
    "mixup_alpha": 0.4,
    "mix_probability": 0.5,
    "empty_probability": 0.1,
    "noise_probability": 0.5,
    "dropout": 0.3,
    "early_stopping_patience": 2,
    "checkpoint_minutes": 1e-6,  # after every update
}


def run_worker(config, orders: dict[str, list[dict[str, object]]]) -> dict[str, list[int]]:
    worker = ROOT / "tests" / "helpers" / "resume_worker.py"
    done = fresh_process.run([str(worker), config.to_json(), json.dumps(orders)], timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def final_arrays(run: RunDir) -> dict[str, np.ndarray]:
    """Weights, optimizer, averages and seeds at the end, and the weights in both exported models."""
    with np.load(CheckpointStore(run.checkpoints_dir).paths()[-1]) as file:
        arrays = {name: file[name] for name in file.files if name != "state.json"}
    for path in (run.model_path, run.last_model_path):
        with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            weights.visititems(
                lambda name, item, path=path: (
                    arrays.__setitem__(f"{path.name}/{name}", item[()]) if isinstance(item, h5py.Dataset) else None
                )
            )
    return arrays


def history(run: RunDir) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k not in ("seconds", "excerpts_per_second")} for row in history_rows(run)]


def levels(run: RunDir) -> dict[str, Any]:
    """Return the thresholds without the names of the models, whose files hold the time they were written."""
    found = json.loads(run.thresholds_path.read_text())
    return {name: value for name, value in found.items() if name not in ("model_sha256", "before")}


def assert_same(one: RunDir, other: RunDir) -> None:
    first, second = final_arrays(one), final_arrays(other)
    assert first.keys() == second.keys()
    different = [name for name in first if first[name].tobytes() != second[name].tobytes()]
    assert different == []
    assert levels(one) == levels(other)
    for run in (one, other):
        check_model(run, run.load_config())  # its files name each other
    assert history(one) == history(other)
    assert len(history(one)) == HARD["epochs"]


@pytest.mark.slow
def test_kills_at_any_moment_and_between_the_writes_of_an_epochs_end_change_no_bit(corpus, tiny, tmp_path):
    # The checkpoint is saved first, then come model.keras, thresholds.json, last.keras and history.csv. A process that
    # goes on from an epoch's end writes them again before anything else, and is killed there in its turn.
    orders = [
        {"update": 3, "milliseconds": random.Random(20).randint(0, 40)},
        {"file": "model.keras"},
        {"file": "thresholds.json"},
        {"file": "history.csv"},
    ]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    codes = run_worker(tiny(corpus, **HARD), {str(whole): [], str(killed): orders})
    assert codes == {str(whole): [0], str(killed): [-signal.SIGKILL] * len(orders) + [0]}
    run = RunDir.open(killed)
    assert_same(RunDir.open(whole), run)
    assert not [p for p in run.path.rglob("*") if p.name.startswith(".tmp-")], "temporary files are left over"
