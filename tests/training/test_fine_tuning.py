from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from irmas_tf.beginnings.source import check_resumed_weights
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.run_config import Config, TrainingConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.config.stages import Stage
from irmas_tf.models.factory import build_model, embedding_model
from irmas_tf.models.heads import head_model, vector_model
from irmas_tf.models.pretrained import embedding_backbone
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.training.fine_tuning import (
    load_pretrained_weights,
    pretrained_branches,
    set_learning,
)
from irmas_tf.weights.weight_file import write_weight_file

pytestmark = pytest.mark.slow

SPEC = BACKBONES.get("mn01")
RNG = np.random.default_rng(0)
WAVEFORM = RNG.normal(0, 0.1, (2, 16000)).astype(np.float32)


def make_config(*branches: str, weights: tuple[str, ...] = (), head_units: int = 8) -> Config:
    return Config.from_dict(
        {
            "audio": {"sample_rate_hz": 32000, "window_seconds": 0.5},
            "model": {
                "branches": branches,
                "pretrained_weights": weights,
                "head_units": head_units,
                "stage_channels": [8, 8],
            },
        }
    )


def metadata(name: str = "mn01") -> dict[str, object]:
    spec = BACKBONES.get(name)
    return {
        "backbone": name,
        "front_end": spec.front_end,
        "labels": {"set": "", "count": 0, "names": []},
        "source": {"file": "made.pt"},
        "licence": "MIT",
    }


@pytest.fixture(scope="module")
def reference() -> keras.Model:
    """mn01 with weights that no initialiser gives."""
    keras.utils.set_random_seed(3)
    model = embedding_backbone(SPEC)
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(np.abs(RNG.normal(0.3, 0.05, variable.shape)) * np.sign(variable.numpy() + 1e-9))
    return model


@pytest.fixture(scope="module")
def weight_file(reference, tmp_path_factory):
    tensors = {}
    for entry in SPEC.weight_table():
        names = {layer.name: layer for layer in reference.layers}
        if layer := names.get(f"mn01_{entry.layer}"):
            tensors[entry.key] = np.asarray(getattr(layer, entry.variable))
    return write_weight_file(tmp_path_factory.mktemp("weights") / "mn01.npz", metadata(), tensors)


@pytest.fixture(scope="module")
def mixed(weight_file) -> tuple[keras.Model, Config]:
    """A pretrained network beside a spectrogram branch, loaded."""
    config = make_config("mel:frame_length=512:hop_length=256:num_bins=32", "mn01", weights=(str(weight_file),))
    keras.utils.set_random_seed(0)
    model = build_model(config)
    loaded = load_pretrained_weights(model, config)
    assert [(one["branch"], one["licence"], one["source"]["file"]) for one in loaded] == [
        ("branch1_mn01", "MIT", "made.pt")
    ]
    return model, config


