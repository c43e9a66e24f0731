"""How far a model's probabilities can be believed, and what is gained by hearing only the confident answers."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

BINS = 10


@dataclasses.dataclass(frozen=True)
class ReliabilityBin:
    """Answers of similar confidence: its mean, the share of them that are right, and their number."""

    confidence: float
    right: float
    count: int


def reliability_bins(confidence: npt.ArrayLike, right: npt.ArrayLike, bins: int = BINS) -> list[ReliabilityBin]:
    """Return answers grouped into equal steps of confidence; groups without answers are left out.

    Args:
        confidence: in [0, 1], of any shape.
        right: whether the answer is right, of the same shape.
        bins: number of steps; 1 belongs to the last.
    """
    values, truth = np.asarray(confidence, np.float64).ravel(), np.asarray(right, bool).ravel()
    which = np.clip((values * bins).astype(int), 0, bins - 1)
    return [
        ReliabilityBin(float(values[which == k].mean()), float(truth[which == k].mean()), int((which == k).sum()))
        for k in np.unique(which)
    ]


def calibration_error(bins: list[ReliabilityBin]) -> float:
    """Return the mean distance between confidence and share of right answers, weighted by answers.

    This is the expected calibration error: Naeini, Cooper & Hauskrecht, "Obtaining well calibrated probabilities using
    Bayesian binning", AAAI 2015.
    """
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.confidence - one.right) for one in bins) / max(total, 1)


def selective_curves(
    confidence: npt.ArrayLike, right: npt.ArrayLike, levels: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return what happens if answers below a level of confidence are not given.

    Args:
        confidence: of each answer, [answers] in [0, 1].
        right: whether it is right, [answers].
        levels: [levels].

    Returns:
        Share of the answers that are still given, and share of those that are right (NaN where none is), [levels] each.
    """
    given = np.asarray(confidence)[None, :] >= np.asarray(levels)[:, None]
    count = given.sum(axis=1)
    hits = (given & np.asarray(right, bool)[None, :]).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return count / given.shape[1], np.where(count, hits / np.maximum(count, 1), np.nan)
