"""Decision levels of multi-label answers: a class is named where its score is at least its threshold.

Every function looks at all levels that tell scores apart, so that what it returns is the optimum and not the best of a
grid. A level lies halfway between two neighbouring scores, because the scores themselves will not come again.

Labels are bool, or numbers 1, 0 and -1; levels are chosen on the known ones alone (`irmas_tf.metrics.known_labels`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irmas_tf.metrics.known_labels import truth_and_known


def decide(scores: npt.ArrayLike, thresholds: npt.ArrayLike) -> np.ndarray:
    """Return the classes named, [clips, classes] bool; a score equal to the threshold names its class.

    Args:
        scores: [clips, classes].
        thresholds: one for all classes, or [classes].
    """
    return np.asarray(scores) >= np.asarray(thresholds)


def f1_curve(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return (thresholds, F1 of the decisions at them), from the highest threshold to the lowest.

    Args:
        labels: [n] bool, or 1, 0 and -1 (unknown, left out).
        scores: [n], finite.

    Returns:
        Two vectors, one entry for each distinct score; the first threshold names only the highest scores.

    Raises:
        ValueError: lengths differ, nothing is given, or a score is not finite.
    """
    (truth, known), values = map(np.ravel, truth_and_known(labels)), np.asarray(scores, np.float64).ravel()
    if truth.shape != values.shape or not truth.size:
        raise ValueError(f"{truth.size} labels and {values.size} scores: must be as many, and at least one")
    truth, values = truth[known], values[known]
    if not truth.size:
        raise ValueError("no label is known: there is nothing to choose a threshold by")
    if not np.isfinite(values).all():
        raise ValueError("scores must be finite")
    order = np.argsort(-values, kind="stable")
    values = values[order]
    last = np.append(np.flatnonzero(np.diff(values)), values.size - 1)  # of each run of equal scores
    right = np.cumsum(truth[order])[last]
    f1 = 2.0 * right / (last + 1 + truth.sum())
    below = np.append(values[last[:-1] + 1], values[-1])
    between = values[last] / 2.0 + below / 2.0
    # Between neighbouring floats there is nothing: the middle would round to the lower score, and name it too.
    return np.where(between > below, between, values[last]), f1


def counts_at(labels: npt.ArrayLike, scores: npt.ArrayLike, thresholds: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return (hits, classes named) of each class at each of some thresholds, [thresholds, classes] each.

    Args:
        labels: [clips, classes] bool, or 1, 0 and -1 (unknown: neither a hit nor named).
        scores: [clips, classes], finite.
        thresholds: [thresholds], in any order.
    """
    (truth, known), values = truth_and_known(labels), np.asarray(scores, np.float64)
    levels = np.asarray(thresholds, np.float64)

    def at_least(some: np.ndarray) -> np.ndarray:
        return some.size - np.searchsorted(np.sort(some), levels, side="left")

    columns = list(zip(truth.T, known.T, values.T, strict=True))
    hits = np.stack([at_least(v[t]) for t, _, v in columns], axis=1)
    return hits, np.stack([at_least(v[k]) for _, k, v in columns], axis=1)


def best_threshold(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the threshold with the highest F1 (arguments and errors as `f1_curve`); of equals the highest.

    Without a known positive label no decision can be right, and the threshold is infinite: the class is never named.
    """
    if not truth_and_known(labels)[0].any():
        return float("inf")
    thresholds, f1 = f1_curve(labels, scores)
    return float(thresholds[int(np.argmax(f1))])


def best_global(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the one threshold for all classes with the highest micro F1 (labels, scores [clips, classes])."""
    return best_threshold(labels, scores)


def best_per_class(labels: npt.ArrayLike, scores: npt.ArrayLike, fallback: float = float("inf")) -> np.ndarray:
    """Return the thresholds [classes] with the highest F1 of each class, and so the highest macro F1.

    Args:
        labels, scores: [clips, classes].
        fallback: for classes without a known positive label, of which nothing can be learnt (`without_positive`).
    """
    given, values = np.asarray(labels), np.asarray(scores, np.float64)
    missing = without_positive(given)
    columns = zip(given.T, values.T, missing, strict=True)
    return np.array([fallback if none else best_threshold(column, v) for column, v, none in columns])


def without_positive(labels: npt.ArrayLike) -> np.ndarray:
    """Return the classes without a known positive label, [classes] bool, of labels [clips, classes].

    No threshold can be chosen for them; whoever chooses some says what they get in its place.
    """
    return np.logical_not(truth_and_known(labels)[0].any(axis=0))
