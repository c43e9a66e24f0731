"""What an app must know of a .tflite file, as text: ``irmas check-export FILE --facts``. Nothing of it is run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from irmas_tf.inference.answers import join_codes
from irmas_tf.inference.exported_labels import ExportedLabels
from irmas_tf.inference.named_models import quality_of
from irmas_tf.inference.window_model import PROBABILITIES, ModelError
from irmas_tf.streaming import StreamingError, read_model_facts

SIGNATURE, INPUT = "serving_default", "waveform"
"""The file's one signature, and its one input."""


def facts_text(path: str | os.PathLike[str]) -> str:
    """Return the constants that the snippets of docs/on_device.md use, and what they mean, a line each.

    Raises:
        ModelError, LabelsError: it is not a file that irmas_tf exported, or it is damaged.
        OSError: it cannot be read.
    """
    try:
        facts = read_model_facts(path)
    except StreamingError as error:
        raise ModelError(str(error)) from error
    labels = ExportedLabels.from_facts(facts, os.fspath(path))
    rows = [
        ("file", f"{Path(path).stat().st_size / 1e6:.2f} MB, quantization {facts.get('quantization', 'not named')}"),
        ("made from", f"{facts.get('run', 'a run')}, with irmas_tf {facts.get('irmas_tf', 'of an earlier version')}"),
        *_interface(facts),
        *_windows(facts, labels),
        ("CLASSES", join_codes(labels.scheme.codes, labels.scheme)),
        ("names", ", ".join(labels.scheme.names)),
        *_thresholds(labels),
        *([("quality", quality)] if (quality := quality_of(facts)) else []),
        ("licence", str(facts.get("licence", "not named"))),
    ]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:{width}}  {text}\n" for name, text in [("", os.fspath(path)), *rows]).lstrip()


def _interface(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return runtime, input and outputs."""
    version = facts.get("min_runtime_version")
    outputs = facts.get("outputs")
    if not outputs or not isinstance(outputs, dict):  # of an earlier version
        outputs = {PROBABILITIES: len(facts["labels"])}
    return [
        *([("runtime", f"LiteRT, or TensorFlow Lite from {version} on")] if version else []),
        ("input", f"{INPUT}, float32 [1, {facts['window_samples']}], mono, full scale 1.0"),
        ("outputs", ", ".join(f"{name} [1, {width}]" for name, width in outputs.items()) + ", float32, in this order"),
    ]


def _windows(facts: Mapping[str, Any], labels: ExportedLabels) -> list[tuple[str, str]]:
    """Return rate, window and hop, and what becomes of the windows' answers."""
    rate, window, hop = (facts[name] for name in ("sample_rate_hz", "window_samples", "window_hop_samples"))
    return [
        ("SAMPLE_RATE_HZ", f"{rate}"),
        ("WINDOW_SAMPLES", f"{window} ({window / rate:g} s)"),
        ("HOP_SAMPLES", f"{hop} ({hop / rate:g} s)"),
        ("clip", "mean over the windows that are not silent; the last one ends with the clip, a short clip gets zeros"),
        ("SILENCE_DBFS", f"{labels.silence_dbfs:g}; a window whose RMS about its mean is below names nothing"),
    ]


def _thresholds(labels: ExportedLabels) -> list[tuple[str, str]]:
    """Return which classes are named."""
    if labels.thresholds is None:
        return [("named", "the most probable class; the probabilities sum to 1")]
    pairs = zip(labels.scheme.codes, labels.thresholds, strict=True)
    levels = join_codes([f"{code} {level:.3g}" for code, level in pairs], labels.scheme)
    return [("THRESHOLDS", levels), ("named", "every class from its threshold on; each has a probability of its own")]
