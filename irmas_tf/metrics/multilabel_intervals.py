"""Intervals over songs of multi-label scores; `irmas_tf.metrics.song_intervals` says what they are and how made.

Labels may be unknown (-1): what they are compared with counts nowhere, as in `irmas_tf.metrics.multilabel`. Each
interval is of the same quantity as the figure there. Means over classes are of the classes that these clips hold; where
the figure counts the others as 0, so does its interval.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from irmas_tf.metrics.known_labels import truth_and_known
from irmas_tf.metrics.multilabel import lrap_of_clips
from irmas_tf.metrics.ranking_influence import average_precision_of_songs, roc_auc_of_songs
from irmas_tf.metrics.song_intervals import (
    ALIKE,
    CONFIDENCE,
    Interval,
    Parts,
    Songs,
    interval_of,
    intervals_of_each,
    ratio_parts,
)

_ALIKE_AREA = 0.15  # the area of one song's pairs is a mean of many, and lies further from 0 and 1 than a share

_OfClass = Callable[[np.ndarray, np.ndarray, np.ndarray, Songs], tuple[float, np.ndarray, int]]


class SongIntervals:
    """Intervals of the scores of some clips.

    Args:
        groups: the song of each clip, numbers or names, [clips].
        confidence: mass inside an interval, in (0, 1).
    """

    def __init__(self, groups: npt.ArrayLike, *, confidence: float = CONFIDENCE) -> None:
        self.songs = Songs(groups)
        self._confidence = confidence

    def decision_intervals(self, labels: npt.ArrayLike, answers: npt.ArrayLike) -> dict[str, Interval | None]:
        """Return intervals of micro_precision, micro_recall, micro_f1, macro_f1, exact_match and hamming_loss.

        Args:
            labels: [clips, classes] bool, or 1, 0 and -1 (unknown).
            answers: [clips, classes] bool.
        """
        truth, known = truth_and_known(labels)
        named = np.asarray(answers, bool) & known
        hits, all_named, all_labels = (self.songs.sums(v) for v in (truth & named, named, truth))
        hit, name, label = (v.sum(axis=1) for v in (hits, all_named, all_labels))
        wrong, pairs = (truth != named).sum(axis=1), known.sum(axis=1)
        f1 = ratio_parts(2 * hits, all_named + all_labels, holds=all_labels)
        macro = interval_of(f1, self._confidence)
        return {
            "micro_precision": self._ratio(hit, name, trials=True),
            "micro_recall": self._ratio(hit, label, trials=True),
            "micro_f1": self._ratio(2 * hit, name + label),
            "macro_f1": macro and macro.times(len(f1.values) / truth.shape[1]),
            "exact_match": self._ratio(
                self.songs.sums((wrong == 0) & (pairs > 0)), self.songs.sums(pairs > 0), trials=True
            ),
            "hamming_loss": self._ratio(self.songs.sums(wrong), self.songs.sums(pairs), trials=True),
        }

    def class_f1_intervals(self, labels: npt.ArrayLike, answers: npt.ArrayLike) -> list[Interval | None]:
        """Return the interval of each class's F1, [classes]; None for a class that fewer than two songs hold."""
        truth, known = truth_and_known(labels)
        named = np.asarray(answers, bool) & known
        hits, all_named, all_labels = (self.songs.sums(v) for v in (truth & named, named, truth))
        parts = ratio_parts(2 * hits, all_named + all_labels, holds=all_labels)
        each = iter(intervals_of_each(parts, self._confidence))
        return [next(each) if count else None for count in all_labels.sum(axis=0)]

    def ranking_intervals(self, labels: npt.ArrayLike, scores: npt.ArrayLike) -> dict[str, Interval | None]:
        """Return intervals of lrap, mean_average_precision (also of all classes) and mean_roc_auc.

        Args:
            labels: [clips, classes] bool, or 1, 0 and -1 (unknown).
            scores: [clips, classes], finite.
        """
        truth, known = truth_and_known(labels)
        values = np.asarray(scores, np.float64)
        positive, negative = (np.sum(side, axis=0) > 0 for side in (truth, known & ~truth))
        precision = self._of_classes(average_precision_of_songs, truth, known, values, positive)
        area = self._of_classes(roc_auc_of_songs, truth, known, values, positive & negative, _ALIKE_AREA)
        mean = interval_of(precision, self._confidence, of_rankings=True)
        return {
            "lrap": self.mean_interval(lrap_of_clips(labels, scores)),
            "mean_average_precision": mean,
            "mean_average_precision_all_classes": mean and mean.times(len(precision.values) / truth.shape[1]),
            "mean_roc_auc": interval_of(area, self._confidence, of_rankings=True),
        }

    def mean_interval(self, of_clips: npt.ArrayLike) -> Interval | None:
        """Return the interval of the mean of a number in [0, 1] per clip, [clips]; clips of nan are left out."""
        values = np.asarray(of_clips, np.float64)
        counted = np.isfinite(values)
        top, bottom = self.songs.sums(np.where(counted, values, 0.0)), self.songs.sums(counted)
        parts = ratio_parts(top[:, np.newaxis], bottom[:, np.newaxis])
        return interval_of(parts, self._confidence, of_rankings=True)

    def _ratio(self, top: np.ndarray, bottom: np.ndarray, trials: bool = False) -> Interval | None:
        """Return the interval of a ratio of sums over songs; with ``trials`` it is a share of decisions."""
        count = float(bottom.sum()) if trials else np.inf
        return interval_of(ratio_parts(top[:, np.newaxis], bottom[:, np.newaxis], trials=count), self._confidence)

    def _of_classes(
        self,
        of_class: _OfClass,
        truth: np.ndarray,
        known: np.ndarray,
        scores: np.ndarray,
        which: np.ndarray,
        alike: float = ALIKE,
    ) -> Parts:
        values, songs_of, variances = [], [], []
        together = np.zeros(self.songs.count)
        for k in np.flatnonzero(which):  # by class, so that 1,000 classes of many songs fit into memory
            rows = known[:, k]
            value, change, held = of_class(truth[rows, k], scores[rows, k], self.songs.position[rows], self.songs)
            part = Parts.of(np.array([value]), change[:, np.newaxis], np.array([held]))
            values.append(value)
            songs_of.append(held)
            variances.append(float(part.variances[0]))
            together += part.together
        return Parts(np.array(values), np.array(variances), np.array(songs_of, int), together, alike)
