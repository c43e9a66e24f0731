"""One small run and its SavedModel for all tests of the folder; nobody writes into them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.deploy.acceptance import median_milliseconds
from irmas_tf.deploy.export_inputs import LoadedRun, load_run
from irmas_tf.deploy.saved_model import write_saved_model
from irmas_tf.deploy.session_model import SessionModel
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.small_run import make_small_run


@pytest.fixture(scope="session", autouse=True)
def _measure_once() -> Iterator[None]:
    """Let acceptance checks time one window, not fifteen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(median_milliseconds, "__defaults__", (1,))
        yield


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return make_small_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="session")
def small_loaded(small_run: RunDir) -> LoadedRun:
    return load_run(str(small_run.path))


@pytest.fixture(scope="session")
def small_saved_model(small_loaded: LoadedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "irmas" / "1"
    folder.parent.mkdir()
    write_saved_model(small_loaded.model, small_loaded.config, small_loaded.facts, folder)
    return folder


@pytest.fixture(scope="session")
def small_session(small_saved_model: Path) -> Iterator[SessionModel]:
    with contextlib.closing(SessionModel(small_saved_model)) as model:
        yield model


@pytest.fixture(scope="session")
def small_music() -> dict[str, np.ndarray]:
    """Return two notes with decaying overtones, at the rate of the small run."""
    time = np.arange(12_000) / 8000.0
    notes = {"low": 110.0, "high": 523.25}
    return {
        name: sum(0.3 / k * np.exp(-k * time) * np.sin(2 * np.pi * k * hz * time) for k in (1, 2, 3)).astype(np.float32)
        for name, hz in notes.items()
    }
