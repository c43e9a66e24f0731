"""Every shipped flagfile is a document and a test case: it parses strictly, builds its model and trains a step."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.config.flags import ALL, Command, parse_flags
from irmas_tf.config.run_config import Config
from irmas_tf.configs import cli
from tests.helpers import DEEP, ROOT

FLAGFILES = sorted((ROOT / "configs").glob("*.flags"))
COMMAND = Command("test", "Parse.", config_fields=ALL)


def read(path: Path, *flags: str) -> Config:
    return parse_flags(COMMAND, [f"--flagfile={path}", *flags]).config()


def test_the_documented_configurations_exist():
    assert {"demo", "nine_branch", "three_branch", "reference"} <= {path.stem for path in FLAGFILES}


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda path: path.stem)
def test_it_parses_and_survives_json(path):
    config = read(path)
    assert Config.from_dict(config.to_dict()) == config
    assert config.data.data_dir == "", "a shipped file must not name a folder of somebody's machine"
    assert config.data.split_by == "song", "a shipped file must not leak songs"


@pytest.mark.parametrize("path", [p for p in FLAGFILES if p.stem != "reference"], ids=lambda path: path.stem)
def test_its_header_says_what_source_command_time_and_scores(path):
    header = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    text = "\n".join(header)
    for label in ("What:", "Source:", "Command:", "Time:", "Expected:"):
        assert f"# {label}" in text, f"{path.name} has no {label}"
    assert f"irmas train --flagfile={path.stem} " in text


@pytest.mark.parametrize("stem, branches", [("nine_branch", 9), ("three_branch", 3), ("demo", 3)])
def test_it_has_the_branches_its_name_says(stem, branches):
    configs = read(ROOT / "configs" / f"{stem}.flags").model.branch_configs
    assert len(configs) == len({branch.spec() for branch in configs}) == branches
    if branches == 9:
        scales = {branch.scale for branch in configs}
        lengths = {branch.frame_length for branch in configs}
        assert len(scales) == len(lengths) == 3
        assert {(branch.scale, branch.frame_length) for branch in configs} == {(s, n) for s in scales for n in lengths}


def test_few_spectrograms_leave_room_for_deeper_and_wider_branches():
    nine, three = (read(ROOT / "configs" / f"{stem}.flags").model for stem in ("nine_branch", "three_branch"))
    assert three.depth_multiplier * len(three.stage_channels) > nine.depth_multiplier * len(nine.stage_channels)
    assert min(three.stage_channels) > min(nine.stage_channels)


def networks() -> dict[str, list[Path]]:
    """Return the files by the network that they train: file name of the first -> all of them."""
    by_network: dict[str, list[Path]] = {}
    for path in FLAGFILES:
        config = read(path)
        model = dataclasses.replace(
            config.model, task="single_label", pretrained_weights=(), dropout=0.0, branch_dropout=0.0
        )
        by_network.setdefault(f"{model!r} {config.labels.num_classes} classes", []).append(path)
    return {paths[0].stem: paths for paths in by_network.values()}


# One of each kind of branch and head: the others differ in numbers, and a step through them takes seconds.
STEPPING = set(networks()) if DEEP else {"demo", "mn04", "morlet_stft", "pann", "yamnet"}


@pytest.mark.slow
@pytest.mark.parametrize("paths", [pytest.param(paths, id=stem) for stem, paths in networks().items()])
def test_it_builds_its_model_and_a_training_step_lowers_the_loss(paths, monkeypatch):
    import keras
    import tensorflow as tf

    from irmas_tf.config.backbones import BACKBONES
    from irmas_tf.models.factory import build_model
    from irmas_tf.training.step import TrainingStep
    from tests.helpers.make_pann_golden import narrow_spec

    monkeypatch.setitem(BACKBONES._entries, "pann_cnn14", narrow_spec("pann_cnn14"))  # 80 million weights take seconds
    # Two excerpts and nothing left to chance: a step on them must then lower the loss, whatever the configuration.
    certain = [
        *("--batch_size=2", "--accumulation_steps=1", "--dropout=0", "--branch_dropout=0", "--ema_decay=0", "--noxla"),
        *("--time_masks=0", "--frequency_masks=0", "--mixup_alpha=0", "--mix_probability=0"),
        *("--random_speed_semitones=0", "--random_equalization_db=0", "--mixed_precision=float32"),
    ]
    configs = [read(path, *certain) for path in paths]
    # Tracing nine branches takes a minute, two steps without it a second.
    eagerly = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        keras.utils.set_random_seed(0)
        model = build_model(configs[0])
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):  # also the published networks' own
                layer.rate = 0.0
        assert model.output_shape == (None, configs[0].labels.num_classes)
        for config in configs if paths[0].stem in STEPPING else ():
            step = TrainingStep(model, config, tf.distribute.get_strategy())
            step.set_learning_rate(1e-3)
            # Models take any length: half a second is enough here.
            samples = config.audio.sample_rate_hz // 2
            waveform = np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype(np.float32)
            labels = np.eye(config.labels.num_classes, dtype=np.int8)[:2]
            before = float(step.run_batch(waveform, labels, {})[0])
            targets = tf.cast(labels, tf.float32)
            after = float(tf.reduce_sum(step._losses(model(waveform, training=True), targets, None)))
            assert np.isfinite(before) and after < before
    finally:
        tf.config.run_functions_eagerly(eagerly)


def test_the_command_lists_them_and_prints_one(capsys):
    assert cli([]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert listed == [path.stem for path in FLAGFILES]
    assert cli(["demo"]) == 0
    assert capsys.readouterr().out == (ROOT / "configs" / "demo.flags").read_text(encoding="utf-8")
    assert cli(["demo", "mn04"]) == cli(["dmeo"]) == 2
    assert "did you mean demo?" in capsys.readouterr().err