def test_a_loaded_branch_gives_the_embedding_of_the_network_alone(mixed, reference):
    model, _ = mixed
    vectors = vector_model(model)(WAVEFORM, training=False).numpy()
    expected = reference(WAVEFORM, training=False).numpy()
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(vectors[:, -SPEC.embedding_size :], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("head_units", [0, 8])
def test_the_two_parts_of_a_model_are_the_model(head_units):
    model = build_model(make_config("mn01", head_units=head_units))
    vectors = vector_model(model)(WAVEFORM, training=False)
    assert vectors.shape == (2, SPEC.embedding_size)
    logits = head_model(model)(vectors, training=False)
    np.testing.assert_allclose(logits, model(WAVEFORM, training=False), rtol=1e-5, atol=1e-6)
    assert embedding_model(model).output_shape == (None, head_units or SPEC.embedding_size)


def test_a_profile_reads_middle_layers_of_the_loaded_network_band_by_band(weight_file, reference):
    config = make_config("mn01:profile=1", weights=(str(weight_file),))
    model = build_model(config)
    load_pretrained_weights(model, config)
    vectors = vector_model(model)(WAVEFORM, training=False).numpy()
    wanted = []
    for layer in ("features_12_add", "features_15_add", "features_16_activation"):
        output = keras.Model(reference.input, reference.get_layer(f"mn01_{layer}").output)(WAVEFORM, training=False)
        wanted.append(output.numpy().mean(axis=1).reshape(2, -1))
    assert [x.shape[1] for x in wanted] == [8 * 16, 4 * 16, 4 * 96]
    np.testing.assert_allclose(vectors, np.concatenate(wanted, axis=1), rtol=1e-4, atol=1e-5)
    logits = head_model(model)(vectors, training=False)
    np.testing.assert_allclose(logits, model(WAVEFORM, training=False), rtol=1e-5, atol=1e-6)
    set_learning(model, config, Stage(epochs=1, blocks="0"))
    assert {v.path.split("/")[0] for v in model.trainable_variables} == {
        "head_input_bn", "head_dense", "head_bn", "logits",
    }  # fmt: skip


def learning_layers(model: keras.Model, prefix: str) -> set[str]:
    return {
        layer.name.removeprefix(prefix)
        for layer in model.layers
        if layer.name.startswith(prefix) and layer.trainable_variables
    }


def test_stages_freeze_and_unfreeze_blocks_and_nothing_else(mixed):
    model, config = mixed
    (branch,) = pretrained_branches(model, config)
    assert len(branch.blocks) == len(SPEC.blocks) == 17
    others = {v.path for v in model.trainable_variables if "branch1_mn01" not in v.path}
    everything = learning_layers(model, "branch1_mn01_")
    assert set_learning(model, config, Stage(blocks="0")) == {}
    assert learning_layers(model, "branch1_mn01_") == set()
    assert {v.path for v in model.trainable_variables} == others
    set_learning(model, config, Stage(blocks="2"))
    assert {name.split("_")[1] for name in learning_layers(model, "branch1_mn01_")} == {"15", "16"}
    set_learning(model, config, Stage())
    assert learning_layers(model, "branch1_mn01_") == everything


def test_the_learning_rate_falls_from_block_to_block_away_from_the_head(mixed):
    model, config = mixed
    factors = set_learning(model, config, Stage(layer_decay=0.5))
    by_block = {int(path.split("features_")[1].split("_")[0].split("/")[0]): f for path, f in factors.items()}
    assert by_block == {block: 0.5 ** (17 - block) for block in range(17)}
    assert {v.path for v in model.trainable_variables} - set(factors) == {
        v.path for v in model.trainable_variables if "branch1_mn01" not in v.path
    }
    few = set_learning(model, config, Stage(blocks="3", layer_decay=0.5))
    assert sorted(set(few.values())) == [0.125, 0.25, 0.5]


def test_a_frozen_batch_normalisation_keeps_and_uses_its_statistics(mixed):
    model, config = mixed
    vectors = vector_model(model)
    norm = model.get_layer("branch1_mn01_features_16_bn")
    set_learning(model, config, Stage(blocks="0"))
    before = norm.moving_mean.numpy()
    embedding = model.get_layer("branch1_mn01_embedding").output
    network = keras.Model(model.input, embedding)
    quiet = network(WAVEFORM, training=False).numpy()
    model.get_layer("branch1_mn01_spec_augment").time_masks = 0
    model.get_layer("branch1_mn01_spec_augment").frequency_masks = 0
    np.testing.assert_array_equal(network(WAVEFORM, training=True).numpy(), quiet)
    np.testing.assert_array_equal(norm.moving_mean.numpy(), before)
    set_learning(model, config, Stage())
    vectors(WAVEFORM, training=True)
    assert np.abs(norm.moving_mean.numpy() - before).max() > 0
    norm.moving_mean.assign(before)


def test_more_blocks_than_there_are_is_refused(mixed):
    with pytest.raises(ConfigError, match=r"--stages=.*blocks=18 is more than the 17 blocks of mn01"):
        set_learning(*mixed, Stage(blocks="18"))


def test_a_file_of_another_network_is_refused(tmp_path, weight_file):
    other = write_weight_file(tmp_path / "other.npz", metadata("mn04"), {"logits/bias": np.zeros(3, np.float32)})
    config = make_config("mn01", weights=(str(other),))
    with pytest.raises(WeightsError, match=r"holds weights of mn04, and --branches=mn01 has no \(further\) mn04"):
        load_pretrained_weights(build_model(config), config)


def test_a_missing_file_is_named_with_where_to_get_it(tmp_path):
    config = make_config("mn04", weights=(str(tmp_path / "mn04.npz"),))
    with pytest.raises(WeightsError) as caught:
        load_pretrained_weights(build_model(config), config)
    message = str(caught.value)
    spec = BACKBONES.get("mn04")
    path = tmp_path / "mn04.npz"
    for part in (f"--pretrained_weights={path}", spec.url, str(spec.sha256), "irmas convert"):
        assert part in message


def test_the_other_networks_are_branches_too():
    config = Config.from_dict(
        {"audio": {"sample_rate_hz": 16000, "window_seconds": 1.0}, "model": {"branches": ["yamnet"], "head_units": 0}}
    )
    model = build_model(config)
    assert model(np.zeros([1, 16000], np.float32)).shape == (1, 11)
    (branch,) = pretrained_branches(model, config)
    assert [len(layers) for layers in branch.blocks] == [2] + [4] * 13


def test_random_weights_are_not_frozen():
    config = dataclasses.replace(make_config("mn01"), training=TrainingConfig(stages=("epochs=1:blocks=2",)))
    with pytest.raises(
        WeightsError, match=r"--stages=.*blocks=2.*freeze random weights.*no file for mn01\. .*https://"
    ):
        load_pretrained_weights(build_model(config), config)


def test_a_resumed_run_goes_on_with_the_weights_it_began_with(weight_file, tmp_path):
    config = make_config("mn01", weights=(str(weight_file),))
    recorded = [{"branch": "branch0_mn01", **metadata()}]
    check_resumed_weights(config, recorded)
    check_resumed_weights(make_config("mn01", weights=(str(tmp_path / "moved.npz"),)), recorded)
    check_resumed_weights(make_config("mn01"), recorded)
    with pytest.raises(WeightsError, match=r"mn01\.npz: the run began with random weights and goes on"):
        check_resumed_weights(config, [])
    other = {**recorded[0], "source": {"file": "other.pt", "sha256": "12"}}
    with pytest.raises(WeightsError, match=r"the run began with other weights of mn01"):
        check_resumed_weights(config, [other])
