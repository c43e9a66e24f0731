from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.layers.published_log_mel import MobileNetLogMel
from irmas_tf.models import mobilenet, pann
from irmas_tf.models.pretrained import embedding_backbone, published_classifier
from irmas_tf.models.weight_table import LAYOUTS, WeightsError
from irmas_tf.weights.loading import (
    assign_tensors,
    convert_weights,
    describe,
    load_pretrained,
    read_class_names,
    tensors_beside,
    turned_tensors,
    with_classes_of,
)
from irmas_tf.weights.weight_file import read_weight_file, write_weight_file
from irmas_tf.weights.weight_sources import PublishedWeights

SPEC = BACKBONES.get("mn01")
INVERSE = {
    "same": lambda x: x,
    "linear": lambda x: x.T,
    "conv_turned": lambda x: x.transpose(3, 2, 1, 0),
    "depthwise_turned": lambda x: x.transpose(2, 3, 1, 0),
}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return published_classifier(SPEC)


def published_state(model):
    """Return a published state dict, made from the model's own weights."""
    layers = {layer.name: layer for layer in model.layers}
    tensors = {"features.0.1.num_batches_tracked": np.array(3)}
    for entry in SPEC.weight_table():
        value = getattr(layers[f"mn01_{entry.layer}"], entry.variable).numpy()
        tensors[entry.source] = INVERSE[entry.layout](value)
    return tensors


def published(tensors):
    return PublishedWeights(tensors, "x.pt", "torch", "0" * 64)


@pytest.fixture
def state(model):
    return published_state(model)


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    _, file = convert_weights(SPEC, published(published_state(model)))
    return write_weight_file(tmp_path_factory.mktemp("weights") / "mn01.npz", file.metadata, file.tensors)


def noise():
    return (0.1 * np.random.default_rng(0).standard_normal((2, 16000))).astype(np.float32)


def test_the_inverses_are_inverses():
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    for layout in ("conv_turned", "depthwise_turned"):
        np.testing.assert_array_equal(LAYOUTS[layout](INVERSE[layout](x)), x)


@pytest.mark.slow
def test_converted_and_loaded_weights_give_the_same_answers(model, path):
    expected = model(noise())
    keras.utils.set_random_seed(2)
    other = published_classifier(SPEC, "renamed")
    assert not np.allclose(other(noise())["embedding"], expected["embedding"], rtol=1e-2, atol=0)
    metadata = load_pretrained(other, SPEC, path, "renamed")
    assert metadata["backbone"] == "mn01"
    np.testing.assert_array_equal(other(noise())["logits"], expected["logits"])
    backbone = embedding_backbone(SPEC)
    load_pretrained(backbone, SPEC, path)
    np.testing.assert_allclose(backbone(noise()), expected["embedding"], atol=1e-6)


@pytest.mark.slow
def test_metadata(path):
    metadata = read_weight_file(path).metadata
    assert metadata["front_end"] == SPEC.front_end
    assert metadata["front_end_verified"] is False  # no checksum is known, and the file says nothing
    assert metadata["labels"] == {"set": SPEC.label_set, "count": 527, "names": []}
    assert metadata["source"] == {
        "file": "x.pt", "format": "torch", "sha256": "0" * 64, "url": SPEC.url, "is_published_file": None,
    }  # fmt: skip
    assert metadata["licence"] == "MIT"
    assert metadata["converter"].startswith("irmas_tf ")


YAMNET, MN04, PANN = (BACKBONES.get(name) for name in ("yamnet", "mn04", "pann_cnn14"))
HANDLE = "https://tfhub.dev/google/yamnet/1"


@pytest.mark.parametrize(
    "spec, file, kind, sha256, url, is_published, verified",
    [
        (MN04, "a.pt", "torch", MN04.sha256, MN04.url, True, True),
        (MN04, "a.pt", "torch", "0" * 64, None, False, False),
        (YAMNET, "yamnet.h5", "keras_h5", YAMNET.sha256, YAMNET.url, True, True),
        (YAMNET, "yamnet.h5", "keras_h5", "0" * 64, None, False, False),
        (YAMNET, "yamnet.npz", "folded_npz", "0" * 64, None, None, False),
        (YAMNET, "yamnet", "saved_model", "0" * 64, None, None, False),
        (YAMNET, HANDLE, "saved_model", "0" * 64, HANDLE, None, False),
    ],
)
def test_origin(spec, file, kind, sha256, url, is_published, verified):
    """An address is given only where the file may come from it."""
    found = describe(spec, PublishedWeights({}, file, kind, sha256))
    assert found["source"] == {
        "file": file, "format": kind, "sha256": sha256, "url": url, "is_published_file": is_published,
    }  # fmt: skip
    assert found["front_end_verified"] is verified


def test_the_front_end_of_a_file_that_contains_it_is_verified():
    tensors = dict.fromkeys(pann.FRONT_END_TENSORS, np.zeros(1))
    assert describe(PANN, PublishedWeights(tensors, "a.pth", "torch", "0" * 64))["front_end_verified"] is True
    for name in tensors:
        some = {key: value for key, value in tensors.items() if key != name}
        assert describe(PANN, PublishedWeights(some, "a.pth", "torch", "0" * 64))["front_end_verified"] is False


@pytest.mark.slow
def test_files_without_the_newer_facts_are_read(path, model):
    file = read_weight_file(path)
    del file.metadata["front_end_verified"]
    older = write_weight_file(path.with_name("older.npz"), file.metadata, file.tensors)
    assert "front_end_verified" not in load_pretrained(model, SPEC, older)


