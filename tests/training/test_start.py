"""Going on from a run: more epochs of it, its weights in another; and a second corpus beside the first."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest

from irmas_tf.beginnings.source import check_same_source
from irmas_tf.beginnings.who_saw import seen_path
from irmas_tf.config.settings import ConfigError
from irmas_tf.runs.origin import licences_of, read_origin
from irmas_tf.runs.run_dir import RunDir, RunDirError
from irmas_tf.training.loop import train
from irmas_tf.training.progress import finished_progress
from irmas_tf.training.sides import completed
from tests.helpers.run_files import checkpoint_values, history_rows

pytestmark = pytest.mark.slow
RATES = {"learning_rate": 0.02, "final_learning_rate": 0.001, "warmup_epochs": 0.5}


class Stop(Exception):
    pass


def stop_after(updates: int):
    def check(progress):
        if progress.update == updates:
            raise Stop

    return check


def rows_of(run: RunDir) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k not in ("seconds", "excerpts_per_second")} for row in history_rows(run)]


@pytest.fixture(scope="module")
def short(corpus, tiny):
    return tiny(corpus, epochs=1, stage_channels=(4,), dropout=0.3, checkpoint_minutes=1e-6, **RATES)


@pytest.fixture(scope="module")
def finished(short, tmp_path_factory) -> RunDir:
    run = RunDir.create(tmp_path_factory.mktemp("short") / "first", short)
    train(short, run)
    return run


def test_more_epochs_are_the_last_stage_once_more_bit_for_bit_also_if_interrupted(short, finished, tmp_path):
    longer = dataclasses.replace(short, training=dataclasses.replace(short.training, epochs=3))
    continued = RunDir(shutil.copytree(finished.path, tmp_path / "continued"))
    with pytest.raises(RunDirError, match=r"--epochs=3 \(the run has 1\)"):
        RunDir.prepare(continued.path, longer)
    run = RunDir.prepare(continued.path, longer, more_epochs=True)
    assert run.continues and finished_progress(run) and finished_progress(run, longer) is None
    batches = finished_progress(run).update
    with pytest.raises(Stop):
        train(longer, run, stop_after(batches + 3))
    with pytest.raises(RunDirError, match=r"is not finished, .*; finish its 3 first"):
        more = dataclasses.replace(short, training=dataclasses.replace(short.training, epochs=4))
        train(more, RunDir.prepare(continued.path, more, more_epochs=True))
    again = RunDir.prepare(continued.path, longer, more_epochs=True)
    assert not again.continues
    train(longer, again)
    # The same in one go: two stages.
    rates = ":".join(f"{name}={value}" for name, value in RATES.items())
    defaults = type(short.training)()
    plain = {name: getattr(defaults, name) for name in ("epochs", *RATES)}
    training = dataclasses.replace(short.training, **plain, stages=(f"epochs=1:{rates}", f"epochs=2:{rates}"))
    at_once = dataclasses.replace(short, training=training)
    whole = RunDir.create(tmp_path / "whole", at_once)
    train(at_once, whole)
    assert checkpoint_values(again) == checkpoint_values(whole)
    assert rows_of(again) == rows_of(whole) and len(rows_of(again)) == 3
    (stage,) = read_origin(again)["continued"]
    assert (stage["after_epochs"], stage["epochs"], stage["learning_rate"]) == (1, 2, 0.02)
    assert again.load_config() == longer and finished_progress(again, longer).continued_at == [1]


def test_a_run_that_begins_with_another_says_so_and_whose_songs_were_learnt(finished, corpus, tiny, tmp_path):
    data, values = corpus / "IRMAS-TrainingData", {"stage_channels": (4,), "epochs": 1, "dataset": "folder"}
    config = completed(tiny(data, init_from=str(finished.path), licence_text="Mine.", **values))
    run = RunDir.prepare(tmp_path / "second", config)
    train(config, run)
    log = run.log_path.read_text()
    assert f"begins with {finished.model_path.resolve()}" in log
    assert "songs had been learnt by the run that this one began with" in log
    origin = read_origin(run)["init_from"]
    assert (origin["run"], len(origin["classes"])) == ("first", 3)
    assert json.loads(seen_path(run).read_text())["run"] == "first"
    assert licences_of(run, config)[0] == "Mine." and "IRMAS" in licences_of(run, config)[1]
    # It is in the checkpoint from the start: the flag may be left out.
    without = dataclasses.replace(config, model=dataclasses.replace(config.model, init_from=""))
    assert finished_progress(RunDir.prepare(run.path, without), without)
    (other := tmp_path / "other.keras").write_bytes(b"another model")
    last = dataclasses.replace(config.model, init_from=str(other))
    with pytest.raises(ConfigError, match=r"the run began with another model, .*model\.keras, and goes on"):
        check_same_source(dataclasses.replace(config, model=last), run)


def test_a_second_corpus_trains_in_every_batch_and_resumes_bit_for_bit(corpus, tiny, tmp_path):
    second = tmp_path / "composed"
    shutil.copytree(corpus / "IRMAS-TrainingData" / "cel", second / "cello")
    shutil.copytree(corpus / "IRMAS-TrainingData" / "flu", second / "sitar")
    for path in second.rglob("*.wav"):
        path.write_bytes(path.read_bytes()[:-200] + bytes(200))  # other songs
    (songs := tmp_path / "songs").mkdir()
    shutil.copy(next((second / "sitar").iterdir()), songs / "song.wav")
    config = tiny(
        corpus,
        extra_data_dir=str(second),
        extra_dataset="folder",
        extra_share=0.25,
        backing_probability=0.5,
        backing_dir=str(songs),
        epochs=1,
        stage_channels=(4,),
        checkpoint_minutes=1e-6,
        class_balance="resample",
    )
    whole, stopped = (RunDir.create(tmp_path / name, config) for name in ("whole", "stopped"))
    train(config, whole)
    with pytest.raises(Stop):
        train(config, stopped, stop_after(4))
    train(config, stopped)
    assert checkpoint_values(whole) == checkpoint_values(stopped)
    log = whole.log_path.read_text()
    assert "24 excerpts in --extra_data_dir" in log and "2 in every batch of 8; they have 1 of 11 classes" in log
    assert "24 of 48 excerpts" in log and "(other classes: sitar), and are left out" in log
    assert len(json.loads(seen_path(whole).read_text())["extra"]) == 24
