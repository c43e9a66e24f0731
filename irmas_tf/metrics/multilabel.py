"""Scores of multi-label answers: F1 and its kin of decisions, LRAP and average precision of un-thresholded scores.

Labels are bool, or numbers 1, 0 and -1: unknown labels count nowhere (`irmas_tf.metrics.known_labels`), and every
figure is scikit-learn's on the (clip, class) pairs that are known.

Definitions are scikit-learn's, with ``zero_division=0``: a class that nobody labelled and nobody named has F1 0 and
counts in the macro F1, so that figures of different subsets stay comparable. The code is our own, because it takes
unknown labels and weights of clips; tests compare it with scikit-learn's. Three cases need a word. A class without a
positive label has no average precision: it is nan, and `mean_average_precision` leaves it out;
`mean_average_precision_all_classes` counts it as 0, as scikit-learn does. A class of which the known labels are all
alike has no ROC AUC, in the same way. A clip without labels, or with all of them, has LRAP 1, no ranking of it is
wrong; but if some of its labels are unknown, it has no LRAP and is left out, because with two known labels per clip
most clips would score 1 for nothing.

Sources: Bosch et al., ISMIR 2012 (micro and macro F1 on IRMAS); Tsoumakas, Katakis & Vlahavas, "Mining multi-label
data" (2010) for the ranking and example-based measures; Humphrey, Durand & McFee, ISMIR 2018 (OpenMIC: figures per
class over the clips whose label is known).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from irmas_tf.metrics.known_labels import truth_and_known
from irmas_tf.metrics.single_label import ClassScores

_PAIRS_AT_ONCE = 1 << 22  # (label, class) pairs that LRAP compares in one piece, so that 1,000 classes fit into memory


@dataclasses.dataclass(frozen=True)
class DecisionScores:
    """Scores of named classes, all in [0, 1]; ``hamming_loss`` is the share of wrong decisions, small is good.

    Attributes:
        micro_precision, micro_recall, micro_f1: of all decisions on known labels thrown together.
        macro_f1: mean of the per-class F1, all classes of the scheme counted.
        exact_match: share of clips with all known classes right, of the clips of which any is known.
        hamming_loss: share of wrong (clip, class) decisions, of those whose label is known.
        of_class: precision, recall, F1 and support of each class.
    """

    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_f1: float
    exact_match: float
    hamming_loss: float
    of_class: ClassScores


def _check(labels: npt.ArrayLike, values: npt.ArrayLike, kind: type) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (which labels are there, which are known, the answers or scores)."""
    truth, known = truth_and_known(labels)
    answers: np.ndarray = np.asarray(values, kind)
    if truth.ndim != 2 or truth.shape != answers.shape:
        raise ValueError(f"labels {truth.shape} and answers {answers.shape} must be two matrices [clips, classes]")
    if not truth.size:
        raise ValueError("nothing to score: there are no labels")
    if not known.any():
        raise ValueError("nothing to score: no label is known")
    if kind is not bool and not np.isfinite(answers).all():
        raise ValueError("scores must be finite")
    return truth, known, answers


