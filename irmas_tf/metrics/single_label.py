"""Scores of single-label classification. scikit-learn computes what it has; a confusion matrix carries the rest.

Classes are indices ``0 .. num_classes - 1``; an excerpt whose class is not known, -1, counts nowhere. Every score is
over all classes of the scheme, present or not: a class that nobody labelled and nobody predicted has F1 0
(``zero_division=0``), so figures of different subsets stay comparable.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from sklearn import metrics as sk

from irmas_tf.metrics.known_labels import UNKNOWN


@dataclasses.dataclass(frozen=True)
class ClassScores:
    """Scores of each class, arrays of [classes]: precision, recall and F1 in [0, 1], support in excerpts."""

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray


@dataclasses.dataclass(frozen=True)
class Baseline:
    """What a constant answer scores: the class it always gives, its accuracy and its macro F1."""

    class_index: int
    accuracy: float
    macro_f1: float


def _check(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.ndim != 1 or labels.shape != predicted.shape:
        raise ValueError(f"labels {labels.shape} and predictions {predicted.shape} must be two vectors of one length")
    if not labels.size:
        raise ValueError("nothing to score: there are no labels")
    known = labels != UNKNOWN
    if not known.any():
        raise ValueError("nothing to score: no label is known")
    labels, predicted = labels[known], predicted[known]
    for name, values in (("label", labels), ("prediction", predicted)):
        if values.min() < 0 or values.max() >= num_classes:
            raise ValueError(f"{name} out of range: classes are 0 to {num_classes - 1}")
    return labels, predicted


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Return counts [classes, classes] int64: row = label, column = prediction.

    Args:
        labels, predicted: class indices, [excerpts] each.
        num_classes: classes of the scheme.

    Raises:
        ValueError: lengths differ, nothing is given, or a class is out of range.
    """
    labels, predicted = _check(labels, predicted, num_classes)
    return sk.confusion_matrix(labels, predicted, labels=np.arange(num_classes)).astype(np.int64)


def class_scores(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> ClassScores:
    """Return precision, recall, F1 and support of every class (arguments and errors as `confusion_matrix`)."""
    labels, predicted = _check(labels, predicted, num_classes)
    return ClassScores(
        *sk.precision_recall_fscore_support(labels, predicted, labels=np.arange(num_classes), zero_division=0)
    )


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Return the share of right predictions, in [0, 1]."""
    known = np.asarray(labels) != UNKNOWN
    return float(sk.accuracy_score(np.asarray(labels)[known], np.asarray(predicted)[known]))


def macro_f1(labels: np.ndarray, predicted: np.ndarray, num_classes: int) -> float:
    """Return the mean of the per-class F1 over all classes of the scheme, in [0, 1]."""
    return float(np.mean(class_scores(labels, predicted, num_classes).f1))


def majority_baseline(train_labels: np.ndarray, labels: np.ndarray, num_classes: int) -> Baseline:
    """Return what always answering the most frequent training class scores on ``labels`` (first class on a tie).

    The class is chosen on the training labels, as a model would have to; choosing it on the evaluated labels would make
    the baseline an oracle.
    """
    train_labels, labels = np.asarray(train_labels), np.asarray(labels)
    train_labels = train_labels[train_labels != UNKNOWN]
    index = int(np.argmax(np.bincount(train_labels, minlength=num_classes)))
    constant = np.full(labels.shape, index)
    return Baseline(index, accuracy(labels, constant), macro_f1(labels, constant, num_classes))


def top_confusions(confusion: np.ndarray, count: int) -> list[tuple[int, int, int]]:
    """Return the largest off-diagonal cells as (label, predicted, excerpts), largest first, zeros left out."""
    wrong = np.array(confusion)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    rows, columns = np.unravel_index(order, wrong.shape)
    return [(int(r), int(c), int(wrong[r, c])) for r, c in zip(rows, columns, strict=True) if wrong[r, c] > 0]
