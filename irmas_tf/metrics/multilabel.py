"""Scores of multi-label answers: F1 and its kin of decisions, LRAP and average precision of un-thresholded scores.

Definitions are scikit-learn's, with ``zero_division=0``: a class that nobody labelled and nobody named has F1 0 and
counts in the macro F1, so that figures of different subsets stay comparable. The code is our own, because the bootstrap
over songs (`irmas_tf.metrics.multilabel_bootstrap`) needs weights; tests compare it with scikit-learn's. Two cases need
a word. A class without a positive label has no average precision: it is nan, and `mean_average_precision` leaves it
out; `mean_average_precision_all_classes` counts it as 0, as scikit-learn does. A clip without labels, or with all of
them, has LRAP 1: no ranking of it is wrong.

Sources: Bosch et al., ISMIR 2012 (micro and macro F1 on IRMAS); Tsoumakas, Katakis & Vlahavas, "Mining multi-label
data" (2010) for the ranking and example-based measures.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from irmas_tf.metrics.single_label import ClassScores


@dataclasses.dataclass(frozen=True)
class DecisionScores:
    """Scores of named classes, all in [0, 1]; ``hamming_loss`` is the share of wrong decisions, small is good.

    Attributes:
        micro_precision, micro_recall, micro_f1: of all decisions thrown together.
        macro_f1: mean of the per-class F1, all classes of the scheme counted.
        exact_match: share of clips with all classes right.
        hamming_loss: share of wrong (clip, class) decisions.
        of_class: precision, recall, F1 and support of each class.
    """

    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_f1: float
    exact_match: float
    hamming_loss: float
    of_class: ClassScores


def _check(labels: npt.ArrayLike, values: npt.ArrayLike, kind: type) -> tuple[np.ndarray, np.ndarray]:
    truth = np.asarray(labels, bool)
    answers: np.ndarray = np.asarray(values, kind)
    if truth.ndim != 2 or truth.shape != answers.shape:
        raise ValueError(f"labels {truth.shape} and answers {answers.shape} must be two matrices [clips, classes]")
    if not truth.size:
        raise ValueError("nothing to score: there are no labels")
    if kind is not bool and not np.isfinite(answers).all():
        raise ValueError("scores must be finite")
    return truth, answers


def decision_scores(labels: npt.ArrayLike, answers: npt.ArrayLike) -> DecisionScores:
    """Return every score of decisions.

    Args:
        labels, answers: [clips, classes] bool.

    Raises:
        ValueError: shapes differ, or nothing is given.
    """
    truth, named = _check(labels, answers, bool)
    of_class = _class_scores(truth, named)
    hits, all_named, all_labels = (truth & named).sum(), named.sum(), truth.sum()
    return DecisionScores(
        micro_precision=float(hits / max(all_named, 1)),
        micro_recall=float(hits / max(all_labels, 1)),
        micro_f1=micro_f1(truth, named),
        macro_f1=float(of_class.f1.mean()),
        exact_match=float((truth == named).all(axis=1).mean()),
        hamming_loss=float((truth != named).mean()),
        of_class=of_class,
    )


def _class_scores(truth: np.ndarray, named: np.ndarray) -> ClassScores:
    hits, names, support = (truth & named).sum(axis=0), named.sum(axis=0), truth.sum(axis=0)
    return ClassScores(
        precision=hits / np.maximum(names, 1),
        recall=hits / np.maximum(support, 1),
        f1=2 * hits / np.maximum(names + support, 1),
        support=support,
    )


def micro_f1(labels: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return 2 hits / (labels + named classes) over all clips and classes; 0 if there are neither."""
    truth, named = _check(labels, answers, bool)
    return float(2 * (truth & named).sum() / max(truth.sum() + named.sum(), 1))


def macro_f1(labels: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the mean of the per-class F1 over all classes of the scheme."""
    return float(_class_scores(*_check(labels, answers, bool)).f1.mean())


def lrap_of_clips(labels: npt.ArrayLike, scores: npt.ArrayLike) -> np.ndarray:
    """Return the ranking precision of each clip, [clips]; its mean is the LRAP.

    It is the mean over a clip's labels of: labels scored at least as high / classes scored at least as high.

    Args:
        labels: [clips, classes] bool.
        scores: [clips, classes], finite; the higher the more certain.
    """
    truth, values = _check(labels, scores, float)
    # [clips, label, other class]: whether the other is scored at least as high as the label.
    as_high = values[:, np.newaxis, :] >= values[:, :, np.newaxis]
    rank = as_high.sum(axis=2)
    labels_as_high = (as_high & truth[:, np.newaxis, :]).sum(axis=2)
    count = truth.sum(axis=1)
    precision = np.where(truth, labels_as_high / rank, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.where((count == 0) | (count == truth.shape[1]), 1.0, precision)


def lrap(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the label ranking average precision (arguments as `lrap_of_clips`)."""
    return float(lrap_of_clips(labels, scores).mean())


def average_precision(labels: npt.ArrayLike, scores: npt.ArrayLike) -> np.ndarray:
    """Return the average precision of each class, [classes]; nan for a class without a positive label.

    Args:
        labels: [clips, classes] bool.
        scores: [clips, classes], finite.
    """
    truth, values = _check(labels, scores, float)
    alike = np.ones([1, len(truth)])
    return np.array([weighted_average_precision(t, v, alike)[0] for t, v in zip(truth.T, values.T, strict=True)])


def weighted_average_precision(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the average precision of one class under each of several weightings of the clips, [weightings].

    It is the sum over distinct scores, from the highest, of the recall gained there times the precision reached there.

    Args:
        labels: [clips] bool.
        scores: [clips], finite.
        weights: [weightings, clips], at least 0. Where no positive label has a weight, the result is nan.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # of each run of equal scores
    ordered = weights[:, order]
    named = np.cumsum(ordered, axis=1)[:, last]
    hits = np.cumsum(np.where(labels[order], ordered, 0.0), axis=1)[:, last]
    area = (np.diff(hits, axis=1, prepend=0.0) * hits / np.where(named > 0, named, 1.0)).sum(axis=1)
    total = hits[:, -1]
    return np.where(total > 0, area / np.where(total > 0, total, 1.0), np.nan)


def mean_average_precision(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the mean of `average_precision` over the classes that have one; nan if none has."""
    of_class = average_precision(labels, scores)
    return float(np.nanmean(of_class)) if np.isfinite(of_class).any() else float("nan")


def mean_average_precision_all_classes(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the mean of `average_precision` over all classes, 0 for those without a positive label: scikit-learn's."""
    return float(np.nan_to_num(average_precision(labels, scores), nan=0.0).mean())


def constant_answer(prevalence: npt.ArrayLike, clips: int, size: int = 3) -> np.ndarray:
    """Return the answer that always names the ``size`` most frequent classes, [clips, classes] bool.

    Args:
        prevalence: [classes] counts or shares, of the training data if it is to be a baseline; of equals the first
            class comes first.
        clips: clips to answer.
        size: classes to name.
    """
    named = np.zeros(len(np.asarray(prevalence)), bool)
    named[np.argsort(-np.asarray(prevalence), kind="stable")[:size]] = True
    return np.tile(named, (clips, 1))


def constant_scores(prevalence: npt.ArrayLike, clips: int) -> np.ndarray:
    """Return the scores that rank classes by ``prevalence`` [classes] in every clip, [clips, classes]."""
    return np.tile(np.asarray(prevalence, np.float64), (clips, 1))
