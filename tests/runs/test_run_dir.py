from __future__ import annotations

import json
import multiprocessing

import pytest

from irmas_tf.config.run_config import Config, DataConfig, TrainingConfig
from irmas_tf.process.held_temporary import TEMPORARY_PREFIX
from irmas_tf.process.versions import collect_versions
from irmas_tf.runs.run_dir import RunDir, RunDirError


def leftovers(folder):
    return [path.name for path in folder.rglob(f"{TEMPORARY_PREFIX}*")]


def test_a_new_run_describes_itself(tmp_path):
    config = Config(training=TrainingConfig(epochs=3))
    run = RunDir.create(tmp_path / "deep" / "run", config)
    assert RunDir.open(run.path).load_config() == config
    versions = json.loads(run.versions_path.read_text())
    assert versions == json.loads(json.dumps(collect_versions()))
    assert versions["python"].startswith("3.")
    assert versions["tensorflow"][0].isdigit()
    assert versions["cpu_count"] >= 1
    assert sorted(path.name for path in run.path.iterdir()) == [".lock", "config.json", "versions.json"]


def checkpoint(run: RunDir) -> None:
    run.checkpoints_dir.mkdir(exist_ok=True)
    (run.checkpoints_dir / "checkpoint-000000.npz").touch()


def test_the_same_configuration_resumes_and_another_is_refused_naming_the_flags(tmp_path):
    run = RunDir.create(tmp_path, Config())
    checkpoint(run)
    RunDir.create(tmp_path, Config())
    other = Config(training=TrainingConfig(epochs=3, xla=True))
    for function in (RunDir.prepare, RunDir.create):
        with pytest.raises(RunDirError) as caught:
            function(tmp_path, other)
        message = str(caught.value)
        assert f"--run_dir={tmp_path}" in message
        assert f"--epochs=3 (the run has {Config().training.epochs})" in message
        assert "--xla=True (the run has False)" in message
    with run.lock(), pytest.raises(RunDirError, match="with other settings"):
        run.record(other)  # what another process made since `prepare` is found here
    assert run.load_config() == Config()


@pytest.mark.parametrize("left", ["model.keras", "last.keras", "history.csv"])
def test_a_run_whose_checkpoints_were_tidied_away_is_still_one(tmp_path, left):
    RunDir.create(tmp_path, Config())
    (tmp_path / left).touch()
    with pytest.raises(RunDirError, match="with other settings"):
        RunDir.prepare(tmp_path, Config(training=TrainingConfig(epochs=3)))


def test_a_start_that_failed_is_not_a_run(tmp_path):
    run = RunDir.create(tmp_path, Config())
    for path in (run.split_path, run.pretrained_path):
        path.touch()
    run.checkpoints_dir.mkdir()
    (run.checkpoints_dir / f"{TEMPORARY_PREFIX}checkpoint-000000.npz").touch()  # killed while it was written
    RunDir.create(tmp_path, Config())
    assert run.split_path.exists() and not run.pretrained_path.exists()
    other = Config(training=TrainingConfig(epochs=3))
    assert RunDir.create(tmp_path, other).load_config() == other
    assert not run.split_path.exists(), "this was the split of the other configuration"
    assert "resumed_with" not in json.loads(run.versions_path.read_text())


def test_preparing_writes_nothing(tmp_path):
    RunDir.prepare(tmp_path / "new", Config())
    assert list(tmp_path.iterdir()) == []
    run = RunDir.create(tmp_path / "run", Config())
    before = {path: path.read_bytes() for path in run.path.iterdir()}
    RunDir.prepare(run.path, Config(data=DataConfig(data_dir="/elsewhere"), training=TrainingConfig(epochs=3)))
    assert {path: path.read_bytes() for path in run.path.iterdir()} == before


def test_recording_the_same_again_touches_no_file(tmp_path):
    run = RunDir.create(tmp_path, Config())
    before = {path: path.stat().st_ino for path in run.path.iterdir()}
    RunDir.create(tmp_path, Config())
    assert {path: path.stat().st_ino for path in run.path.iterdir()} == before


def test_where_the_data_is_may_change_on_resume_and_the_new_place_is_saved(tmp_path):
    RunDir.create(tmp_path, Config(data=DataConfig(data_dir="/old")))
    moved = Config(data=DataConfig(data_dir="/new", cache="disk"))
    assert RunDir.create(tmp_path, moved).load_config() == moved


def test_resuming_under_other_versions_is_recorded(tmp_path, monkeypatch):
    run = RunDir.create(tmp_path, Config())
    first = json.loads(run.versions_path.read_text())
    RunDir.create(tmp_path, Config())
    assert json.loads(run.versions_path.read_text()) == first
    later = {**first, "tensorflow": "9.9"}
    monkeypatch.setattr("irmas_tf.runs.run_dir.collect_versions", lambda: dict(later))
    for _ in range(2):
        RunDir.create(tmp_path, Config())
    assert json.loads(run.versions_path.read_text()) == {**first, "resumed_with": [later]}


def test_folders_that_are_not_runs_are_refused(tmp_path):
    with pytest.raises(RunDirError, match="no such folder"):
        RunDir.open(tmp_path / "absent")
    with pytest.raises(RunDirError, match=r"has no config\.json"):
        RunDir.open(tmp_path)
    with pytest.raises(RunDirError, match="--run_dir is empty"):
        RunDir.create("", Config())
    (tmp_path / "file").touch()
    with pytest.raises(RunDirError, match="is a file"):
        RunDir.create(tmp_path / "file", Config())
    (tmp_path / "model.keras").touch()
    with pytest.raises(RunDirError, match=r"has model\.keras but no config\.json"):
        RunDir.create(tmp_path, Config())
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "is not the JSON of a configuration"),
        ("[1]", "a configuration must be a mapping of sections"),
        ("\x00", "is not the JSON of a configuration"),
        ('{"model": {"new": 1}}', "unknown setting 'new' .* another version"),
        ('{"training": {"epochs": 0}}', "--epochs=0: must be at least 1"),
    ],
)
def test_a_spoilt_configuration_names_the_file(tmp_path, text, message):
    run = RunDir(tmp_path)
    run.config_path.write_text(text)
    with pytest.raises(RunDirError, match=message) as caught:
        run.load_config()
    assert str(run.config_path) in str(caught.value)


def _hold(path, ready, release):
    with RunDir(path).lock():
        ready.set()
        release.wait(60)


@pytest.mark.slow
def test_a_run_is_locked_while_a_process_trains_and_free_when_it_is_killed(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, release = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(tmp_path, ready, release))
    process.start()
    try:
        assert ready.wait(60)
        (tmp_path / f"{TEMPORARY_PREFIX}x").touch()
        with pytest.raises(RunDirError, match="another process is training here"), RunDir(tmp_path).lock():
            pass
        assert leftovers(tmp_path) == [f"{TEMPORARY_PREFIX}x"], "another's temporary file was removed"
        with pytest.raises(RunDirError, match="another process is training here"):
            RunDir.create(tmp_path, Config())
        assert not (tmp_path / "config.json").exists(), "written without the lock"
    finally:
        process.kill()
        process.join()
    with RunDir(tmp_path).lock():
        assert leftovers(tmp_path) == []
