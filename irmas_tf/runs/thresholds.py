"""The decision levels that a multi-label run chose on its validation mixtures, as a file of the run folder."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

import numpy as np

from irmas_tf.process.atomic_files import write_json_atomic


class ThresholdsError(ValueError):
    """A file of thresholds is missing or damaged; the message names it and the remedy."""


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """Decision levels for mean probabilities over windows.

    Attributes:
        per_class: class code -> level in [0, 1]; a class is named where its probability is at least the level.
        overall: the one level that serves all classes best.
        chosen_on: what they were chosen on, in words.
    """

    per_class: dict[str, float]
    overall: float
    chosen_on: str

    def vector(self, codes: tuple[str, ...]) -> np.ndarray:
        """Return the levels per class, [classes], in the order of ``codes``."""
        return np.array([self.per_class[code] for code in codes])

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Thresholds:
        """Return what `to_dict` described."""
        return cls(**values)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write them, whole or not at all."""
        write_json_atomic(path, self.to_dict())

    @classmethod
    def load(cls, path: str | os.PathLike[str], codes: tuple[str, ...]) -> Thresholds:
        """Return the thresholds in a file, checked against the classes they are for.

        Raises:
            ThresholdsError: it is missing, damaged, or for other classes.
        """
        name = os.fspath(path)
        remedy = "train the run again, or restore the file"
        try:
            with open(path, encoding="utf-8") as file:
                found = cls.from_dict(json.load(file))
        except OSError as error:
            raise ThresholdsError(f"{name}: cannot be read ({error.strerror}); {remedy}") from error
        except (ValueError, TypeError) as error:
            raise ThresholdsError(f"{name}: is damaged ({error}); {remedy}") from error
        if not isinstance(found.per_class, dict):
            raise ThresholdsError(f"{name}: is damaged (per_class must map codes to levels); {remedy}")
        if set(found.per_class) != set(codes):
            raise ThresholdsError(f"{name}: is for the classes {', '.join(found.per_class)}; {remedy}")
        levels = [found.overall, *found.per_class.values()]
        if not all(type(level) in (int, float) and 0 <= level <= 1 for level in levels):
            raise ThresholdsError(f"{name}: is damaged (thresholds must be numbers from 0 to 1); {remedy}")
        if not isinstance(found.chosen_on, str):
            raise ThresholdsError(f"{name}: is damaged (chosen_on must be a text); {remedy}")
        return found
