"""Bootstrap intervals over songs of multi-label scores; see `irmas_tf.metrics.bootstrap` for why over songs.

A replicate is a weight for each song. F1 needs the weighted sums of the songs' counts, LRAP, exact match and hamming
loss those of the songs' sums over clips. Average precision needs an order: clips are sorted once, and a replicate is a
cumulative sum of weights along it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from irmas_tf.metrics.bootstrap import Interval, draw_weights, percentile_interval
from irmas_tf.metrics.multilabel import lrap_of_clips, weighted_average_precision

_CHUNK = 64  # replicates at a time: what they hold stays in the processor's cache


class SongBootstrap:
    """Draws songs once, so that all scores of an evaluation have the same replicates.

    Args:
        groups: [clips] song group of each clip.
        replicates: bootstrap samples.
        confidence: mass inside an interval, in (0, 1).
        seed: of the draw.
    """

    def __init__(
        self, groups: npt.ArrayLike, *, replicates: int = 1000, confidence: float = 0.95, seed: int = 0
    ) -> None:
        unique, position = np.unique(np.asarray(groups), return_inverse=True)
        self.num_groups = len(unique)
        self._position = position.reshape(-1)
        self._confidence = confidence
        self.weights = draw_weights(self.num_groups, replicates, seed)  # [replicates, groups]

    def decision_intervals(self, labels: npt.ArrayLike, answers: npt.ArrayLike) -> dict[str, Interval | None]:
        """Return intervals of micro_precision, micro_recall, micro_f1, macro_f1, exact_match and hamming_loss."""
        truth, named = np.asarray(labels, bool), np.asarray(answers, bool)
        hits, all_named, all_labels = (self._sums(v) for v in (truth & named, named, truth))
        clips = self._sums(np.ones(len(truth)))
        of_class = 2 * hits / np.maximum(all_named + all_labels, 1)
        hit, name, label = (v.sum(axis=1) for v in (hits, all_named, all_labels))
        return {
            "micro_precision": self._interval(hit / np.maximum(name, 1)),
            "micro_recall": self._interval(hit / np.maximum(label, 1)),
            "micro_f1": self._interval(2 * hit / np.maximum(name + label, 1)),
            "macro_f1": self._interval(of_class.mean(axis=1)),
            "exact_match": self._interval(self._sums((truth == named).all(axis=1)) / clips),
            "hamming_loss": self._interval(self._sums((truth != named).mean(axis=1)) / clips),
        }

    def ranking_intervals(self, labels: npt.ArrayLike, scores: npt.ArrayLike) -> dict[str, Interval | None]:
        """Return intervals of lrap, mean_average_precision and mean_average_precision_all_classes.

        A replicate's mean average precision is over the classes that its songs hold; over all classes, the others count
        as 0.
        """
        truth, values = np.asarray(labels, bool), np.asarray(scores, np.float64)
        if self.num_groups < 2:
            return {"lrap": None, "mean_average_precision": None, "mean_average_precision_all_classes": None}
        precision = np.stack([self._average_precision(t, v) for t, v in zip(truth.T, values.T, strict=True)], axis=1)
        present = np.isfinite(precision)
        total = np.where(present, precision, 0.0).sum(axis=1)
        counted = present.sum(axis=1)
        return {
            "lrap": self.mean_interval(lrap_of_clips(truth, values)),
            "mean_average_precision": self._interval((total / np.maximum(counted, 1))[counted > 0]),
            "mean_average_precision_all_classes": self._interval(total / truth.shape[1]),
        }

    def mean_interval(self, of_clips: npt.ArrayLike) -> Interval | None:
        """Return the interval of the mean of one number per clip, [clips]."""
        values = np.asarray(of_clips, np.float64)
        return self._interval(self._sums(values) / self._sums(np.ones(len(values))))

    def replicates_of(self, statistic: Callable[[np.ndarray], float]) -> np.ndarray:
        """Return a slow statistic of clip weights [clips] for every replicate; for tests of the fast ones."""
        return np.array([statistic(weights[self._position]) for weights in self.weights])

    def _sums(self, of_clips: np.ndarray) -> np.ndarray:
        """Return the weighted sums over clips of [clips, ...], [replicates, ...]."""
        values = np.asarray(of_clips, np.float64)
        of_groups = np.zeros((self.num_groups, *values.shape[1:]))
        np.add.at(of_groups, self._position, values)
        return self.weights @ of_groups

    def _average_precision(self, truth: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return the average precision of a class in every replicate, nan where it has no positive label."""
        result = np.empty(len(self.weights))
        for first in range(0, len(self.weights), _CHUNK):
            weights = self.weights[first : first + _CHUNK, self._position]
            result[first : first + _CHUNK] = weighted_average_precision(truth, values, weights)
        return result

    def _interval(self, replicates: np.ndarray) -> Interval | None:
        return percentile_interval(replicates, self._confidence) if self.num_groups > 1 and replicates.size else None
