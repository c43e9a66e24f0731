from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import shlex
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.process import places
from irmas_tf.train import cli

RATE_HZ = 8000
FLAGS = [
    "--sample_rate_hz=8000",
    "--window_seconds=0.5",
    "--window_hop_seconds=0.5",
    "--branches=mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000",
    "--stage_channels=8",
    "--stem_stride=2",
    "--block=plain",
    "--head_units=8",
    "--batch_size=4",
    "--epochs=1",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for code in ("cel", "voi"):
        (folder / "IRMAS-TrainingData" / code).mkdir(parents=True)
        for song in range(4):
            name = f"[{code}][pop_roc]{1000 * (code == 'voi') + song:04d}__1.wav"
            noise = 0.1 * rng.standard_normal(RATE_HZ // 2)
            soundfile.write(folder / "IRMAS-TrainingData" / code / name, noise, RATE_HZ)
    return folder


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory) -> tuple[Path, list[str], str]:
    """Return the folder of a finished run, its command and what it printed."""
    run, out = tmp_path_factory.mktemp("finished") / "a first run", io.StringIO()
    command = [*FLAGS, f"--data_dir={data}", f"--run_dir={run}"]
    with contextlib.redirect_stdout(out):
        assert cli(command) == 0
    return run, command, out.getvalue()


@pytest.fixture
def untraced_steps(monkeypatch) -> None:
    """Put fixed sums, [loss, right answers], in place of training steps, whose tracing takes most of the time."""
    import tensorflow as tf

    from irmas_tf.training import loop

    monkeypatch.setattr(loop.TrainingStep, "run_batch", lambda *args: tf.constant([1.0, 2.0]))


@pytest.mark.slow
def test_the_command_trains(finished):
    run, _, out = finished
    assert "train loss" in out and "its epoch is done" in out and "Next: irmas evaluate --run_dir=" in out
    assert (run / "model.keras").exists()
    assert f"{run / 'model.tflite'}: the same model for LiteRT" in out
    from irmas_tf.inference.lite_run import open_run

    assert open_run(run).engine == "litert"


@pytest.mark.slow
def test_what_it_says_to_do_next_works_from_elsewhere(finished, tmp_path, monkeypatch, capsys):
    from irmas_tf.__main__ import cli as irmas

    _, _, out = finished
    program, *words = shlex.split(out.splitlines()[-1].removeprefix("Next: "))
    monkeypatch.chdir(tmp_path)
    assert program == "irmas" and irmas([*words, "--noreport"]) == 0
    assert "accuracy" in capsys.readouterr().out


@pytest.mark.slow
def test_the_run_names_the_folder_that_its_data_is_in(finished, data):
    run, _, out = finished
    folder = str((data / "IRMAS-TrainingData").resolve())
    assert f"data: {folder}\n" in out and f"data: {folder}\n" in (run / "train.log").read_text()
    about = json.loads((run / "data.json").read_text())
    assert (about["folder"], about["excerpts"]) == (folder, 8)
    assert f"note: {about['notes'][0]}" in (run / "train.log").read_text()
    assert "is not the complete IRMAS: 8 excerpts, not 6,705" in about["notes"][0]


@pytest.mark.slow
def test_a_relative_data_folder_is_of_use_from_elsewhere(data, tmp_path, monkeypatch):
    from irmas_tf.train import _with_whole_path
    from tests.helpers.tone_corpus import tiny_config

    monkeypatch.chdir(data.parent)
    assert _with_whole_path(tiny_config(data.name)).data.data_dir == str(data)


@pytest.mark.slow
def test_a_finished_run_is_not_written_to(finished, capsys):
    run, command, _ = finished
    before = files_of(run)
    for flags in ([], ["--data_dir=typo"]):
        assert cli([*command, *flags]) == 0
        assert "already finished" in capsys.readouterr().out
    assert cli([*command, "--head_units=4"]) == 2
    assert "--head_units=4 (the run has 8)" in capsys.readouterr().err
    assert files_of(run) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_training_says_how_to_go_on(data, tmp_path, monkeypatch, capsys, number):
    from irmas_tf.training import callbacks, loop

    def interrupted(config, run, sides):
        raise callbacks.Interrupted(number)

    monkeypatch.setattr(loop, "train", interrupted)
    assert cli([*FLAGS, f"--data_dir={data}", f"--run_dir={tmp_path}"]) == 128 + number
    assert "The same command goes on" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--run_dir=r"], "--data_dir is required"),
        (["--data_dir=d"], "--run_dir is required"),
        (["--run_dir=r", "--data_dir=d", "stray"], "unexpected argument 'stray'"),
        (["--run_dir=r", "--data_dir=d", "--epochs=0"], "--epochs=0: must be at least 1"),
    ],
)
def test_wrong_flags_end_in_one_line(flags, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli(flags) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_data_folder_is_named(tmp_path, capsys):
    assert cli([*FLAGS, f"--data_dir={tmp_path / 'nowhere'}", f"--run_dir={tmp_path / 'run'}"]) == 2
    assert "nowhere" in capsys.readouterr().err


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.usefixtures("untraced_steps")
def test_after_starts_that_failed_the_corrected_command_starts(data, tmp_path, capsys):
    run = tmp_path / "run"
    command = [*FLAGS, f"--data_dir={data}", f"--run_dir={run}"]
    for wrong, message in (
        ("--batch_size=500", "--batch_size=500: must be at most the"),
        ("--data_dir=nowhere", "nowhere"),
        ("--split_by=excerpt --batch_size=500", "--batch_size=500"),
        ("--pretrained_weights=absent.npz", "absent.npz"),
    ):
        assert cli([*command, *wrong.split()]) == 2
        assert message in capsys.readouterr().err
        assert not (run / "split.json").exists() or "weights" in wrong
    assert cli([*command, "--notflite"]) == 0
    assert (run / "model.keras").exists() and not (run / "model.tflite").exists()
    captured = capsys.readouterr()
    assert "its epoch is done" in captured.out
    assert '"split_by": "song"' in (run / "split.json").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("untraced_steps")
def test_a_late_failure_does_not_bind_the_folder_either(data, tmp_path, monkeypatch, capsys):
    from irmas_tf.training import loop

    command = [*FLAGS, f"--data_dir={data}", f"--run_dir={tmp_path}"]
    with monkeypatch.context() as patch:
        patch.setattr(loop, "set_first_weights", lambda *args: (_ for _ in ()).throw(loop.TrainingError("no memory")))
        assert cli([*command, "--split_seed=3", "--head_units=4"]) == 2
    assert json.loads((tmp_path / "split.json").read_text())["seed"] == 3
    assert cli([*command, "--notflite"]) == 0
    assert json.loads((tmp_path / "split.json").read_text())["seed"] == 0
    assert json.loads((tmp_path / "config.json").read_text())["model"]["head_units"] == 8


@pytest.mark.slow
@pytest.mark.usefixtures("untraced_steps")
def test_a_wrong_data_folder_does_not_get_into_an_unfinished_run(data, tmp_path, monkeypatch, capsys):
    from irmas_tf.training import callbacks, loop

    command = [*FLAGS, f"--data_dir={data}", f"--run_dir={tmp_path / 'run'}"]
    with monkeypatch.context() as patch:
        patch.setattr(loop._Training, "_train_epoch", lambda self: (_ for _ in ()).throw(callbacks.Interrupted(15)))
        assert cli(command) == 128 + 15
    before = files_of(tmp_path / "run")
    assert cli([*command, f"--data_dir={tmp_path / 'typo'}"]) == 2
    other = shutil.copytree(data, tmp_path / "other")
    for path in (other / "IRMAS-TrainingData" / "cel").iterdir():
        path.rename(path.with_name(path.name.replace("]0", "]9")))
    assert cli([*command, f"--data_dir={other}"]) == 2
    assert "are missing from the data directory" in capsys.readouterr().err
    assert files_of(tmp_path / "run") == before
    moved = shutil.copytree(data, tmp_path / "moved")
    assert cli([*command, f"--data_dir={moved}", "--notflite"]) == 0
    assert json.loads((tmp_path / "run" / "config.json").read_text())["data"]["data_dir"] == str(moved)


@pytest.mark.slow
def test_a_second_start_is_refused_and_writes_nothing(data, tmp_path, capsys):
    from irmas_tf.runs.run_dir import RunDir

    run = RunDir(tmp_path)
    with run.lock():
        before = files_of(tmp_path)
        assert cli([*FLAGS, f"--data_dir={data}", f"--run_dir={tmp_path}"]) == 2
        assert "another process is training here" in capsys.readouterr().err
        assert files_of(tmp_path) == before


@pytest.mark.slow
def test_a_disk_that_cannot_hold_the_checkpoints_is_refused_before_the_first_epoch(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(places, "free_bytes", lambda path: 1000)
    run = tmp_path / "run"
    assert cli([*FLAGS, f"--data_dir={data}", f"--run_dir={run}"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"error: --run_dir={run}: needs about ") and "has 1.0 kB free" in error
    assert not (run / "checkpoints").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("untraced_steps")
def test_a_disk_that_fills_up_ends_the_training_in_one_line_and_the_same_command_goes_on(
    data, tmp_path, capsys, monkeypatch
):
    run, savez, calls = tmp_path / "run", np.savez, []

    def fill_up(file, **arrays):
        calls.append(file)
        if len(calls) == 2:
            file.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        savez(file, **arrays)

    monkeypatch.setattr(np, "savez", fill_up)
    command = [*FLAGS, f"--data_dir={data}", f"--run_dir={run}", "--notflite"]
    assert cli(command) == 2
    note, error = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: {run}/checkpoints/checkpoint-000001.npz: does not fit on its disk (")
    assert note.startswith("note: ") and error.endswith("The same command goes on from the last checkpoint")
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["checkpoint-000000.npz"]
    assert cli(command) == 0
