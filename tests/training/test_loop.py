from __future__ import annotations

import os
import re
import shutil
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.process.exit_codes import is_expected
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds
from irmas_tf.training import batches as pipeline
from irmas_tf.training import loop
from irmas_tf.training.callbacks import Interrupted
from irmas_tf.training.checkpoint import CheckpointStore
from irmas_tf.training.excerpts import SideMixtures, evaluation_batches
from irmas_tf.training.loop import TrainingError, train
from irmas_tf.training.sides import load_sides
from tests.helpers.run_files import checkpoint_values, history_rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(corpus, tiny):
    return tiny(corpus, epochs=2, learning_rate=0.02, ema_decay=0.5, stage_channels=(8,))


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory) -> RunDir:
    run = RunDir.create(tmp_path_factory.mktemp("trained"), config)
    train(config, run)
    return run


def test_a_run_folder_describes_itself(trained, config):
    for path in (trained.config_path, trained.split_path, trained.versions_path, trained.history_path):
        assert path.stat().st_size > 0
    assert trained.load_config() == config
    assert [row["epoch"] for row in history_rows(trained)] == ["1", "2"]
    assert "train loss" in trained.log_path.read_text()
    assert list(trained.tensorboard_dir.iterdir())
    assert len(list(trained.checkpoints_dir.iterdir())) == 2


def test_the_saved_model_is_the_best_epochs_averaged_one(trained, config):
    best = max(float(row["validation_accuracy"]) for row in history_rows(trained))
    model = keras.models.load_model(trained.model_path)
    _, side = load_sides(config, trained)[:2]
    logits = np.concatenate([model(x) for x, _ in pipeline.evaluation_dataset(side.paths, config, batch_size=8)])
    assert np.mean(logits.argmax(axis=1) == side.labels) == pytest.approx(best)
    average = [v for k, v in checkpoint_values(trained).items() if k.startswith("average/")][1:]
    last = keras.models.load_model(trained.last_model_path)
    assert [w.tobytes() for w in last.get_weights()] == average


@pytest.fixture(scope="module")
def several_labels(corpus, tiny, tmp_path_factory) -> RunDir:
    learning = {"epochs": 3, "learning_rate": 0.03, "ema_decay": 0.5, "mixup_alpha": 0.4}
    config = tiny(corpus, task="multi_label", stage_channels=(8,), **learning)
    run = RunDir.create(tmp_path_factory.mktemp("several"), config)
    assert train(config, run).best_score > 0.7, "it learns; a third of the answers is guessed right"
    return run


def test_a_run_of_several_labels_keeps_the_thresholds_of_its_best_epoch(several_labels):
    run, config = several_labels, several_labels.load_config()
    best = max(history_rows(run), key=lambda row: float(row["validation_mean_average_precision"]))
    _, side = load_sides(config, run)[:2]
    mixed = SideMixtures.of(side, config)
    model = keras.models.load_model(run.model_path)
    p = np.concatenate([tf.sigmoid(model(x)) for x, _ in evaluation_batches(mixed, config)])
    thresholds = Thresholds.load(run.thresholds_path, config.labels.codes)
    right = (p >= thresholds.overall) & mixed.labels
    micro_f1 = 2 * right.sum() / ((p >= thresholds.overall).sum() + mixed.labels.sum())
    assert float(best["validation_micro_f1"]) == pytest.approx(micro_f1, abs=1e-6)


def test_signals_save_and_the_next_start_goes_on_and_says_what_has_changed(
    config, tmp_path, trained, monkeypatch, capsys
):
    run = RunDir.create(tmp_path, config)
    validate = loop.Validator.run

    def interrupted_validation(self, before_batch):
        os.kill(os.getpid(), signal.SIGINT)
        return validate(self, before_batch)

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="SIGINT"):
        patch.setattr(loop.Validator, "run", interrupted_validation)
        train(config, run)
    updates = []

    def send(progress) -> None:
        updates.append(progress.update)
        if progress.update == 8:  # in the second epoch
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted, match="SIGTERM"):
        train(config, run, on_update=send)
    assert updates == [7, 8], "the first epoch's batches must not be trained again, though it was being judged"
    with np.load(CheckpointStore(run.checkpoints_dir).paths()[-1]) as file:
        assert b'"update": 8' in file["state.json"].tobytes()
    environment = loop.compute_environment()
    monkeypatch.setattr(loop, "compute_environment", lambda: {**environment, "intra_op_threads": 64})
    train(config, run)
    assert f"intra_op_threads {environment['intra_op_threads']} -> 64" in capsys.readouterr().out
    assert checkpoint_values(run) == checkpoint_values(trained)
    first, second = ([row["validation_loss"] for row in history_rows(each)] for each in (run, trained))
    assert first == second


def test_a_finished_run_is_left_alone(trained, config, monkeypatch):
    before = {p: p.stat().st_mtime_ns for p in trained.path.rglob("*") if p.is_file()}
    monkeypatch.setattr(loop, "build_model", lambda config: pytest.fail("built a model"))
    assert train(config, trained).finished == "all 2 epochs are done"
    assert {p: p.stat().st_mtime_ns for p in trained.path.rglob("*") if p.is_file()} == before


@pytest.fixture
def steps_give(monkeypatch):
    """Return a function that puts fixed sums, [loss, right answers], in place of training steps and their tracing."""
    return lambda *sums: monkeypatch.setattr(loop.TrainingStep, "run_batch", lambda *args: tf.constant(sums))


def test_training_stops_early_without_progress(corpus, tiny, tmp_path, steps_give):
    config = tiny(corpus, epochs=9, early_stopping_patience=2, ema_decay=0.0, stage_channels=(8,))
    run = RunDir.create(tmp_path, config)
    steps_give(1.0, 3.0)
    progress = train(config, run)
    assert (progress.epoch, progress.best_epoch) == (3, 1)
    assert progress.finished == "no better validation accuracy for 2 epochs"
    assert len(history_rows(run)) == 3


def test_a_loss_that_is_not_finite_is_an_error_that_helps(config, tmp_path, steps_give):
    steps_give(np.nan, 0.0)
    with pytest.raises(TrainingError, match=r"loss became nan in epoch 1; lower --learning_rate=0.02"):
        train(config, RunDir.create(tmp_path, config))


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_an_unreadable_excerpt_is_named(corpus, tiny, tmp_path, steps_give, cache):
    data = shutil.copytree(corpus, tmp_path / "data")
    broken = sorted(data.rglob("*.wav"))[5]
    broken.write_bytes(b"RIFF" + bytes(40))
    config = tiny(data, epochs=1, cache=cache, stage_channels=(8,))
    steps_give(1.0, 3.0)
    with pytest.raises(ValueError, match=re.escape(broken.name)) as error:
        train(config, RunDir.create(tmp_path / "run", config))
    assert is_expected(error.value), "the command must end with one line, not with a traceback"
