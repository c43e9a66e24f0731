"""The pretrained networks that can be used as backbones: what each expects, gives, and where its weights come from.

Facts only; nothing here loads TensorFlow until a network is built.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Collection
from types import ModuleType
from typing import Any

from irmas_tf.config.backbone_names import SAMPLE_RATES_HZ
from irmas_tf.config.registry import Registry
from irmas_tf.models.weight_table import WeightEntry

AUDIOSET_527 = "AudioSet 527, in the order of class_labels_indices.csv"
AUDIOSET_521 = "AudioSet 521, in the order of yamnet_class_map.csv"


@dataclasses.dataclass(frozen=True)
class BackboneSpec:
    """A pretrained network.

    Attributes:
        name: its name in `BACKBONES`, and the default prefix of its layers' names.
        title: what it is, for people.
        sample_rate_hz: of the waveforms.
        minimum_samples: shorter waveforms are padded with zeros to this length inside the network.
        embedding_size: length of the embedding.
        front_end: `PublishedLogMel.identity` of its front-end.
        num_labels: classes of the published classifier.
        label_set: which classes these are.
        blocks: its blocks in order from the waveform to the embedding; a layer called ``PREFIX_BLOCK`` or
            ``PREFIX_BLOCK_...`` belongs to the block.
        head_blocks: the blocks of the published classifier, which follow.
        profiled_layers: layers in the middle whose outputs a profile reads as well, without prefix.
        module: the module that builds it.
        options: keyword arguments (name, value) of the module's functions.
        published_file: name of the published weight file.
        url: where it is published.
        sha256: its checksum; None if unknown.
        licence: of the weights.
        formats: kinds of files that `irmas_tf.weights.weight_sources` reads for it; the published file is of the first.
    """

    name: str
    title: str
    sample_rate_hz: int
    minimum_samples: int
    embedding_size: int
    front_end: str
    num_labels: int
    label_set: str
    blocks: tuple[str, ...]
    head_blocks: tuple[str, ...]
    module: str
    options: tuple[tuple[str, Any], ...]
    published_file: str
    url: str
    sha256: str | None
    licence: str
    formats: tuple[str, ...]
    profiled_layers: tuple[str, ...] = ()

    def _module(self) -> ModuleType:
        return importlib.import_module(f"irmas_tf.models.{self.module}")

    def _option(self, *names: str) -> dict[str, Any]:
        return {key: value for key, value in self.options if key in names}

    def features(self, waveform: Any, name: str | None = None, **options: Any) -> Any:
        """Return the network's last feature map, [batch, frames, bins, channels].

        Args:
            waveform: Keras tensor [batch, samples] float32 in [-1, 1] at `sample_rate_hz`.
            name: prefix of the layers' names; the backbone's name by default.
            **options: further arguments of the module's ``features``.
        """
        known = self._option("sample_rate_hz", "width")
        return self._module().features(waveform, name or self.name, **known, **options)

    def embedding(self, feature_map: Any, name: str | None = None, **options: Any) -> Any:
        """Return the embedding of a feature map, [batch, embedding_size] float32 (arguments as `features`)."""
        known = self._option("width") if self.module == "pann" else {}
        return self._module().embedding(feature_map, name or self.name, **known, **options)

    def outputs(self, feature_map: Any, name: str | None = None) -> dict[str, Any]:
        """Return the published classifier's outputs; all have ``embedding`` and ``probabilities`` [batch, labels]."""
        known = self._option("width") if self.module != "yamnet" else {}
        return self._module().outputs(feature_map, self.num_labels, name or self.name, **known)

    @property
    def hop_length(self) -> int:
        """Samples between the frames of the front-end."""
        return int(dict(pair.split("=") for pair in self.front_end.split()[1:])["hop_length"])

    @property
    def num_bins(self) -> int:
        """Mel bands of the front-end."""
        return int(dict(pair.split("=") for pair in self.front_end.split()[1:])["num_bins"])

    @property
    def has_dropout(self) -> bool:
        """Whether there is dropout inside the network: `features` and `embedding` then take its ``seed``."""
        return self.module == "pann"

    def weight_table(self) -> tuple[WeightEntry, ...]:
        """Return where the tensors of the published file go."""
        known = self._option("width") if self.module == "mobilenet" else {}
        return self._module().weight_table(**known)

    def check_file_name(self, name: str) -> None:
        """Check what the name of a published file says about the front-end.

        Raises:
            WeightsError: the weights were trained with another one.
        """
        check = getattr(self._module(), "check_file_name", None)
        if check:
            check(name, hop_length=self.hop_length, num_bins=self.num_bins, sample_rate_hz=self.sample_rate_hz)

    def carries_front_end(self, tensors: Collection[str]) -> bool:
        """Return whether published tensors contain the front-end's constants, which `take_front_end` compares."""
        names = getattr(self._module(), "FRONT_END_TENSORS", ())
        return bool(names) and all(name in tensors for name in names)

    def take_front_end(self, tensors: dict[str, Any]) -> None:
        """Remove the front-end's constants from published tensors where there are any, after checking them.

        Raises:
            WeightsError: the weights were trained with another front-end.
        """
        take = getattr(self._module(), "take_front_end", None)
        if take:
            take(tensors, **dict(self.options))

    def block_of(self, layer: str) -> str | None:
        """Return the block of a layer, given its name without prefix; None for a layer of no block."""
        for block in (*self.blocks, *self.head_blocks):
            if layer == block or layer.startswith(f"{block}_"):
                return block
        return None


