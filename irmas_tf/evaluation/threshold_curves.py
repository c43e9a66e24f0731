"""What every threshold would score: the curves beside which the chosen thresholds can be judged."""

from __future__ import annotations

import dataclasses

import numpy as np

from irmas_tf.evaluation.scored_clips import ScoredClips
from irmas_tf.metrics.thresholds import counts_at

POINTS = 201


@dataclasses.dataclass(frozen=True)
class ThresholdCurves:
    """Scores of one aggregation at a grid of thresholds, the same for all classes.

    Attributes:
        thresholds: [n], ascending.
        micro_precision, micro_recall, micro_f1, macro_f1: [n].
        class_f1: [n, classes].
    """

    thresholds: np.ndarray
    micro_precision: np.ndarray
    micro_recall: np.ndarray
    micro_f1: np.ndarray
    macro_f1: np.ndarray
    class_f1: np.ndarray


def threshold_curves(clips: ScoredClips, aggregation: str) -> ThresholdCurves:
    """Return the curves on a grid: from 0 to 1 for scores within it, else from the lowest score to the highest."""
    labels, scores = clips.labels, clips.scores[aggregation]
    low, high = float(scores.min()), float(scores.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low == high:
        low, high = low - 0.5, high + 0.5
    thresholds = np.linspace(low, high, POINTS)
    hits, named = counts_at(labels, scores, thresholds)
    of_class = clips.truth.sum(axis=0)
    class_f1 = 2 * hits / np.maximum(named + of_class, 1)
    all_hits, all_named, all_labels = hits.sum(axis=1), named.sum(axis=1), int(of_class.sum())
    return ThresholdCurves(
        thresholds=thresholds,
        micro_precision=all_hits / np.maximum(all_named, 1),
        micro_recall=all_hits / max(all_labels, 1),
        micro_f1=2 * all_hits / np.maximum(all_named + all_labels, 1),
        macro_f1=class_f1.mean(axis=1),
        class_f1=class_f1,
    )
