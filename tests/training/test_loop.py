from __future__ import annotations

import csv
import os
import re
import shutil
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.commands import is_expected
from irmas_tf.data import pipeline
from irmas_tf.run_dir import RunDir
from irmas_tf.training import loop
from irmas_tf.training.callbacks import Interrupted
from irmas_tf.training.checkpoint import CheckpointStore
from irmas_tf.training.excerpts import load_sides
from irmas_tf.training.loop import TrainingError, train


@pytest.fixture(scope="module")
def config(corpus, tiny):
    return tiny(corpus, epochs=2, learning_rate=0.02, ema_decay=0.5)


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory) -> RunDir:
    run = RunDir.create(tmp_path_factory.mktemp("trained"), config)
    train(config, run)
    return run


def final_values(run: RunDir) -> dict[str, bytes]:
    with np.load(CheckpointStore(run.checkpoints_dir).paths()[-1]) as file:
        return {name: file[name].tobytes() for name in file.files if name != "state.json"}


def rows(run: RunDir) -> list[dict[str, str]]:
    with run.history_path.open() as file:
        return list(csv.DictReader(file))


def test_a_run_folder_describes_itself(trained, config):
    for path in (trained.config_path, trained.split_path, trained.versions_path, trained.history_path):
        assert path.stat().st_size > 0
    assert trained.load_config() == config
    assert [row["epoch"] for row in rows(trained)] == ["1", "2"]
    assert "train loss" in trained.log_path.read_text()
    assert list(trained.tensorboard_dir.iterdir())
    assert len(list(trained.checkpoints_dir.iterdir())) == 2


def test_the_saved_model_is_the_best_epochs_averaged_one(trained, config):
    best = max(float(row["validation_accuracy"]) for row in rows(trained))
    model = keras.models.load_model(trained.model_path)
    _, side = load_sides(config, trained)
    logits = np.concatenate([model(x) for x, _ in pipeline.evaluation_dataset(side.paths, config, batch_size=8)])
    assert np.mean(logits.argmax(axis=1) == side.labels) == pytest.approx(best)
    average = [v for k, v in final_values(trained).items() if k.startswith("average/")][1:]
    last = keras.models.load_model(trained.last_model_path)
    assert [w.tobytes() for w in last.get_weights()] == average


def test_it_learns(corpus, tiny, tmp_path):
    config = tiny(corpus, epochs=12, learning_rate=0.02, ema_decay=0.5)
    assert train(config, RunDir.create(tmp_path, config)).best_score > 0.8


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_the_next_start_goes_on(config, tmp_path, trained, number):
    run = RunDir.create(tmp_path, config)

    def send(progress) -> None:
        if progress.update == 8:  # in the second epoch
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted, match=number.name):
        train(config, run, on_update=send)
    with np.load(CheckpointStore(run.checkpoints_dir).paths()[-1]) as file:
        assert b'"update": 8' in file["state.json"].tobytes()
    train(config, run)
    assert final_values(run) == final_values(trained)
    assert [row["validation_loss"] for row in rows(run)] == [row["validation_loss"] for row in rows(trained)]


def test_a_signal_during_validation_does_not_lose_the_epoch(config, tmp_path, trained, monkeypatch):
    run = RunDir.create(tmp_path, config)
    validate = loop.Validator.run

    def interrupted_validation(self, before_batch):
        os.kill(os.getpid(), signal.SIGTERM)
        return validate(self, before_batch)

    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(loop.Validator, "run", interrupted_validation)
        train(config, run)
    updates = []
    train(config, run, on_update=lambda progress: updates.append(progress.update))
    assert updates == list(range(7, 13)), "the first epoch's batches must not be trained again"
    assert final_values(run) == final_values(trained)


def test_a_finished_run_is_left_alone(trained, config, monkeypatch):
    before = {p: p.stat().st_mtime_ns for p in trained.path.rglob("*") if p.is_file()}
    monkeypatch.setattr(loop, "build_model", lambda config: pytest.fail("built a model"))
    assert train(config, trained).finished == "all 2 epochs are done"
    assert {p: p.stat().st_mtime_ns for p in trained.path.rglob("*") if p.is_file()} == before


def test_training_stops_early_without_progress(corpus, tiny, tmp_path):
    config = tiny(
        corpus, epochs=9, learning_rate=1e-12, final_learning_rate=0.0, early_stopping_patience=2, ema_decay=0.0
    )
    run = RunDir.create(tmp_path, config)
    progress = train(config, run)
    assert (progress.epoch, progress.best_epoch) == (3, 1)
    assert progress.finished == "no better validation accuracy for 2 epochs"
    assert len(rows(run)) == 3


def test_a_loss_that_is_not_finite_is_an_error_that_helps(config, tmp_path, monkeypatch):
    monkeypatch.setattr(loop.TrainingStep, "run_batch", lambda *args: tf.constant([np.nan, 0.0]))
    with pytest.raises(TrainingError, match=r"loss became nan in epoch 1; lower --learning_rate=0.02"):
        train(config, RunDir.create(tmp_path, config))


def test_another_number_of_threads_is_warned_about(config, tmp_path, monkeypatch, capsys):
    run = RunDir.create(tmp_path, config)
    with pytest.raises(Interrupted):
        train(config, run, on_update=lambda progress: os.kill(os.getpid(), signal.SIGTERM))
    environment = loop.compute_environment()
    monkeypatch.setattr(loop, "compute_environment", lambda: {**environment, "intra_op_threads": 64})
    train(config, run)
    assert f"intra_op_threads {environment['intra_op_threads']} -> 64" in capsys.readouterr().out


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_an_unreadable_excerpt_is_named(corpus, tiny, tmp_path, cache):
    data = shutil.copytree(corpus, tmp_path / "data")
    broken = sorted(data.rglob("*.wav"))[5]
    broken.write_bytes(b"RIFF" + bytes(40))
    config = tiny(data, epochs=1, cache=cache)
    with pytest.raises(ValueError, match=re.escape(broken.name)) as error:
        train(config, RunDir.create(tmp_path / "run", config))
    assert is_expected(error.value), "the command must end with one line, not with a traceback"
