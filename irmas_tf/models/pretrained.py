"""Pretrained networks as Keras models, and their layers by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from irmas_tf.config.backbone_spec import BackboneSpec
from irmas_tf.layers.base import FrontEnd
from irmas_tf.models.heads import BandProfile


def _waveform() -> keras.KerasTensor:
    return keras.Input((None,), dtype="float32", name="waveform")


def embedding_backbone(spec: BackboneSpec, name: str | None = None, *, profile: bool = False) -> keras.Model:
    """Return a model with random weights: "waveform" [batch, samples] -> embedding [batch, embedding_size] float32.

    Args:
        spec: the network.
        name: prefix of the layers' names and name of the model; the backbone's name by default.
        profile: return the network's `band_profile` in place of the embedding.

    Raises:
        ValueError: a profile of a network that has none.
    """
    waveform = _waveform()
    name = name or spec.name
    last = spec.features(waveform, name)
    vector = band_profile(spec, waveform, last, name) if profile else spec.embedding(last, name)
    return keras.Model(waveform, vector, name=f"{name}_backbone")


def band_profile(spec: BackboneSpec, waveform: Any, feature_map: Any, name: str) -> Any:
    """Return what lasts in each frequency band of the last feature map and of some before it, [batch, values] float32.

    The embedding is the mean over the bands of the last one, which was trained to tell AudioSet's classes apart; the
    bands, and the layers before, know more of timbre.

    Args:
        spec: the network.
        waveform: Keras tensor, the network's input.
        feature_map: what its ``features`` returned.
        name: prefix of its layers' names.

    Raises:
        ValueError: the network has no such layers.
    """
    if not spec.has_profile:
        raise ValueError(f"{spec.name} has no profile")
    network = keras.Model(waveform, feature_map)
    maps = [*(network.get_layer(f"{name}_{layer}").output for layer in spec.profiled_layers), feature_map]
    profiles = [BandProfile(dtype="float32", name=f"{name}_profile{number}")(x) for number, x in enumerate(maps)]
    return keras.layers.Concatenate(dtype="float32", name=f"{name}_profile")(profiles)


def published_classifier(spec: BackboneSpec, name: str | None = None) -> keras.Model:
    """Return the published classifier with random weights: "waveform" [batch, samples] -> dict of outputs.

    The outputs are those of `BackboneSpec.outputs`; all networks have ``embedding`` [batch, embedding_size] and
    ``probabilities`` [batch, num_labels], float32.
    """
    waveform = _waveform()
    name = name or spec.name
    return keras.Model(waveform, spec.outputs(spec.features(waveform, name), name), name=f"{name}_classifier")


def all_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model and of the models inside it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from all_layers(layer)
        else:
            yield layer


def block_layers(
    model: keras.Model, spec: BackboneSpec, name: str | None = None
) -> dict[str, list[keras.layers.Layer]]:
    """Return a backbone's layers with weights inside ``model``, by block, in order from the waveform.

    Freezing all but the last N blocks is ``layer.trainable = False`` for the layers of all but the last N entries;
    batch normalisations then use their stored statistics, in training too.

    Args:
        model: a model that contains the backbone, with or without the published classifier.
        spec: the network.
        name: prefix of the layers' names; the backbone's name by default.
    """
    prefix = f"{name or spec.name}_"
    blocks: dict[str, list[keras.layers.Layer]] = {block: [] for block in (*spec.blocks, *spec.head_blocks)}
    for layer in all_layers(model):
        if layer.weights and layer.name.startswith(prefix):
            block = spec.block_of(layer.name.removeprefix(prefix))
            if block is not None:
                blocks[block].append(layer)
    return {block: layers for block, layers in blocks.items() if layers or block in spec.blocks}


def front_end_of(model: keras.Model, spec: BackboneSpec, name: str | None = None) -> FrontEnd:
    """Return a backbone's front-end inside ``model``.

    Raises:
        ValueError: the model has no such layer.
    """
    wanted = f"{name or spec.name}_{spec.front_end_layer}"
    for layer in all_layers(model):
        if layer.name == wanted and isinstance(layer, FrontEnd):
            return layer
    raise ValueError(f"model {model.name!r} has no front-end {wanted!r}: it does not contain {spec.name}")
