from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.run_config import Config, ModelConfig
from irmas_tf.datasets.splits import Split, save_split
from irmas_tf.models.factory import build_model
from irmas_tf.probe import cli
from irmas_tf.runs.run_dir import RunDir


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for number, code in enumerate(("cel", "voi")):
        target = folder / "IRMAS-TrainingData" / code
        target.mkdir(parents=True)
        for song in range(6):
            samples = np.sin(np.arange(6000) * (0.1 + number)) + 0.1 * rng.standard_normal(6000)
            soundfile.write(target / f"[{code}][cla]{10 * number + song:04d}__1.wav", 0.5 * samples, 8000)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory, data_dir):
    """A run that trained on the songs 0 and 1 of each class, and was validated on the other four."""
    branch = "mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000"
    config = Config(
        audio=AudioConfig(sample_rate_hz=8000, window_seconds=0.5, window_hop_seconds=0.5),
        model=ModelConfig(branches=(branch,), stage_channels=(8,), stem_stride=2, head_units=12),
    )
    run = RunDir.create(tmp_path_factory.mktemp("run") / "run", config)
    build_model(config).save(run.model_path)
    names = [excerpt.name for excerpt in config.dataset.training(data_dir)]
    train = tuple(name for name in names if int(name.rpartition("]")[2][:4]) % 10 < 2)
    save_split(run.split_path, Split(train, tuple(sorted(set(names) - set(train))), 0, "song", 0.7))
    return run.path


@pytest.mark.slow
def test_json_on_standard_output_and_in_a_file(run, data_dir, tmp_path, capsys):
    flags = [f"--run_dir={run}", f"--data_dir={data_dir}", f"--cache_dir={tmp_path}", "--folds=2"]
    assert cli([*flags, "--format=json", f"--output={tmp_path / 'probe.json'}"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "probe.json").read_text())
    assert printed["songs"] == printed["excerpts"] == 8, "of 12 songs the network has learnt four"
    assert printed["songs_of"].startswith("the validation side of run run") and printed["network"]["run"] == "run"
    assert printed["names"][0] == "cello" and printed["per_class"][0]["name"] == "cello"
    assert len(printed["network"]["model_sha256"]) == 64
    assert 0 <= printed["accuracy"]["value"] <= 1
    assert cli(flags) == 0
    table = capsys.readouterr().out
    assert "95 % over songs" in table and "songs its network has not learnt from" in table


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--data_dir=absent", "--folds=1"], "--folds=1: must be at least 2"),
        (["--data_dir=absent"], "absent"),
        (["--data_dir=DATA", "--folds=7"], "--folds=7: cel (cello) has only 4 songs in the validation side of run run"),
        (["--data_dir=DATA", "--folds=7"], "; use --folds=4"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(run, data_dir, tmp_path, flags, message, capsys):
    flags = [flag.replace("DATA", str(data_dir)) for flag in flags]
    assert cli([f"--run_dir={run}", f"--cache_dir={tmp_path}", *flags]) == 2
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err


def test_missing_weights_are_named_with_where_they_are_published(data_dir, tmp_path, capsys):
    spec, path = BACKBONES.get("mn04"), tmp_path / "mn04.npz"
    assert cli(["--backbone=mn04", f"--weights={path}", f"--data_dir={data_dir}", f"--cache_dir={tmp_path}"]) == 2
    err = capsys.readouterr().err
    for part in (
        f"--weights={path}: no such file",
        spec.url,
        spec.sha256,
        f"--backbone=mn04 --weights={spec.published_file}",
    ):
        assert part in err
