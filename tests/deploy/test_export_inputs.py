from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import soundfile
import tensorflow as tf

from irmas_tf.audio.decode import decode_file
from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.datasets.splits import make_split, save_split
from irmas_tf.deploy.export_inputs import load_run, training_windows, validation_score, validation_scores
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.samples import window_values
from irmas_tf.inference.window_model import PROBABILITIES, ModelError
from irmas_tf.models.factory import embedding_model
from irmas_tf.runs.run_dir import RunDir, RunDirError
from irmas_tf.training.checkpoint import CheckpointStore
from irmas_tf.training.progress import Progress
from tests.helpers.small_run import make_small_run


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes, 6 songs each: noise of a class's own level, every file another seed."""
    folder = tmp_path_factory.mktemp("data")
    for number, code in enumerate(("cel", "voi")):
        (folder / "IRMAS-TrainingData" / code).mkdir(parents=True)
        for song in range(6):
            path = folder / "IRMAS-TrainingData" / code / f"[{code}][nod][cla]{10 * number + song:04d}__1.wav"
            rng = np.random.default_rng([number, song])
            soundfile.write(path, 10.0**-number * 0.2 * rng.standard_normal(8000).clip(-4, 4), 8000)
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> RunDir:
    run = make_small_run(tmp_path_factory.mktemp("runs") / "small", str(data_dir))
    excerpts = Irmas(DataConfig()).training(data_dir)
    save_split(run.split_path, make_split(excerpts, split_by="song", validation_fraction=0.5))
    return run


@pytest.fixture
def run(source: RunDir, tmp_path: Path) -> RunDir:
    """Return a copy that a test may damage."""
    shutil.copytree(source.path, tmp_path / "run")
    return RunDir.open(tmp_path / "run")


def record(run: RunDir, state: dict) -> None:
    CheckpointStore(run.checkpoints_dir).save({"model": [tf.Variable(0.0)]}, state)


def test_tensorflow_is_not_loaded_for_a_run_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr("irmas_tf.deploy.export_inputs.import_tensorflow", lambda *_: pytest.fail("too early"))
    with pytest.raises(RunDirError, match="no such folder"):
        load_run(str(tmp_path / "nothing"))


@pytest.mark.slow
def test_a_run_is_loaded_by_the_quiet_import(run, monkeypatch):
    calls = []
    monkeypatch.setattr("irmas_tf.deploy.export_inputs.import_tensorflow", lambda *_: calls.append("quiet"))
    load_run(str(run.path))
    assert calls


def test_a_run_without_checkpoints_is_taken_as_it_is(run):
    loaded = load_run(str(run.path))
    assert loaded.config == run.load_config()
    assert loaded.facts["sample_rate_hz"] == 8000
    assert loaded.model is loaded.live.model


def test_a_training_that_is_not_finished_is_named(run):
    run.checkpoints_dir.mkdir()
    for complete in (None, False):
        if complete is not None:
            record(run, {"progress": Progress(epoch=3, is_complete=complete).to_dict()})
        with pytest.raises(
            RunDirError, match=r"the training is not finished; give its command .* or move checkpoints/"
        ):
            load_run(str(run.path))


def test_a_finished_training_is_taken(run):
    record(run, {"progress": Progress(epoch=3, finished="all epochs", is_complete=True).to_dict()})
    shutil.copy(run.model_path, run.last_model_path)
    run.history_path.write_text("epoch\n")
    assert load_run(str(run.path)).facts["run"] == "run"


@pytest.mark.parametrize("state", [{}, {"progress": {"rows": [], "of_another_version": 1}}, {"progress": 3}])
def test_a_record_of_another_version(run, state):
    record(run, state)
    with pytest.raises(RunDirError, match="holds no record of this version's trainings"):
        load_run(str(run.path))


def damage_json(path: Path, **changes) -> None:
    content = json.loads(path.read_text())
    content["audio"].update(changes)
    path.write_text(json.dumps(content))


