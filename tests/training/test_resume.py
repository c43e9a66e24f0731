"""A training killed at any moment ends as if it had not been."""

from __future__ import annotations

import csv
import io
import json
import random
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.checkpoint import CheckpointStore
from tests.helpers import ROOT

# Everything that draws at random or keeps state is on.
HARD = {
    "task": "multi_label",
    "epochs": 4,
    "batch_size": 4,
    "accumulation_steps": 2,
    "mixup_alpha": 0.4,
    "random_time_stretch": 0.1,
    "mix_probability": 0.5,
    "empty_probability": 0.1,
    "noise_probability": 0.5,
    "dropout": 0.3,
    "early_stopping_patience": 4,
    "checkpoint_minutes": 1e-6,  # after every update
}


def run_worker(folder: Path, config, orders: list[dict[str, int]]) -> list[int]:
    worker = ROOT / "tests" / "helpers" / "resume_worker.py"
    command = [sys.executable, str(worker), str(folder), config.to_json(), json.dumps(orders)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
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
    with run.history_path.open() as file:
        rows = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if k not in ("seconds", "excerpts_per_second")} for row in rows]


def assert_same(one: RunDir, other: RunDir) -> None:
    first, second = final_arrays(one), final_arrays(other)
    assert first.keys() == second.keys()
    different = [name for name in first if first[name].tobytes() != second[name].tobytes()]
    assert different == []
    assert one.thresholds_path.read_bytes() == other.thresholds_path.read_bytes()
    assert history(one) == history(other)
    assert len(history(one)) == HARD["epochs"]


@pytest.fixture(scope="module")
def uninterrupted(corpus, tiny, tmp_path_factory) -> RunDir:
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert run_worker(folder, tiny(corpus, **HARD), []) == [0]
    return RunDir.open(folder)


def test_five_kills_at_random_moments_change_no_bit(corpus, tiny, tmp_path, uninterrupted):
    rng = random.Random(20)
    orders = [{"update": rng.randint(1, 4), "milliseconds": rng.randint(0, 40)} for _ in range(5)]
    codes = run_worker(tmp_path, tiny(corpus, **HARD), orders)
    assert codes == [-signal.SIGKILL] * 5 + [0]
    assert_same(uninterrupted, RunDir.open(tmp_path))


def test_kills_between_the_writes_of_an_epochs_end_change_no_bit(corpus, tiny, tmp_path, uninterrupted):
    # With checkpoints at epochs' ends only, the moves of a first process are: configuration and versions are there,
    # then 1 first checkpoint, 2 checkpoint of epoch 1, 3 model.keras, 4 thresholds.json, 5 last.keras, 6 history.csv. A
    # resumed process begins with its epoch's 1 model.keras and 2 thresholds.json (if the best), 3 last.keras,
    # 4 history.csv.
    config = tiny(corpus, **{**HARD, "checkpoint_minutes": 60.0})
    orders = [{"write": n} for n in (1, 3, 2, 3, 4)]
    codes = run_worker(tmp_path, config, orders)
    assert codes == [-signal.SIGKILL] * 5 + [0]
    run = RunDir.open(tmp_path)
    assert_same(uninterrupted, run)
    assert not [p for p in run.path.rglob("*") if p.name.startswith(".tmp-")], "temporary files are left over"
