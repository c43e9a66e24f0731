from __future__ import annotations

import keras
import numpy as np
import pytest

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.layers.batch_normalization import FusedBatchNormalization
from irmas_tf.models.pretrained import (
    all_layers,
    block_layers,
    embedding_backbone,
    front_end_of,
    published_classifier,
)

pytestmark = pytest.mark.slow

SPEC = BACKBONES.get("mn01")  # the smallest


def noise(batch, samples):
    return (0.1 * np.random.default_rng(0).standard_normal((batch, samples))).astype(np.float32)


@pytest.fixture(scope="module")
def classifier() -> keras.Model:
    keras.utils.set_random_seed(0)
    return published_classifier(SPEC)


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    return embedding_backbone(SPEC)


def test_backbone_and_classifier(classifier, backbone):
    x = noise(2, 20000)
    assert backbone.input.name == "waveform"
    assert backbone(x).shape == (2, SPEC.embedding_size)
    outputs = classifier(x)
    assert {key: value.shape for key, value in outputs.items()} == {
        "embedding": (2, SPEC.embedding_size),
        "logits": (2, 527),
        "probabilities": (2, 527),
    }
    assert np.all((outputs["probabilities"] > 0) & (outputs["probabilities"] < 1))


def test_blocks_in_order_with_all_weights(classifier, backbone):
    blocks = block_layers(classifier, SPEC)
    assert tuple(blocks) == (*SPEC.blocks, *SPEC.head_blocks)
    found = {id(w) for layers in blocks.values() for layer in layers for w in layer.weights}
    assert found == {id(w) for w in classifier.weights}
    assert tuple(block_layers(backbone, SPEC)) == SPEC.blocks


def test_frozen_blocks_keep_weights_and_statistics():
    model = embedding_backbone(SPEC)
    blocks = block_layers(model, SPEC)
    for block in SPEC.blocks[:-2]:
        for layer in blocks[block]:
            layer.trainable = False
    trainable = {v.path.split("/")[0] for v in model.trainable_variables}
    assert trainable == {layer.name for block in SPEC.blocks[-2:] for layer in blocks[block]}
    before = [w.numpy() for block in SPEC.blocks[:-2] for layer in blocks[block] for w in layer.weights]
    model(noise(4, 20000), training=True)
    after = [w.numpy() for block in SPEC.blocks[:-2] for layer in blocks[block] for w in layer.weights]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    moved = [layer for layer in blocks[SPEC.blocks[-1]] if isinstance(layer, FusedBatchNormalization)]
    assert np.any(moved[0].moving_mean.numpy() != 0)


def test_two_copies_under_different_names_and_inside_another_model():
    waveform = keras.Input((None,), name="waveform")
    inner = embedding_backbone(SPEC, "second")
    merged = keras.layers.Concatenate()([SPEC.embedding(SPEC.features(waveform, "first"), "first"), inner(waveform)])
    model = keras.Model(waveform, merged)
    names = [layer.name for layer in all_layers(model) if layer.weights]
    assert len(set(names)) == len(names)
    for name in ("first", "second"):
        assert tuple(block_layers(model, SPEC, name)) == SPEC.blocks
        assert all(block_layers(model, SPEC, name).values())
        assert front_end_of(model, SPEC, name).identity == SPEC.front_end
    with pytest.raises(ValueError, match="does not contain mn01"):
        front_end_of(model, SPEC)


def test_saved_and_loaded(classifier, tmp_path):
    classifier.save(tmp_path / "model.keras")
    x = noise(1, 16000)
    expected, actual = classifier(x), keras.saving.load_model(tmp_path / "model.keras")(x)
    np.testing.assert_array_equal(expected["logits"], actual["logits"])


def test_mixed_precision_answers_in_float32():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = published_classifier(SPEC)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.get_layer("mn01_features_5_expand").compute_dtype == "bfloat16"
    for value in model(noise(1, 16000)).values():
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        assert np.all(np.isfinite(value))
