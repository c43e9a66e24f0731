"""A pretrained network of three blocks, so small that a staged training of it takes a second or two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from irmas_tf.config.backbone_spec import BackboneSpec
from irmas_tf.config.backbones import BACKBONES, register_backbone
from irmas_tf.layers.published_log_mel import MobileNetLogMel
from irmas_tf.models.published_layers import published_norm, symmetric_convolution
from irmas_tf.models.weight_table import WeightEntry, torch_batch_norm
from irmas_tf.weights.weight_file import write_weight_file

CHANNELS = (4, 6, 8)
SPEC = BackboneSpec(
    name="small",
    title="A network of three blocks, for tests",
    sample_rate_hz=32000,
    minimum_samples=402,
    embedding_size=CHANNELS[-1],
    front_end="mobilenet_log_mel sample_rate_hz=32000 frame_length=800 hop_length=320 num_bins=128"
    " min_frequency_hz=0 max_frequency_hz=15000",
    num_labels=5,
    label_set="5 labels of nothing",
    blocks=("block0", "block1", "block2"),
    head_blocks=("logits",),
    module=__name__,
    published_file="small.pt",
    url="https://example.org/small.pt",
    licence="MIT",
)


def features(waveform: Any, name: str, *, augment: Callable[[Any], Any] | None = None) -> Any:
    x = MobileNetLogMel(dtype="float32", name=f"{name}_log_mel")(waveform)
    x = augment(x) if augment else x
    x = keras.layers.Reshape((-1, SPEC.num_bins, 1), name=f"{name}_to_image")(x)
    for block, channels in zip(SPEC.blocks, CHANNELS, strict=True):
        prefix = f"{name}_{block}"
        x = symmetric_convolution(x, channels, 3, 2, f"{prefix}_conv", padding_name=f"{prefix}_pad")
        x = keras.layers.ReLU(name=f"{prefix}_relu")(published_norm(x, f"{prefix}_bn", epsilon=1e-3))
    return x


def embedding(feature_map: Any, name: str) -> Any:
    return keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{name}_embedding")(feature_map)


def outputs(feature_map: Any, num_labels: int, name: str) -> dict[str, Any]:
    vector = embedding(feature_map, name)
    logits = keras.layers.Dense(num_labels, dtype="float32", name=f"{name}_logits")(vector)
    return {"embedding": vector, "logits": logits, "probabilities": keras.ops.sigmoid(logits)}


def weight_table() -> tuple[WeightEntry, ...]:
    entries: list[WeightEntry] = []
    for block in SPEC.blocks:
        entries.append(WeightEntry(f"{block}_conv", "kernel", f"{block}.conv.weight", "conv_turned"))
        entries += torch_batch_norm(f"{block}_bn", f"{block}.bn")
    return tuple(entries)


@contextmanager
def registered() -> Iterator[BackboneSpec]:
    """Make ``--branches=small`` known inside the block."""
    try:
        yield register_backbone(SPEC)
    finally:
        BACKBONES.unregister(SPEC.name)


def write_weights(path: Path) -> Path:
    """Write random weights of the network as a file for ``--pretrained_weights``; return its path."""
    keras.utils.set_random_seed(3)
    waveform = keras.Input((None,), name="waveform")
    layers = {layer.name: layer for layer in keras.Model(waveform, features(waveform, SPEC.name)).layers}
    tensors = {e.key: getattr(layers[f"{SPEC.name}_{e.layer}"], e.variable).numpy() for e in weight_table()}
    facts = {"backbone": SPEC.name, "front_end": SPEC.front_end, "labels": {}, "licence": SPEC.licence}
    return write_weight_file(path, {**facts, "source": {"file": "small.pt", "sha256": "0" * 64}}, tensors)
