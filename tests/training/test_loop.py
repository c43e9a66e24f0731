from __future__ import annotations

import csv
import dataclasses
import os
import re
import shutil
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.models.weight_table import WeightsError
from irmas_tf.process.exit_codes import is_expected
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds
from irmas_tf.training import batches as pipeline
from irmas_tf.training import loop
from irmas_tf.training.callbacks import Interrupted
from irmas_tf.training.checkpoint import CheckpointStore
from irmas_tf.training.excerpts import MixedSide, load_sides
from irmas_tf.training.loop import TrainingError, train
from irmas_tf.weights.weight_file import read_weight_file, write_weight_file


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


@pytest.fixture(scope="module")
def several_labels(corpus, tiny, tmp_path_factory) -> RunDir:
    config = tiny(corpus, task="multi_label", epochs=12, learning_rate=0.02, ema_decay=0.5, mixup_alpha=0.4)
    run = RunDir.create(tmp_path_factory.mktemp("several"), config)
    assert train(config, run).best_score > 0.8
    return run


def test_a_run_of_several_labels_keeps_the_thresholds_of_its_best_epoch(several_labels):
    run, config = several_labels, several_labels.load_config()
    best = max(rows(run), key=lambda row: float(row["validation_mean_average_precision"]))
    _, side = load_sides(config, run)
    mixed = MixedSide.of(side, config)
    model = keras.models.load_model(run.model_path)
    p = np.concatenate([tf.sigmoid(model(x)) for x, _ in mixed.evaluation_batches(config)])
    thresholds = Thresholds.load(run.thresholds_path, config.labels.codes)
    right = (p >= thresholds.overall) & mixed.labels
    micro_f1 = 2 * right.sum() / ((p >= thresholds.overall).sum() + mixed.labels.sum())
    assert float(best["validation_micro_f1"]) == pytest.approx(micro_f1, abs=1e-6)


def test_thresholds_that_a_kill_left_out_are_written_again(corpus, tiny, tmp_path):
    run = RunDir.create(tmp_path, tiny(corpus, task="multi_label", epochs=1))
    train(run.load_config(), run)
    before = run.thresholds_path.read_bytes()
    run.thresholds_path.unlink()  # as a process leaves it that ends after its checkpoint and before this file
    train(run.load_config(), run)
    assert run.thresholds_path.read_bytes() == before


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


@pytest.fixture(scope="module")
def staged(corpus, tiny, mn01_weights):
    return tiny(
        corpus,
        branches=("mn01",),
        pretrained_weights=(str(mn01_weights),),
        sample_rate_hz=32000,
        window_seconds=0.25,
        window_hop_seconds=0.25,
        epochs=30,
        warmup_epochs=1.0,
        dropout=0.2,
        stages=(
            "epochs=2:learning_rate=0.02:blocks=0:embed_once=1",
            "epochs=1:learning_rate=0.001:blocks=1:layer_decay=0.5",
        ),
    )


def weights_of(model: keras.Model) -> dict[str, np.ndarray]:
    return {v.path: v.numpy() for v in model.variables if "seed" not in v.path}


@pytest.fixture(scope="module")
def staged_run(staged, tmp_path_factory) -> RunDir:
    run = RunDir.create(tmp_path_factory.mktemp("staged"), staged)
    train(staged, run)
    return run


def test_a_frozen_stage_trains_the_head_and_the_next_one_what_it_names(staged, staged_run):
    log = staged_run.log_path.read_text()
    assert "stage 1 of 2: epochs=2" in log
    assert "stage 2 of 2: epochs=1" in log
    assert len(rows(staged_run)) == 3
    keras.utils.set_random_seed(staged.training.seed)
    model = loop.build_model(staged)
    loop.load_pretrained_weights(model, staged)
    start = weights_of(model)
    end = weights_of(keras.models.load_model(staged_run.last_model_path))
    changed = {path for path, value in end.items() if not np.array_equal(value, start[path])}
    blocks = {path.split("features_")[1].split("_")[0] for path in changed if "features_" in path}
    assert blocks == {"16"}
    assert any("logits" in path for path in changed)


@pytest.mark.parametrize("update", [12, 14])
def test_a_staged_training_goes_on_from_any_stage(staged, staged_run, mn01_weights, tmp_path, update):
    run = RunDir.create(tmp_path / "run", staged)

    def send(progress) -> None:
        if progress.update == update:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted):
        train(staged, run, on_update=send)
    file = read_weight_file(mn01_weights)
    other = write_weight_file(tmp_path / "other.npz", {**file.metadata, "source": {"sha256": "1"}}, file.tensors)
    model = dataclasses.replace(staged.model, pretrained_weights=(str(other),))
    with pytest.raises(WeightsError, match=r"other\.npz: the run began with other weights of mn01"):
        train(dataclasses.replace(staged, model=model), run)
    assert run.load_config() == staged
    train(staged, run)
    assert final_values(run) == final_values(staged_run)


def test_a_cached_stage_is_the_frozen_stage_where_training_changes_no_example(staged, tmp_path):
    def trained(embed_once: int) -> RunDir:
        config = dataclasses.replace(
            staged,
            audio=dataclasses.replace(staged.audio, window_seconds=0.5, window_hop_seconds=0.5),
            model=dataclasses.replace(staged.model, dropout=0.0),
            augment=dataclasses.replace(staged.augment, time_masks=0, frequency_masks=0),
            training=dataclasses.replace(
                staged.training, stages=(f"epochs=1:learning_rate=0.02:blocks=0:embed_once={embed_once}",)
            ),
        )
        run = RunDir.create(tmp_path / str(embed_once), config)
        train(config, run)
        return run

    plain, cached = trained(0), trained(1)
    for one, other in zip(rows(plain), rows(cached), strict=True):
        for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
            assert float(one[name]) == pytest.approx(float(other[name]), rel=1e-3), name
    found = weights_of(keras.models.load_model(cached.last_model_path))
    for path, value in weights_of(keras.models.load_model(plain.last_model_path)).items():
        np.testing.assert_allclose(found[path], value, rtol=2e-3, atol=2e-4, err_msg=path)