BACKBONES: Registry[BackboneSpec] = Registry("backbone")


def _register(spec: BackboneSpec) -> None:
    BACKBONES.register(spec.name)(spec)


_register(
    BackboneSpec(
        name="yamnet",
        title="YAMNet, MobileNetV1 on patches of .96 s",
        sample_rate_hz=SAMPLE_RATES_HZ["yamnet"],
        minimum_samples=15600,
        embedding_size=1024,
        front_end="yamnet_log_mel sample_rate_hz=16000 frame_length=400 hop_length=160 num_bins=64"
        " min_frequency_hz=125 max_frequency_hz=7500",
        num_labels=521,
        label_set=AUDIOSET_521,
        blocks=tuple(f"layer{number}" for number in range(1, 15)),
        head_blocks=("logits",),
        module="yamnet",
        options=(),
        published_file="yamnet.h5",
        url="https://storage.googleapis.com/audioset/yamnet.h5",
        sha256="13c3308955bbfaef262f175ac9c40e47b134573a93984f009220dd7cc12a1744",
        licence="Apache-2.0",
        formats=("keras_h5", "saved_model", "folded_npz"),
    )
)


def _register_pann(name: str, minimum_samples: int, front_end: str, published_file: str, sha256: str) -> None:
    sample_rate_hz = SAMPLE_RATES_HZ[name]
    _register(
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
            module="pann",
            options=(("sample_rate_hz", sample_rate_hz), ("width", 1.0)),
            published_file=published_file,
            url=f"https://zenodo.org/records/3987831/files/{published_file.replace('=', '%3D')}",
            sha256=sha256,
            licence="CC-BY-4.0 (weights), MIT (original code)",
            formats=("torch",),
        )
    )


_register_pann(
    "pann_cnn14",
    9920,
    "frame_length=1024 hop_length=320 num_bins=64 min_frequency_hz=50 max_frequency_hz=14000",
    "Cnn14_mAP=0.431.pth",
    "0dc499e40e9761ef5ea061ffc77697697f277f6a960894903df3ada000e34b31",
)
_register_pann(
    "pann_cnn14_16k",
    4960,
    "frame_length=512 hop_length=160 num_bins=64 min_frequency_hz=50 max_frequency_hz=8000",
    "Cnn14_16k_mAP=0.438.pth",
    "e2ee543a27919542c2ea03eabaa70b24dcd4e6c8e05621de6b67a94e4c5058e6",
)


def _register_mobilenet(name: str, width: float, embedding_size: int, file: str, sha256: str | None = None) -> None:
    _register(
        BackboneSpec(
            name=name,
            title=f"MobileNetV3 of EfficientAT at width {width:g}",
            sample_rate_hz=SAMPLE_RATES_HZ[name],
            minimum_samples=402,
            embedding_size=embedding_size,
            front_end="mobilenet_log_mel sample_rate_hz=32000 frame_length=800 hop_length=320 num_bins=128"
            " min_frequency_hz=0 max_frequency_hz=15000",
            num_labels=527,
            label_set=AUDIOSET_527,
            blocks=tuple(f"features_{number}" for number in range(17)),
            head_blocks=("classifier_2", "classifier_5"),
            module="mobilenet",
            options=(("width", width),),
            published_file=file,
            url=f"https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/{file}",
            sha256=sha256,
            licence="MIT",
            formats=("torch",),
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
