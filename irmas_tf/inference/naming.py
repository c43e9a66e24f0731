"""Which classes a model names, given its probabilities: the most probable one, or all at or above their levels."""

from __future__ import annotations

import numpy as np

from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.window_model import ClassModel

OF_RUN, NONE = "run", "none"


def check_levels(text: str) -> None:
    """Refuse a value of ``--thresholds`` that means nothing.

    Raises:
        ConfigError: it is neither "run" nor "none" nor a number in (0, 1].
    """
    if text not in (OF_RUN, NONE):
        _number(text)


def decision_levels(text: str, model: ClassModel) -> np.ndarray | None:
    """Return the level of each class, [classes], or None where the most probable class is the answer.

    Args:
        text: "run": the levels that the model's multi-label run chose; a single-label run has none. "none": the most
            probable class in any case. A number: one level for all classes.
        model: the model.

    Raises:
        ConfigError: the text is none of these.
        ThresholdsError: a multi-label run's file of levels is missing or damaged.
    """
    if text == OF_RUN:
        return model.thresholds
    return None if text == NONE else np.full(model.scheme.num_classes, _number(text))


def named_codes(probabilities: np.ndarray, levels: np.ndarray | None, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes of the classes named, in the order of ``codes``; with levels possibly none.

    Args:
        probabilities: [classes].
        levels: [classes], or None: the most probable class.
        codes: of the classes.
    """
    if levels is None:
        return (codes[int(np.argmax(probabilities))],)
    return tuple(code for code, yes in zip(codes, probabilities >= levels, strict=True) if yes)


def _number(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = float("nan")
    if not 0 < level <= 1:
        raise ConfigError(f"--thresholds={text}: must be {OF_RUN}, {NONE}, or a number above 0 and at most 1")
    return level