@pytest.mark.parametrize("flag", ["weights", "pretrained_weights"])
def test_a_missing_file_is_named_with_where_to_get_it(model, tmp_path, flag):
    path = tmp_path / "mn04.npz"
    with pytest.raises(WeightsError) as caught:
        load_pretrained(model, MN04, path, flag=flag)
    command = f"irmas convert --backbone=mn04 --weights={MN04.published_file} --out={path}"
    for part in (f"--{flag}={path}: no such file", MN04.url, MN04.sha256, command):
        assert part in str(caught.value)
    with pytest.raises(WeightsError, match="is a folder, not a weight file of irmas_tf; name the file"):
        load_pretrained(model, MN04, tmp_path)


def test_weights_for_another_front_end_are_refused(model, path):
    waveform = keras.Input((None,))
    log_mel = MobileNetLogMel(max_frequency_hz=14000.0, name="mn01_log_mel")(waveform)
    other = keras.Model(waveform, log_mel)
    with pytest.raises(WeightsError, match=r"another front-end: .*=15000; the model has .*=14000"):
        load_pretrained(other, SPEC, path)


@pytest.mark.slow
def test_weights_of_another_network_are_refused(path):
    other = dataclasses.replace(SPEC, name="mn99")
    with pytest.raises(WeightsError, match="holds weights of mn01, not of mn99"):
        load_pretrained(published_classifier(other), other, path)


def test_a_model_without_the_backbone(path):
    waveform = keras.Input((None,))
    model = keras.Model(waveform, keras.layers.Reshape((-1, 1))(waveform))
    with pytest.raises(ValueError, match="does not contain mn01"):
        load_pretrained(model, SPEC, path)
    with pytest.raises(WeightsError, match="has no layer mn01_features_0_conv"):
        assign_tensors(model, SPEC, {}, "x")


def test_missing_and_unknown_tensors_name_the_layer(state):
    missing = {key: value for key, value in state.items() if key != "features.5.block.0.0.weight"}
    with pytest.raises(WeightsError, match=r"x\.pt: is not of mn01.*'features\.5.*for layer features_5_expand, kernel"):
        turned_tensors(SPEC, published(missing))
    with pytest.raises(WeightsError, match=r"has 'features\.99\.weight', which the network does not have"):
        turned_tensors(SPEC, published({**state, "features.99.weight": np.zeros(3)}))
    with pytest.raises(WeightsError, match=r"is not of mn01.*has 'stray'.*\(read from 'model'\)"):
        turned_tensors(
            SPEC, dataclasses.replace(published({**missing, "stray": np.zeros(3)}), notes=("read from 'model'",))
        )


def test_what_a_training_keeps_beside_the_network_is_left_out(state):
    beside = {**state, "mel.window": np.zeros(800), "loss.weight": np.zeros(3)}
    assert tensors_beside(SPEC, published(beside)) == ("mel.window", "loss.weight")
    assert turned_tensors(SPEC, published(beside)).keys() == turned_tensors(SPEC, published(state)).keys()


@pytest.mark.slow
def test_a_fine_tuned_head_keeps_its_classes(state):
    for key in ("classifier.5.weight", "classifier.5.bias"):
        state[key] = state[key][:200]
    spec = with_classes_of(SPEC, published(state))
    _, file = convert_weights(spec, published(state))
    assert file.metadata["labels"]["count"] == 200 and file.metadata["labels"]["set"] != SPEC.label_set
    assert file.tensors["classifier_5/kernel"].shape == (128, 200)
    assert with_classes_of(SPEC, published({})) is SPEC


def test_a_wrong_shape_names_the_layer_and_both_shapes_and_changes_nothing(model, state):
    before = [w.numpy() for w in model.weights]
    state["features.16.0.weight"] = np.zeros((8, 3, 1, 1), np.float32)
    tensors = turned_tensors(SPEC, published(state))
    with pytest.raises(WeightsError, match=r"layer mn01_features_16_conv, kernel: .*\(1, 1, 3, 8\).*\(1, 1, 16, 96\)"):
        assign_tensors(model, SPEC, {key: 0 * value for key, value in tensors.items()}, "x.pt")
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new)
    del tensors["features_16_conv/kernel"]
    with pytest.raises(WeightsError, match="nothing for layer mn01_features_16_conv, kernel"):
        assign_tensors(model, SPEC, tensors, "x.pt")


@pytest.mark.parametrize("value,message", [(np.nan, "not finite"), ("text", "no numbers")])
def test_what_is_not_a_number_is_refused(state, value, message):
    state["classifier.2.bias"] = np.full(128, value)
    with pytest.raises(WeightsError, match=f"layer classifier_2, bias: .*{message}"):
        turned_tensors(SPEC, published(state))


def test_class_names(tmp_path):
    path = tmp_path / "classes.csv"
    path.write_text('index,mid,display_name\n1,/m/1,"Music, sad"\n0,/m/0,Speech\n')
    assert read_class_names(path, 2) == ("Speech", "Music, sad")
    with pytest.raises(WeightsError, match="lists 2 classes, the network has 3"):
        read_class_names(path, 3)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(WeightsError, match="index and display_name"):
        read_class_names(path, 1)


def test_the_table_is_the_networks(model):
    table = SPEC.weight_table()
    assert table == mobilenet.weight_table(width=0.1)
    assert len({entry.key for entry in table}) == len(table) == len(model.weights)
