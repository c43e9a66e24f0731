"""The decision levels that a multi-label run chose on its validation mixtures, as a file of the run folder."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import numpy as np

from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.process.bounded_json import read_json, reason_of


class ThresholdsError(ValueError):
    """A file of thresholds is missing or damaged; the message names it and the remedy."""


_NOT_LEVELS = ("model_sha256", "before")


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

    def save(self, path: str | os.PathLike[str], model_sha256: str = "", before: str = "") -> None:
        """Write them, whole or not at all.

        Args:
            path: the file.
            model_sha256: checksum of the model they are for; empty: the file does not say.
            before: checksum of the model that is in its place as yet, whose levels stay in the file beside these.
        """
        content = self.to_dict() | ({"model_sha256": model_sha256} if model_sha256 else {})
        if before and before != model_sha256 and (kept := _of_model(path, before)):
            content["before"] = kept
        write_json_atomic(path, content)

    @classmethod
    def load(cls, path: str | os.PathLike[str], codes: tuple[str, ...], model_sha256: str = "") -> Thresholds:
        """Return the thresholds in a file, checked against the classes they are for.

        Args:
            path: the file.
            codes: of the classes.
            model_sha256: checksum of the model that they must be for; empty: of any. A file of an earlier version does
                not say, and is taken.

        Raises:
            ThresholdsError: it is missing, damaged, or for other classes or another model.
        """
        name = os.fspath(path)
        remedy = "train the run again, or restore the file"
        try:
            content = read_json(path)
            chosen = _for_model(content, model_sha256)
            if chosen is None:
                raise ThresholdsError(
                    f"{name}: is of another model than the model.keras beside it; restore the two together, or give the"
                    " training's command again"
                )
            found = cls.from_dict({key: value for key, value in chosen.items() if key not in _NOT_LEVELS})
        except OSError as error:
            raise ThresholdsError(f"{name}: cannot be read ({error.strerror}); {remedy}") from error
        except ThresholdsError:
            raise
        except (ValueError, TypeError, AttributeError) as error:
            raise ThresholdsError(f"{name}: is damaged ({reason_of(error)}); {remedy}") from error
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


def _for_model(content: dict[str, Any], model_sha256: str) -> dict[str, Any] | None:
    """Return the entry of a file for a model: its first one if either does not say which model it is."""
    named = content.get("model_sha256")
    if not named or not model_sha256 or named == model_sha256:
        return content
    before = content.get("before")
    return before if isinstance(before, dict) and before.get("model_sha256") == model_sha256 else None


def _of_model(path: str | os.PathLike[str], model_sha256: str) -> dict[str, Any] | None:
    """Return the entry of a file that names a model, if there is one."""
    try:
        entry = _for_model(read_json(path), model_sha256)
    except (OSError, ValueError, AttributeError):
        return None
    if entry is None or entry.get("model_sha256") != model_sha256:
        return None
    return {key: value for key, value in entry.items() if key != "before"}
