from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.train import cli

RATE_HZ = 8000
FLAGS = [
    "--sample_rate_hz=8000",
    "--window_seconds=0.5",
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


def test_the_command_trains_and_then_says_that_it_is_done(data, tmp_path, capsys):
    command = [*FLAGS, f"--data_dir={data}", f"--run_dir={tmp_path / 'run'}"]
    assert cli(command) == 0
    out = capsys.readouterr().out
    assert "train loss" in out and "all 1 epochs are done" in out and "irmas_tf.evaluate" in out
    assert (tmp_path / "run" / "model.keras").exists()
    assert cli(command) == 0
    assert "already finished" in capsys.readouterr().out


def test_another_configuration_does_not_touch_the_run(data, tmp_path, capsys):
    command = [*FLAGS, f"--data_dir={data}", f"--run_dir={tmp_path}"]
    assert cli(command) == 0
    before = (tmp_path / "model.keras").read_bytes()
    assert cli([*command, "--epochs=2"]) == 2
    assert "--epochs=2 (the run has 1)" in capsys.readouterr().err
    assert (tmp_path / "model.keras").read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_training_says_how_to_go_on(data, tmp_path, monkeypatch, capsys, number):
    from irmas_tf.training import callbacks, loop

    def interrupted(config, run):
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