def decision_scores(labels: npt.ArrayLike, answers: npt.ArrayLike) -> DecisionScores:
    """Return every score of decisions.

    Args:
        labels: [clips, classes] bool, or 1, 0 and -1 (unknown).
        answers: [clips, classes] bool; where a label is unknown they do not count.

    Raises:
        ValueError: shapes differ, or no label is known.
    """
    truth, known, named = _check(labels, answers, bool)
    named = named & known
    of_class = _class_scores(truth, named)
    hits, all_named, all_labels = (truth & named).sum(), named.sum(), truth.sum()
    judged = known.any(axis=1)
    return DecisionScores(
        micro_precision=float(hits / max(all_named, 1)),
        micro_recall=float(hits / max(all_labels, 1)),
        micro_f1=_micro_f1(truth, named),
        macro_f1=float(of_class.f1.mean()),
        exact_match=float((truth == named).all(axis=1)[judged].mean()),
        hamming_loss=float((truth != named)[known].mean()),
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


def _micro_f1(truth: np.ndarray, named: np.ndarray) -> float:
    return float(2 * (truth & named).sum() / max(truth.sum() + named.sum(), 1))


def micro_f1(labels: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return 2 hits / (labels + named classes) over all known (clip, class) pairs; 0 if there are neither."""
    truth, known, named = _check(labels, answers, bool)
    return _micro_f1(truth, named & known)


def macro_f1(labels: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Return the mean of the per-class F1, each over its known labels, over all classes of the scheme."""
    truth, known, named = _check(labels, answers, bool)
    return float(_class_scores(truth, named & known).f1.mean())


def lrap_of_clips(labels: npt.ArrayLike, scores: npt.ArrayLike) -> np.ndarray:
    """Return the ranking precision of each clip, [clips]; the mean of those that have one is the LRAP.

    It is the mean over a clip's labels of: labels scored at least as high / classes scored at least as high, among the
    classes whose label is known, as if the scheme had no others. Where labels are unknown, a clip whose known labels
    are all alike has none: nan.

    Args:
        labels: [clips, classes] bool, or 1, 0 and -1 (unknown).
        scores: [clips, classes], finite; the higher the more certain.
    """
    truth, known, values = _check(labels, scores, float)
    classes = truth.shape[1]
    precision = np.zeros(truth.shape)
    clip_of, label_of = np.nonzero(truth)
    for first in range(0, len(clip_of), step := max(1, _PAIRS_AT_ONCE // classes)):
        clip, label = clip_of[first : first + step], label_of[first : first + step]
        # [labels, other class]: whether the other is scored at least as high as the label.
        as_high = (values[clip] >= values[clip, label][:, np.newaxis]) & known[clip]
        precision[clip, label] = (as_high & truth[clip]).sum(axis=1) / as_high.sum(axis=1)
    count, of_known = truth.sum(axis=1), known.sum(axis=1)
    mean = precision.sum(axis=1) / np.maximum(count, 1)
    alike = (count == 0) | (count == of_known)
    return np.where(alike, np.where(of_known == classes, 1.0, np.nan), mean)


def lrap(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the label ranking average precision (arguments as `lrap_of_clips`); nan if no clip has any."""
    of_clips = lrap_of_clips(labels, scores)
    counted = of_clips[np.isfinite(of_clips)]
    return float(counted.mean()) if counted.size else float("nan")


def average_precision(labels: npt.ArrayLike, scores: npt.ArrayLike) -> np.ndarray:
    """Return the average precision of each class over its known labels, [classes]; nan without a positive one.

    Args:
        labels: [clips, classes] bool, or 1, 0 and -1 (unknown).
        scores: [clips, classes], finite.
    """
    truth, known, values = _check(labels, scores, float)
    return np.array([
        weighted_average_precision(t[k], v[k], np.ones([1, k.sum()]))[0] if t.any() else np.nan
        for t, k, v in zip(truth.T, known.T, values.T, strict=True)
    ])  # fmt: skip


def roc_auc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> np.ndarray:
    """Return the area under the ROC curve of each class over its known labels, [classes].

    It is the share of (clip with the class, clip without it) pairs in which the former is scored higher, ties counted
    half. A class of which no positive or no negative label is known has none: nan.

    Args:
        labels: [clips, classes] bool, or 1, 0 and -1 (unknown).
        scores: [clips, classes], finite.
    """
    truth, known, values = _check(labels, scores, float)
    return np.array([
        weighted_roc_auc(t[k], v[k], np.ones([1, k.sum()]))[0] if k.any() else np.nan
        for t, k, v in zip(truth.T, known.T, values.T, strict=True)
    ])  # fmt: skip


def weighted_roc_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve of one class under each of several weightings of the clips, [weightings].

    Args:
        labels: [clips] bool.
        scores: [clips], finite.
        weights: [weightings, clips], at least 0. Where positives or negatives have no weight, the result is nan.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # of each run of equal scores
    ordered, positive = weights[:, order], labels[order]
    hits = np.cumsum(np.where(positive, ordered, 0.0), axis=1)[:, last]
    wrong = np.cumsum(np.where(positive, 0.0, ordered), axis=1)[:, last]
    step = np.diff(wrong, axis=1, prepend=0.0)
    area = (step * (hits - np.diff(hits, axis=1, prepend=0.0) / 2.0)).sum(axis=1)
    pairs = hits[:, -1] * wrong[:, -1]
    return np.where(pairs > 0, area / np.where(pairs > 0, pairs, 1.0), np.nan)


def mean_roc_auc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the mean of `roc_auc` over the classes that have one; nan if none has."""
    of_class = roc_auc(labels, scores)
    return float(np.nanmean(of_class)) if np.isfinite(of_class).any() else float("nan")


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
