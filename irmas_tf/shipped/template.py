"""A .tflite file without its weights, and what of a published file goes where: filled without TensorFlow.

The package may not hold mn04's weights, and a machine that only answers has no converter. So the wheel holds the
converted file with its weights emptied (`irmas_tf.shipped.template_build` makes it) and a list of places. Convolutions
and batch normalisations are one here: a kernel is multiplied by gamma / sqrt(variance + epsilon), and what is added is
beta - mean * gamma / sqrt(variance + epsilon), computed in float64 and rounded once.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.config.audio import AudioConfig
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.process.atomic_files import atomic_path

SHIPPED_TEMPLATE = Path(__file__).resolve().parent / "mn04_template.zip"
AUDIOSET = "audioset"
"""The output with the published logits."""
OUTPUTS = ("probabilities", "logits", "embedding", AUDIOSET)
HEAD, OFFSET = "head/kernel", "head/bias"
"""Arrays of the head: [classes, AudioSet's logits + embedding + profile] and [classes]."""
NUM_LOGITS, EMBEDDING_SIZE = 527, 384
EPSILON = 1e-3
"""Of mn04's batch normalisations."""
CHECKED_EMBEDDING = 8
TOLERANCE = 1e-4
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Slot:
    """Where in the file an array stands.

    Attributes:
        offset: first byte.
        shape: of the array in the file.
        source: name of the published array; empty: what the norm adds.
        axes: the published axes in the file's order.
        norm: name of the batch normalisation that the array is multiplied by; empty without one.
    """

    offset: int
    shape: tuple[int, ...]
    source: str
    axes: tuple[int, ...]
    norm: str

    @property
    def end(self) -> int:
        """First byte behind it."""
        return self.offset + 4 * int(np.prod(self.shape))

    def value(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return what goes there, float32 of its shape.

        Args:
            arrays: published arrays by name, and those of the head.

        Raises:
            WeightsError: an array is missing or of another shape.
        """
        scale, shift = _norm(arrays, self.norm) if self.norm else (None, None)
        value = shift if not self.source else np.asarray(_array(arrays, self.source), np.float64)
        assert value is not None
        if value.ndim != len(self.axes):
            raise WeightsError(f"{self.source or self.norm} has {value.ndim} axes, not {len(self.axes)}")
        if self.source and scale is not None:
            value = value * scale.reshape(-1, *[1] * (value.ndim - 1))
        value = value.transpose(self.axes)
        if value.shape != self.shape:
            raise WeightsError(f"{self.source or self.norm} has the shape {value.shape}, not {self.shape}")
        return np.ascontiguousarray(value, np.float32)


@dataclasses.dataclass(frozen=True)
class Template:
    """A .tflite file with empty weights.

    Attributes:
        content: the file, zeros where weights belong.
        slots: where each belongs.
        facts: what the file will say about itself, without classes.
        expected: what the network answers to `check_signal` with the published weights (``audioset``, ``embedding``).
    """

    content: bytes
    slots: tuple[Slot, ...]
    facts: Mapping[str, Any]
    expected: Mapping[str, list[float]]

    def with_expected(self, expected: Mapping[str, list[float]]) -> Template:
        """Return it with the answers that a filling must give."""
        return dataclasses.replace(self, expected=dict(expected))

    @property
    def head_shape(self) -> tuple[int, int]:
        """Shape of the array `HEAD`."""
        classes, width = next(slot.shape for slot in self.slots if slot.source == HEAD)
        return classes, width

    def fill(self, arrays: Mapping[str, np.ndarray]) -> bytes:
        """Return the file with weights, without the files behind it.

        Args:
            arrays: published arrays by name, and those of the head.

        Raises:
            WeightsError: an array is missing, of another shape, or not finite.
        """
        content = bytearray(self.content)
        for slot in self.slots:
            value = slot.value(arrays)
            if not np.isfinite(value).all():
                raise WeightsError(f"{slot.source or slot.norm} holds numbers that are not finite")
            content[slot.offset : slot.end] = value.astype("<f4").tobytes()
        return bytes(content)

    def write(self, path: Path) -> None:
        """Write it as one file; the same template gives the same bytes."""
        about = {
            "format": FORMAT,
            "facts": dict(self.facts),
            "expected": dict(self.expected),
            "slots": [dataclasses.asdict(slot) for slot in self.slots],
        }
        with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in (("template.json", json.dumps(about, indent=1)), ("model.tflite", self.content)):
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data, compresslevel=9)


def read_template(path: Path = SHIPPED_TEMPLATE) -> Template:
    """Return a template.

    Raises:
        WeightsError: it is missing, damaged or of a newer version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            about, content = json.loads(archive.read("template.json")), archive.read("model.tflite")
        if about["format"] != FORMAT:
            raise WeightsError(f"{path}: is of format {about['format']}, not {FORMAT}; install the package again")
        slots = tuple(
            Slot(int(s["offset"]), tuple(s["shape"]), s["source"], tuple(s["axes"]), s["norm"]) for s in about["slots"]
        )
        return Template(content, slots, about["facts"], about["expected"])
    except WeightsError:
        raise
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: is missing or damaged ({error}); install the package again") from error


def base_facts(audio: AudioConfig) -> dict[str, Any]:
    """Return what every filling says about itself, as `irmas_tf.deploy.metadata.describe` does of a run."""
    from irmas_tf import __version__
    from irmas_tf.audio.silence import SILENCE_DBFS, SILENCE_RULE
    from irmas_tf.tflite import associated_files

    return {
        "format": associated_files.FORMAT,
        "name": "irmas_tf predominant instrument recognition",
        "description": "Names the instruments of music with EfficientAT's mn04.",
        "run": "mn04",
        "config_hash": "",
        "model_sha256": None,
        "irmas_tf": __version__,
        "kind": "multi_label",
        "thresholds": None,
        "sample_rate_hz": audio.sample_rate_hz,
        "channels": 1,
        "window_samples": audio.window_samples,
        "window_hop_samples": audio.window_hop_samples,
        "aggregation": associated_files.AGGREGATION,
        "silence_dbfs": SILENCE_DBFS,
        "silence_rule": SILENCE_RULE,
        "metrics": None,
        "licence": "MIT (EfficientAT, F. Schmid et al.; trained on AudioSet)",
        "pretrained": None,
        "quantization": "none",
    }


def check_signal(sample_rate_hz: int, seconds: float) -> np.ndarray:
    """Return the signal for checks, [samples] float32: two harmonic tones with vibrato, one after the other."""
    time = np.arange(round(sample_rate_hz * seconds)) / sample_rate_hz
    signal = np.zeros_like(time)
    for start, pitch_hz in ((0.0, 220.0), (seconds / 2, 523.25)):
        age = np.maximum(time - start, 0.0)
        phase = 2 * np.pi * pitch_hz * age + 0.3 * np.sin(2 * np.pi * 5.0 * age)
        envelope = np.minimum(age / 0.05, 1.0) * np.exp(-age)
        signal += envelope * sum(np.sin(k * phase) / k for k in range(1, 9))
    return (0.2 * signal).astype(np.float32)


def _array(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in arrays:
        raise WeightsError(f"{name} is missing")
    return np.asarray(arrays[name])


def _norm(arrays: Mapping[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (factor, what is added) of a batch normalisation, [channels] float64."""
    gamma, beta, mean, variance = (
        np.asarray(_array(arrays, f"{name}.{part}"), np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    # A variance below zero is no variance: it becomes NaN here, and the filling is refused.
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = gamma / np.sqrt(variance + EPSILON)
    return scale, beta - mean * scale
