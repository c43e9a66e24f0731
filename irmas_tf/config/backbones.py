"""The pretrained networks that can be used as backbones: rows of facts. Nothing here loads TensorFlow.

A package of yours adds a row with `register_backbone`; docs/extending.md shows how.
"""

from __future__ import annotations

import re

from irmas_tf.config.backbone_spec import BackboneSpec
from irmas_tf.config.registry import Registry

AUDIOSET_527 = "AudioSet 527, in the order of class_labels_indices.csv"
AUDIOSET_521 = "AudioSet 521, in the order of yamnet_class_map.csv"

BACKBONES: Registry[BackboneSpec] = Registry("backbone", extensible=True)


def register_backbone(spec: BackboneSpec) -> BackboneSpec:
    """Add a pretrained network, which ``--branches``, ``--backbone`` and ``--stages`` then know by its name.

    Raises:
        ValueError: the name is taken, or it is not made of small letters, digits and underscores.
    """
    return BACKBONES.register(checked_name(spec.name))(spec)


def checked_name(name: str) -> str:
    """Return the name of a front-end or backbone, which becomes part of specs and of layers' names.

    Raises:
        ValueError: it cannot be.
    """
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise ValueError(f"{name!r}: the name of a front-end or backbone is small letters, digits and underscores")
    return name


def profiled_backbones() -> tuple[str, ...]:
    """Return the names of those that a branch can read by frequency bands, in the middle as well as at the end."""
    return tuple(name for name in BACKBONES if BACKBONES.get(name).has_profile)


register_backbone(
    BackboneSpec(
        name="yamnet",
        title="YAMNet, MobileNetV1 on patches of .96 s",
        sample_rate_hz=16000,
        minimum_samples=15600,
        embedding_size=1024,
        front_end="yamnet_log_mel sample_rate_hz=16000 frame_length=400 hop_length=160 num_bins=64"
        " min_frequency_hz=125 max_frequency_hz=7500",
        num_labels=521,
        label_set=AUDIOSET_521,
        blocks=tuple(f"layer{number}" for number in range(1, 15)),
        head_blocks=("logits",),
        module="irmas_tf.models.yamnet",
        published_file="yamnet.h5",
        url="https://storage.googleapis.com/audioset/yamnet.h5",
        sha256="13c3308955bbfaef262f175ac9c40e47b134573a93984f009220dd7cc12a1744",
        licence="Apache-2.0",
        formats=("keras_h5", "saved_model", "folded_npz"),
        readers=(
            ("keras_h5", "irmas_tf.weights.yamnet_files:read_keras_h5"),
            ("saved_model", "irmas_tf.weights.yamnet_files:read_saved_model"),
            ("folded_npz", "irmas_tf.weights.yamnet_files:read_folded_npz"),
        ),
    )
)


def _register_pann(
    name: str, sample_rate_hz: int, minimum_samples: int, front_end: str, published_file: str, sha256: str
) -> None:
    register_backbone(
        BackboneSpec(
            name=name,
            title=f"CNN14 of the PANNs at {sample_rate_hz // 1000} kHz",
            sample_rate_hz=sample_rate_hz,
            minimum_samples=minimum_samples,
            embedding_size=2048,
            front_end=f"pann_log_mel sample_rate_hz={sample_rate_hz} {front_end}",
            num_labels=527,
            label_set=AUDIOSET_527,
            blocks=("bn0", *(f"conv_block{number}" for number in range(1, 7)), "fc1"),
            head_blocks=("fc_audioset",),
            module="irmas_tf.models.pann",
            options=(("sample_rate_hz", sample_rate_hz), ("width", 1.0)),
            published_file=published_file,
            url=f"https://zenodo.org/records/3987831/files/{published_file.replace('=', '%3D')}",
            sha256=sha256,
            licence="CC-BY-4.0 (weights), MIT (original code)",
        )
    )


_register_pann(
    "pann_cnn14",
    32000,
    9920,
    "frame_length=1024 hop_length=320 num_bins=64 min_frequency_hz=50 max_frequency_hz=14000",
    "Cnn14_mAP=0.431.pth",
    "0dc499e40e9761ef5ea061ffc77697697f277f6a960894903df3ada000e34b31",
)
_register_pann(
    "pann_cnn14_16k",
    16000,
    4960,
    "frame_length=512 hop_length=160 num_bins=64 min_frequency_hz=50 max_frequency_hz=8000",
    "Cnn14_16k_mAP=0.438.pth",
    "e2ee543a27919542c2ea03eabaa70b24dcd4e6c8e05621de6b67a94e4c5058e6",
)


def _register_mobilenet(name: str, width: float, embedding_size: int, file: str, sha256: str | None = None) -> None:
    register_backbone(
        BackboneSpec(
            name=name,
            title=f"MobileNetV3 of EfficientAT at width {width:g}",
            sample_rate_hz=32000,
            minimum_samples=402,
            embedding_size=embedding_size,
            front_end="mobilenet_log_mel sample_rate_hz=32000 frame_length=800 hop_length=320 num_bins=128"
            " min_frequency_hz=0 max_frequency_hz=15000",
            num_labels=527,
            label_set=AUDIOSET_527,
            blocks=tuple(f"features_{number}" for number in range(17)),
            head_blocks=("classifier_2", "classifier_5"),
            module="irmas_tf.models.mobilenet",
            options=(("width", width),),
            published_file=file,
            url=f"https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/{file}",
            sha256=sha256,
            licence="MIT",
            profiled_layers=("features_12_add", "features_15_add"),
        )
    )


_register_mobilenet(
    "mn04", 0.4, 384, "mn04_as_mAP_432.pt", "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"
)
_register_mobilenet("mn01", 0.1, 96, "mn01_as_mAP_298.pt")
_register_mobilenet("mn02", 0.2, 192, "mn02_as_mAP_378.pt")
_register_mobilenet("mn05", 0.5, 480, "mn05_as_mAP_443.pt")
_register_mobilenet("mn10", 1.0, 960, "mn10_as_mAP_471.pt")
_register_mobilenet("mn20", 2.0, 1920, "mn20_as_mAP_478.pt")
