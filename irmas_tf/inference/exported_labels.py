"""The labels of an exported model, without its run: which class is which, and which of them a clip is named after."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from irmas_tf.audio.silence import SILENCE_DBFS
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.labels import LABEL_SCHEMES, LabelScheme, get_label_scheme, is_class_name
from irmas_tf.inference.naming import named_codes
from irmas_tf.process.bounded_json import BoundedJsonError, read_json


class LabelsError(ValueError):
    """Labels are missing, damaged, or those of another model; the message names where they are from and the remedy."""


@dataclasses.dataclass(frozen=True)
class ExportedLabels:
    """What an exported model's probabilities are of.

    Attributes:
        scheme: codes and names in the order of the probabilities.
        source: where they are from, for messages.
        thresholds: [classes], the decision levels of a multi-label model; None: the most probable class is the answer.
        sample_rate_hz: the model's rate; 0 if it is not known.
        audio: its rate and windows, if they are known.
        silence_dbfs: the level below which a window is silent (`irmas_tf.audio.silence`).
    """

    scheme: LabelScheme
    source: str
    thresholds: tuple[float, ...] | None = None
    sample_rate_hz: int = 0
    audio: AudioConfig | None = None
    silence_dbfs: float = SILENCE_DBFS

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], source: str) -> ExportedLabels:
        """Return the labels in the content of a ``signature.json``.

        Args:
            facts: the content.
            source: its name, for messages.

        Raises:
            LabelsError: it is damaged.
        """
        try:
            codes, names = tuple(facts["labels"]), tuple(facts["label_names"])
            rate_hz, levels = int(facts["sample_rate_hz"]), facts.get("thresholds")
            if isinstance(levels, Mapping):
                levels = [levels[code] for code in codes]
            thresholds = None if levels is None else tuple(float(level) for level in levels)
            silence_dbfs = float(facts.get("silence_dbfs", SILENCE_DBFS))
            texts = all(isinstance(text, str) and is_class_name(text) for text in (*codes, *names))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise LabelsError(f"{source}: is not the signature.json of an export ({error!r})") from error
        if not texts or not codes or len(set(codes)) != len(codes) or len(names) != len(codes):
            raise LabelsError(f"{source}: is damaged (labels and label_names must name every class once, in letters)")
        if thresholds is not None and len(thresholds) != len(codes):
            raise LabelsError(f"{source}: is damaged ({len(thresholds)} thresholds for {len(codes)} classes)")
        audio = exported_audio(facts, source) if "window_samples" in facts else None
        return cls(LabelScheme("exported", codes, names, {}), source, thresholds, rate_hz, audio, silence_dbfs)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> ExportedLabels:
        """Return the labels in a ``signature.json``.

        Raises:
            LabelsError: it cannot be read, or is damaged.
        """
        name = os.fspath(path)
        try:
            facts = read_json(path)
        except OSError as error:
            raise LabelsError(
                f"{name}: cannot be read ({error.strerror}); it lies in the exported model's folder, as signature.json"
            ) from error
        except BoundedJsonError as error:
            raise LabelsError(str(error)) from error
        return cls.from_facts(facts, name)

    @classmethod
    def from_words(cls, words: tuple[str, ...]) -> ExportedLabels:
        """Return the labels of a scheme, if ``words`` is the name of one, or of classes with these codes.

        Raises:
            LabelsError: a code is empty or given twice, or there is just one, which is no scheme.
        """
        given = ",".join(words)
        if len(words) == 1:
            if words[0] not in LABEL_SCHEMES:
                raise LabelsError(
                    f"--labels={given}: is not a label scheme ({', '.join(LABEL_SCHEMES)}), and too short for a list"
                )
            return cls(get_label_scheme(words[0]), f"--labels={given}")
        if not all(words) or len(set(words)) != len(words):
            raise LabelsError(f"--labels={given}: name every class once, in the model's order")
        return cls(LabelScheme("given", words, words, {}), f"--labels={given}")

    def check_width(self, classes: int, model: str) -> None:
        """Refuse a model with another number of classes.

        Args:
            classes: what it answers with.
            model: what it is called in the message.

        Raises:
            LabelsError: the numbers differ.
        """
        if classes != self.scheme.num_classes:
            raise LabelsError(
                f"{model} answers with {classes} classes, {self.source} names {self.scheme.num_classes}; give its own"
                " signature.json (--signature=FILE), which lies in the exported model's folder"
            )

    def named(self, probabilities: np.ndarray) -> tuple[str, ...]:
        """Return the codes of the classes that a clip is named after, from probabilities [classes]."""
        return named_codes(probabilities, self.levels, self.scheme.codes)

    @property
    def levels(self) -> np.ndarray | None:
        """The decision levels as an array, [classes]; None: the most probable class is the answer."""
        return None if self.thresholds is None else np.array(self.thresholds)


def exported_audio(facts: Mapping[str, Any], source: str) -> AudioConfig:
    """Return rate, window and hop of an exported model from what it says about itself.

    Args:
        facts: the content of a ``signature.json``, or of a .tflite file's ``irmas_tf.json``.
        source: its name, for messages.

    Raises:
        LabelsError: it does not say, or what no model of ours has.
    """
    try:
        rate_hz, window, hop = (facts[name] for name in ("sample_rate_hz", "window_samples", "window_hop_samples"))
        return AudioConfig(sample_rate_hz=rate_hz, window_seconds=window / rate_hz, window_hop_seconds=hop / rate_hz)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise LabelsError(f"{source}: is damaged (rate and windows: {error}); export the model again") from error


class ExportedModel:
    """What an exported model says about itself; the base of those that answer from a file or folder.

    Args:
        facts: what stands in the export.
        source: where they are from, for messages.

    Raises:
        LabelsError: they are damaged.
    """

    def __init__(self, facts: Mapping[str, Any], source: str) -> None:
        labels = ExportedLabels.from_facts(facts, source)
        self.audio = exported_audio(facts, source)
        self.scheme = labels.scheme
        self.thresholds = labels.levels
        self.silence_dbfs = labels.silence_dbfs
        self.source = dict(facts)