DAMAGES = {
    "no folder": (lambda run: shutil.rmtree(run.path), RunDirError, "no such folder"),
    "no configuration": (lambda run: run.config_path.unlink(), RunDirError, r"it has no config\.json"),
    "half a configuration": (lambda run: run.config_path.write_text('{"audio"'), RunDirError, r"config\.json: is not"),
    "another version": (
        lambda run: damage_json(run.config_path, unheard_of=1),
        RunDirError,
        "unheard_of.*written by another version of irmas_tf",
    ),
    "no model": (lambda run: run.model_path.unlink(), ModelError, "no model yet; train the run first"),
    "half a model": (
        lambda run: run.model_path.write_bytes(run.model_path.read_bytes()[:3000]),
        ModelError,
        r"model\.keras: is .*; train again or restore the file",
    ),
    "damaged licence": (lambda run: run.pretrained_path.write_text("{"), RunDirError, r"pretrained\.json: is damaged"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_run_that_cannot_be_used_is_one_clear_error(run, name):
    damage, error, message = DAMAGES[name]
    damage(run)
    with pytest.raises(error, match=message):
        load_run(str(run.path))


@pytest.mark.slow
def test_the_live_side_is_the_model_on_windows_cut_by_hand(source):
    loaded = load_run(str(source.path))
    clip = np.random.default_rng(0).normal(0, 0.1, 4500).astype(np.float32)
    windows = np.stack([clip[start : start + 2000] for start in (0, 1000, 2000, 2500)])
    found = window_values(loaded.live, clip)
    assert found.starts.tolist() == [0, 1000, 2000, 2500]
    logits = np.asarray(loaded.model(windows))
    np.testing.assert_allclose(found.values["logits"], logits, atol=1e-5)
    np.testing.assert_allclose(found.values["probabilities"], scipy.special.softmax(logits, axis=1), atol=1e-6)
    np.testing.assert_allclose(found.values["embedding"], embedding_model(loaded.model)(windows), rtol=1e-4, atol=1e-4)


def test_training_windows_are_of_the_training_split(source, data_dir):
    loaded = load_run(str(source.path))
    found = training_windows(loaded, "", 4)
    assert found.shape == (4, 2000) and found.dtype == np.float32
    split = json.loads(source.split_path.read_text())
    excerpts = {path.name: decode_file(path, 8000)[:2000] for path in data_dir.rglob("*.wav")}
    origins = [next(name for name, clip in excerpts.items() if np.array_equal(clip, window)) for window in found]
    assert len(set(origins)) == 4
    training = json.dumps(split["train"])
    for name in origins:
        assert name.removesuffix(".wav") in training
    assert len(training_windows(loaded, str(data_dir), 1000)) == len(split["train"])
    np.testing.assert_array_equal(training_windows(loaded, "", 4), found)


class ByLevel:
    """Stands in for an exported model: loud is a cello, soft a voice; or the other way round."""

    thresholds = None
    outputs = (PROBABILITIES,)

    def __init__(self, like: RunModel, sign: int = 1) -> None:
        self.audio, self.scheme, self.source, self.sign = like.audio, like.scheme, like.source, sign

    def values(self, windows: np.ndarray, output: str = PROBABILITIES) -> np.ndarray:
        cello, voice = self.scheme.codes.index("cel"), self.scheme.codes.index("voi")
        answers = np.zeros([len(windows), len(self.scheme.codes)], np.float32)
        loud = self.sign * windows.std(axis=1) > self.sign * 0.06
        answers[np.arange(len(windows)), np.where(loud, cello, voice)] = 1.0
        return answers


@pytest.mark.slow
def test_accuracy_on_the_validation_split(source):
    loaded = load_run(str(source.path))
    score = validation_score(loaded, "", ByLevel(loaded.live))
    assert score.value == 1.0 and score.name == "accuracy" and 4 <= score.excerpts <= 8
    own = validation_score(loaded, "")
    assert validation_scores(loaded, "", ByLevel(loaded.live, -1)) == (own, (0.0, score.excerpts, "accuracy"))
