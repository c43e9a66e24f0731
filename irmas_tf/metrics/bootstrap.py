"""Bootstrap intervals over songs (cluster bootstrap), vectorised.

Excerpts of one song are not independent: drawing excerpts would give intervals that are too narrow. So whole groups are
drawn with replacement, as many as there are. A replicate only needs how often each group was drawn, and the counts of a
replicate are those weights times the groups' confusion matrices: one matrix product serves all replicates.

Source: Field & Welsh, "Bootstrapping clustered data", J. R. Statist. Soc. B 69 (2007), the "cluster bootstrap";
percentile intervals as in Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

Statistic = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Interval:
    """Lower and upper end of a confidence interval, in the unit of the statistic."""

    low: float
    high: float


def accuracy_of(confusion: np.ndarray) -> np.ndarray:
    """Return the accuracy of each confusion matrix [..., classes, classes] -> [...]."""
    right = np.trace(confusion, axis1=-2, axis2=-1)
    return right / np.maximum(confusion.sum(axis=(-2, -1)), 1)


def macro_f1_of(confusion: np.ndarray) -> np.ndarray:
    """Return the macro F1 of each confusion matrix [..., classes, classes] -> [...]; empty classes have F1 0."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return (2 * right / np.maximum(total, 1)).mean(axis=-1)


def group_confusions(
    labels: np.ndarray, predicted: np.ndarray, groups: Sequence[int] | np.ndarray, num_classes: int
) -> np.ndarray:
    """Return one confusion matrix a group, [groups, classes, classes] float64, groups in ascending order.

    Args:
        labels, predicted: class indices, [excerpts] each.
        groups: the song group of each excerpt, any integers, [excerpts].
        num_classes: classes of the scheme.

    Raises:
        ValueError: the three lengths differ.
    """
    labels, predicted, groups = np.asarray(labels), np.asarray(predicted), np.asarray(groups)
    if not labels.shape == predicted.shape == groups.shape or labels.ndim != 1:
        raise ValueError(
            f"labels {labels.shape}, predictions {predicted.shape} and groups {groups.shape} must be vectors of one"
            " length"
        )
    unique, position = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(unique), num_classes, num_classes))
    np.add.at(counts, (position.reshape(-1), labels, predicted), 1.0)
    return counts


def draw_weights(groups: int, replicates: int, seed: int) -> np.ndarray:
    """Return how often each replicate draws each group, [replicates, groups] float64; rows add up to ``groups``."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(groups, np.full(groups, 1 / groups), size=replicates).astype(np.float64)


def percentile_interval(replicates: np.ndarray, confidence: float) -> Interval:
    """Return the middle ``confidence`` of a statistic's replicates [n]."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return Interval(float(low), float(high))


def bootstrap_intervals(
    confusions: np.ndarray,
    statistics: dict[str, Statistic],
    *,
    replicates: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, Interval | None]:
    """Return a percentile interval for each statistic, drawing whole groups with replacement.

    Args:
        confusions: one confusion matrix a group, [groups, classes, classes].
        statistics: name -> function from [replicates, classes, classes] to [replicates].
        replicates: bootstrap samples.
        confidence: mass inside the interval, in (0, 1).
        seed: seed of the draw; the same seed gives the same interval.

    Returns:
        Name -> interval, or None for every name when there are fewer than two groups: one song says nothing about
        others.
    """
    groups, classes = confusions.shape[0], confusions.shape[-1]
    if groups < 2:
        return dict.fromkeys(statistics)
    weights = draw_weights(groups, replicates, seed)
    samples = (weights @ confusions.reshape(groups, -1)).reshape(replicates, classes, classes)
    return {name: percentile_interval(statistic(samples), confidence) for name, statistic in statistics.items()}
