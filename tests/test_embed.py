from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.run_config import Config, ModelConfig
from irmas_tf.embed import cli
from irmas_tf.models.factory import build_model
from irmas_tf.runs.run_dir import RunDir


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    branch = "mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000"
    config = Config(
        audio=AudioConfig(sample_rate_hz=8000, window_seconds=0.5, window_hop_seconds=0.5),
        model=ModelConfig(branches=(branch,), stage_channels=(8,), stem_stride=2, head_units=12),
    )
    run = RunDir.create(tmp_path_factory.mktemp("run") / "run", config)
    build_model(config).save(run.model_path)
    return run.path


@pytest.mark.slow
def test_a_runs_embeddings_are_written(run, tmp_path, capsys):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    output = tmp_path / "out.npz"
    assert cli([f"--run_dir={run}", f"--output={output}", str(tmp_path / "a.wav")]) == 0
    assert f"1 embedding of 12 numbers: {output}" in capsys.readouterr().out
    assert np.load(output)["embeddings"].shape == (1, 12)


@pytest.mark.slow
def test_an_unreadable_file_is_named_and_costs_nobody_an_embedding(run, tmp_path, capsys):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    (tmp_path / "b.wav").write_bytes(b"x")
    output = tmp_path / "out.csv"
    assert cli([f"--run_dir={run}", f"--output={output}", str(tmp_path)]) == 1
    assert "b.wav" in capsys.readouterr().err
    assert len(output.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--output=x.npz", "--weights=w.npz", "a.wav"], "--weights: are those of a --backbone; name it"),
        (["--output=x.npz", "--backbone=mn04", "--run_dir=r", "a.wav"], "name either --backbone"),
        (["--output=x.npz", "--backbone=mn04", "a.wav"], "irmas convert --backbone=mn04"),
        (["--output=x.npz", "--backbone=mn99", "--weights=w.npz", "a.wav"], "mn04"),
        (["--output=x.npz", "--backbone=mn04", "--weights=absent.npz", "a.wav"], "--weights=absent.npz: no such file"),
        (["--output=x.npz", "--backbone=yamnet", "--weights=w.npz", "--profile", "a.wav"], "--profile: is for"),
        (["--output=x.npz", "--run_dir=r", "--profile", "a.wav"], "--profile: is for --backbone=mn01"),
        (["--output=x.wav", "--run_dir=r", "a.wav"], "end the name in .npz"),
        (["--output=x.npz", "--run_dir=r"], "no audio given"),
        (["--run_dir=r", "a.wav"], "--output is required"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(flags, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli(flags) == 2
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err


def test_missing_weights_are_named_with_where_they_are_published(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli(["--output=x.npz", "--backbone=mn04", "--weights=weights/mn04.npz", "a.wav"]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "no such file" in line]
    spec = BACKBONES.get("mn04")
    command = f"irmas convert --backbone=mn04 --weights={spec.published_file} --out=weights/mn04.npz"
    for part in ("--weights=weights/mn04.npz: ", spec.url, spec.sha256, command):
        assert part in line
