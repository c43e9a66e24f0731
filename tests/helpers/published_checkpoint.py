"""A checkpoint of a pretrained network in the form of the published one, with the weights of a new network."""

from __future__ import annotations

from pathlib import Path

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models.pretrained import published_classifier
from tests.helpers.torch_files import write_zip

INVERSE = {"linear": (1, 0), "conv_turned": (3, 2, 1, 0), "depthwise_turned": (2, 3, 1, 0)}


def write_published_checkpoint(backbone: str, folder: Path) -> Path:
    """Write a PyTorch checkpoint of a network (mn01 to mn20) under the name of its published file; return its path."""
    spec = BACKBONES.get(backbone)
    layers = {layer.name: layer for layer in published_classifier(spec).layers}
    state = {}
    for entry in spec.weight_table():
        value = getattr(layers[f"{backbone}_{entry.layer}"], entry.variable).numpy()
        state[entry.source] = value.transpose(INVERSE[entry.layout]) if entry.layout in INVERSE else value
    return Path(write_zip(folder / spec.published_file, state))
