"""A pretrained network from outside the package (docs/extending.md): weights, embeddings, stages, export."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from irmas_tf import convert, embed
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.branches import Branch
from irmas_tf.config.flags import ALL, Command
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy import tflite
from irmas_tf.models.factory import build_model
from irmas_tf.models.pretrained import embedding_backbone, front_end_of, published_classifier
from irmas_tf.training.fine_tuning import (
    PretrainedBranch,
    load_pretrained_weights,
    pretrained_branches,
    set_learning,
)
from irmas_tf.training.step import TrainingStep
from irmas_tf.weights.loading import load_pretrained
from tests.helpers.documented import extension
from tests.helpers.one_hot import one_hot
from tests.helpers.stored_weights import stored_weights

pytestmark = pytest.mark.slow

MODULES = ("tiny_backbone", "tiny_network")
RATE_HZ = 8000


@pytest.fixture(scope="module", autouse=True)
def outside(tmp_path_factory):
    with extension(tmp_path_factory.mktemp("tiny"), *MODULES) as folder:
        yield folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The network's weight file, converted by the command from "published" arrays with PyTorch's axes."""
    folder = tmp_path_factory.mktemp("weights")
    rng, spec = np.random.default_rng(0), BACKBONES.get("tiny")
    layers = {layer.name: layer for layer in published_classifier(spec).layers}
    published = {}
    for entry in spec.weight_table():
        shape = getattr(layers[f"tiny_{entry.layer}"], entry.variable).shape
        turned = {"conv": (3, 2, 0, 1), "linear": (1, 0), "same": range(len(shape))}[entry.layout]
        values = rng.normal(0, 0.3, shape) if entry.variable == "kernel" else rng.uniform(0.5, 1.5, shape)
        published[entry.source] = values.astype(np.float32).transpose(turned)
    np.savez(folder / "tiny.npz", **published)
    flags = ["--backbone=tiny", f"--weights={folder / 'tiny.npz'}", f"--out={folder / 'converted.npz'}", "--verify"]
    assert convert.cli(flags) == 0
    return folder / "converted.npz"


def config_of(weights, *stages: str) -> Config:
    return Config.from_dict(
        {
            "audio": {"sample_rate_hz": RATE_HZ, "window_seconds": 0.5},
            "model": {"branches": ["tiny"], "pretrained_weights": [str(weights)], "head_units": 40},
            "training": {"batch_size": 4, "stages": stages},
        }
    )


def test_help_and_messages_name_it():
    assert "tiny" in Command("test", "Test.", config_fields=ALL).help()
    assert "tiny" in embed.COMMAND.help() and "tiny" in convert.COMMAND.help()
    with pytest.raises(ConfigError, match="--branches=tiny: takes 8000 Hz only"):
        Branch.parse("tiny").check_fits(22050, 22050)
    with pytest.raises(ConfigError, match="--branches=tiny:profile=1: profile=1 is for mn01"):
        Branch.parse("tiny:profile=1")
    config = Config.from_dict({"audio": {"sample_rate_hz": RATE_HZ}, "model": {"branches": ["tiny:bandwidth_hz=3000"]}})
    with pytest.raises(ConfigError, match="--branches=tiny:bandwidth_hz=3000: the features of tiny take no bandwidth"):
        build_model(config)


def test_its_row_tells_the_truth_about_its_front_end():
    spec = BACKBONES.get("tiny")
    assert front_end_of(embedding_backbone(spec), spec).identity == spec.front_end
    assert (spec.hop_length, spec.num_bins) == (80, 32)


def test_converted_weights_embed_sound(weights, tmp_path):
    samples = np.random.default_rng(1).normal(0, 0.1, RATE_HZ).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", samples, RATE_HZ, subtype="FLOAT")
    flags = ["--backbone=tiny", f"--weights={weights}", "--window_seconds=1", "--window_hop_seconds=1"]
    assert embed.cli([*flags, f"--output={tmp_path / 'e.npz'}", str(tmp_path / "noise.wav")]) == 0
    spec = BACKBONES.get("tiny")
    model = embedding_backbone(spec)
    assert load_pretrained(model, spec, weights)["licence"] == "CC0-1.0"
    np.testing.assert_allclose(np.load(tmp_path / "e.npz")["embeddings"], model(samples[None]), atol=1e-5)


def values_of(branch: PretrainedBranch) -> list[list[np.ndarray]]:
    return [[v.numpy().copy() for layer in block for v in layer.variables] for block in branch.blocks]


@pytest.mark.parametrize("learning", [0, 1])
def test_a_stage_trains_the_blocks_nearest_the_head_and_freezes_the_others(weights, learning):
    config = config_of(weights, f"epochs=1:blocks={learning}")
    keras.utils.set_random_seed(0)
    model = build_model(config)
    (loaded,) = load_pretrained_weights(model, config)
    assert (loaded["branch"], loaded["backbone"]) == ("branch0_tiny", "tiny")
    set_learning(model, config, config.training.stage_configs[0])
    (branch,) = pretrained_branches(model, config)
    before = values_of(branch)
    head = model.get_layer("logits").kernel.numpy().copy()
    waveforms = np.random.default_rng(2).normal(0, 0.1, (4, RATE_HZ // 2)).astype(np.float32)
    TrainingStep(model, config, tf.distribute.get_strategy()).run_batch(waveforms, one_hot(range(4)), {})
    assert np.any(model.get_layer("logits").kernel.numpy().copy() != head)
    after = values_of(branch)
    changed = [any(np.any(x != y) for x, y in zip(*blocks, strict=True)) for blocks in zip(before, after, strict=True)]
    assert changed == [False, learning == 1]


def test_exported_its_front_end_stays_in_float(weights):
    config = config_of(weights)
    model = build_model(config)
    windows = np.random.default_rng(3).normal(0, 0.1, (4, RATE_HZ // 2)).astype(np.float32)
    stored = stored_weights(tflite.convert(model, config, "int8", windows), tflite.front_end_pattern(model))
    assert stored.front_end and set(stored.front_end) == {"FLOAT32"}
    assert "INT8" in stored.network
