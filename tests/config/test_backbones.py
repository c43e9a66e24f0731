from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from irmas_tf.config.backbones import BACKBONES, profiled_backbones, register_backbone
from irmas_tf.models import mobilenet, pann
from irmas_tf.models.pretrained import front_end_of

# One of each front-end; the mn differ in width only.
DIFFERENT = ("yamnet", "pann_cnn14", "pann_cnn14_16k", "mn01")
each_backbone = pytest.mark.parametrize("name", BACKBONES.names())


def narrow(name: str) -> dict[str, float]:
    return {"width": 1 / 32} if name.startswith("pann") else {}


@pytest.fixture(scope="module")
def built():
    """Return functions of (name) -> feature map and model; CNN14 is never built at full width here."""
    models = {}

    def build(name):
        if name not in models:
            spec = BACKBONES.get(name)
            waveform = keras.Input((None,), dtype="float32")
            feature_map = spec.features(waveform, name, **narrow(name))
            models[name] = feature_map, keras.Model(waveform, feature_map)
        return models[name]

    return build


def test_the_networks_of_the_project_are_there():
    assert {"yamnet", "pann_cnn14", "pann_cnn14_16k", "mn04", "mn10"} <= set(BACKBONES)


@each_backbone
def test_facts(name):
    spec = BACKBONES.get(name)
    assert spec.name == name
    assert spec.url.startswith("https://")
    assert spec.sha256 is None or re.fullmatch("[0-9a-f]{64}", spec.sha256)
    assert spec.published_file.replace("=", "%3D") in spec.url
    assert spec.licence
    assert str(spec.num_labels) in spec.label_set
    assert spec.blocks == spec.network().BLOCKS
    assert spec.head_blocks == spec.network().HEAD_BLOCKS


def test_the_networks_with_a_profile_are_those_that_name_layers():
    assert profiled_backbones() == ("mn01", "mn02", "mn04", "mn05", "mn10", "mn20")


@pytest.mark.parametrize("name", ["", "My Net", "net:1", "a,b"])
def test_a_name_that_could_not_be_written_in_a_flag_is_refused(name):
    with pytest.raises(ValueError, match="small letters, digits and underscores"):
        register_backbone(dataclasses.replace(BACKBONES.get("mn01"), name=name))


@pytest.mark.slow
@pytest.mark.parametrize("name", DIFFERENT)
def test_front_end_and_shortest_waveform(name, built):
    spec = BACKBONES.get(name)
    front_end = front_end_of(built(name)[1], spec)
    assert front_end.identity == spec.front_end
    assert front_end.minimum_samples == spec.minimum_samples
    assert front_end.sample_rate_hz == spec.sample_rate_hz


@pytest.mark.parametrize("name", ["yamnet", "mn01"])
def test_embedding_size(name, built):
    spec = BACKBONES.get(name)
    assert spec.embedding(built(name)[0]).shape == (None, spec.embedding_size)


@pytest.mark.parametrize("name", [name for name in BACKBONES if name.startswith("mn")])
def test_rows_of_other_widths_follow_from_the_width(name):
    spec, model = BACKBONES.get(name), BACKBONES.get("mn01")
    width = dict(spec.options)["width"]
    assert name == f"mn{round(10 * width):02}"
    assert spec.embedding_size == 6 * mobilenet.rounded_channels(160 * width)
    own = ("name", "title", "embedding_size", "options", "published_file", "url", "sha256")
    assert dataclasses.replace(spec, **{field: getattr(model, field) for field in own}) == model


@each_backbone
def test_every_weight_belongs_to_a_block_in_order(name):
    spec = BACKBONES.get(name)
    blocks = [spec.block_of(entry.layer) for entry in spec.weight_table()]
    assert None not in blocks
    assert list(dict.fromkeys(blocks)) == [*spec.blocks, *spec.head_blocks]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["yamnet", "mn01", "pann_cnn14"])
def test_augmentation_sees_log_mel_features(name):
    spec, seen = BACKBONES.get(name), []

    def erase(features):
        seen.append(features.shape)
        return keras.layers.Rescaling(0.0)(features)

    waveform = keras.Input((None,))
    model = keras.Model(waveform, spec.features(waveform, name, augment=erase, **narrow(name)))
    assert seen == [(None, None, front_end_of(model, spec).num_bins)]
    x = np.random.default_rng(0).standard_normal((2, 20000)).astype(np.float32)
    np.testing.assert_allclose(model(x)[0], model(x)[1], atol=1e-6)  # nothing of the waveforms is left


def test_block_of():
    spec = BACKBONES.get("mn04")
    assert spec.block_of("features_1_depthwise_bn") == "features_1"
    assert spec.block_of("features_15_project") == "features_15"
    assert spec.block_of("log_mel") is None


def test_only_the_mn_networks_have_a_front_end_in_their_files_names_and_only_the_panns_in_their_tensors():
    for name in BACKBONES:
        spec = BACKBONES.get(name)
        for file in (spec.published_file, "x.npz", "yamnet"):
            spec.check_file_name(file)
        tensors = set(pann.FRONT_END_TENSORS)
        assert spec.carries_front_end(tensors) == name.startswith("pann")
        assert not spec.carries_front_end(tensors - {pann.FRONT_END_TENSORS[0]})


def test_reading_the_facts_loads_no_tensorflow():
    code = "import sys, irmas_tf.config.backbones as b; b.BACKBONES.get('mn04'); print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
