"""Populations of songs with known scores, from which `benchmarks.interval_coverage` draws data sets."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from irmas_tf.metrics.multilabel import (
    average_precision,
    lrap_of_clips,
    roc_auc,
    weighted_average_precision,
    weighted_roc_auc,
)

CLASSES = 11
TRAINING = np.array([388, 505, 451, 637, 760, 682, 721, 626, 577, 580, 778]) / 6705
TESTING = np.array([111, 62, 163, 535, 942, 361, 995, 326, 167, 211, 1044]) / 2874
"""Excerpts per class of IRMAS's training set, and labels per clip of its test set (Bosch et al., ISMIR 2012)."""
RARE_ONE = np.array([0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.03, 0.015, 0.01, 0.005])
RARE_MANY = np.array([0.5, 0.35, 0.25, 0.2, 0.12, 0.08, 0.05, 0.03, 0.02, 0.01, 0.006])
KINDS = ("irmas", "rare", "strong", "alike", "between")


@dataclasses.dataclass
class Sample:
    """A data set, its songs as sums, and what its scores are in the population.

    Attributes:
        labels: [clips] class indices, or [clips, classes] bool.
        answers: of the same form.
        scores: [clips, classes], or None with one label per clip.
        songs: [clips].
        truth: score -> its true value.
        strata: the class of each song, or its first one, [songs].
    """

    labels: np.ndarray
    answers: np.ndarray
    scores: np.ndarray | None
    songs: np.ndarray
    truth: dict[str, float]
    strata: np.ndarray
    classes: int = CLASSES

    def __post_init__(self) -> None:
        single = self.scores is None
        truth = np.eye(self.classes, dtype=bool)[self.labels] if single else self.labels
        named = np.eye(self.classes, dtype=bool)[self.answers] if single else self.answers
        self.num_songs = int(self.songs[-1]) + 1
        self.hits, self.named, self.held = (self._sums(v) for v in (truth & named, named, truth))
        self.clips = self._sums(np.ones([len(truth), 1]))[:, 0]
        of_clips = (truth & named).any(axis=1) if single else lrap_of_clips(truth, self.scores)
        self.of_clips = self._sums(of_clips[:, np.newaxis])[:, 0]
        self.present = truth.any(axis=0)
        self.matrix = truth

    def _sums(self, of_clips: np.ndarray) -> np.ndarray:
        result = np.zeros([self.num_songs, of_clips.shape[1]])
        np.add.at(result, self.songs, of_clips)
        return result

    def score(self, name: str, weights: np.ndarray, absent: str = "unlabelled") -> np.ndarray:
        """Return a score under each of several weightings of the songs, [weightings].

        Args:
            name: one of ``truth``.
            weights: [weightings, songs].
            absent: what a class counts that is absent from a weighting: "zero", or it is left out where it is not
                labelled ("unlabelled") or neither labelled nor named ("unseen").
        """
        if name in ("accuracy", "lrap"):
            return weights @ self.of_clips / (weights @ self.clips)
        if name == "micro_f1":
            return 2 * (weights @ self.hits.sum(axis=1)) / (weights @ (self.named + self.held).sum(axis=1))
        if name == "macro_f1":
            both, held = weights @ (self.named + self.held), weights @ self.held
            f1 = 2 * (weights @ self.hits) / np.maximum(both, 1e-300)
            if absent == "zero":
                return f1.mean(axis=1)
            counted = ((held if absent == "unlabelled" else both) > 0) & self.present
            return np.where(counted, f1, 0).sum(axis=1) / counted.sum(axis=1) * self.present.sum() / self.classes
        of_class = weighted_average_precision if name == "mean_average_precision" else weighted_roc_auc
        assert self.scores is not None
        of_clips = weights[:, self.songs]
        columns = [of_class(self.matrix[:, k], self.scores[:, k], of_clips) for k in np.flatnonzero(self.present)]
        values = np.stack(columns, axis=1)
        there = np.isfinite(values)
        return np.where(there, values, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)

    def linear_errors(self, name: str, weights: np.ndarray) -> np.ndarray | None:
        """Return the delta method's standard error of a score under each weighting; None for scores of rankings."""
        if name in ("accuracy", "lrap"):
            top, bottom = self.of_clips[:, np.newaxis], self.clips[:, np.newaxis]
        elif name == "micro_f1":
            top, bottom = 2 * self.hits.sum(axis=1, keepdims=True), (self.named + self.held).sum(axis=1, keepdims=True)
        elif name == "macro_f1":
            top, bottom = 2 * self.hits[:, self.present], (self.named + self.held)[:, self.present]
        else:
            return None
        below = weights @ bottom
        share = (below > 0) / (self.classes if name == "macro_f1" else 1)
        below = np.where(below > 0, below, 1.0)
        ratio = weights @ top / below
        influence = (share / below) @ top.T - (share * ratio / below) @ bottom.T  # [weightings, songs]
        return np.sqrt((weights * influence**2).sum(axis=1))


class Population(Protocol):
    """Songs without end, and the true scores of a model on them."""

    def draw(self, rng: np.random.Generator, clips: int, songs: int) -> Sample:
        """Return a data set."""


def _song_of_clips(rng: np.random.Generator, clips: int, songs: int) -> np.ndarray:
    """Return the song of each clip, sorted; songs have at least one clip, and uneven numbers of them."""
    sizes = 1 + rng.multinomial(clips - songs, rng.dirichlet(np.full(songs, 2.0)))
    return np.repeat(np.arange(songs), sizes)


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


class OneLabel:
    """Songs of one class; whether a clip is right depends on class and song, a wrong answer on both too."""

    def __init__(self, kind: str) -> None:
        rng = np.random.default_rng(11)
        self.prior = rng.permutation(RARE_ONE) if kind == "rare" else TRAINING
        self.center = rng.normal({"strong": 4.5, "between": 2.5}.get(kind, 1.1), 0.6, CLASSES)
        self.spread = 2.2 if kind == "between" else 1.5
        self.whole = {"alike": 0.75, "between": 0.3}.get(kind, 0.0)  # songs that are right or wrong as a whole
        confused = rng.dirichlet(np.full(CLASSES, 0.5), CLASSES)
        np.fill_diagonal(confused, 0)
        self.confused = confused / confused.sum(axis=1, keepdims=True)
        nodes, shares = np.polynomial.hermite_e.hermegauss(60)
        right = _logistic(self.center[:, np.newaxis] + self.spread * nodes) @ (shares / shares.sum())
        table = self.prior[:, np.newaxis] * (np.diag(right) + (1 - right)[:, np.newaxis] * self.confused)
        self.accuracy = float(np.trace(table))
        self.f1 = 2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))

    def draw(self, rng: np.random.Generator, clips: int, songs: int) -> Sample:
        """Return a data set."""
        song = _song_of_clips(rng, clips, songs)
        of_song, effect = rng.choice(CLASSES, songs, p=self.prior), rng.normal(size=songs)
        edges = self.confused.cumsum(axis=1)
        labels = of_song[song]
        whole = (rng.random(songs) < self.whole)[song]
        luck = np.where(whole, rng.random(songs)[song], rng.random(clips))
        right = luck < _logistic(self.center[of_song] + self.spread * effect)[song]
        of_the_song = (rng.random(songs)[:, np.newaxis] > edges[of_song]).sum(axis=1)[song]
        own = (rng.random(clips)[:, np.newaxis] > edges[labels]).sum(axis=1)
        wrong = np.minimum(np.where(rng.random(clips) < 0.6, of_the_song, own), CLASSES - 1)
        present = np.bincount(labels, minlength=CLASSES) > 0
        truth = {"accuracy": self.accuracy, "macro_f1": float(self.f1[present].sum() / CLASSES)}
        return Sample(labels, np.where(right, labels, wrong), None, song, truth, of_song)


class ManyLabels:
    """Songs with a leading class and others; a class's score has a part of the song's and one of the clip's."""

    def __init__(self, kind: str) -> None:
        rng = np.random.default_rng(12)
        self.prior = RARE_MANY if kind == "rare" else TESTING[::-1] if kind == "between" else TESTING
        self.distance = rng.normal({"strong": 4.0, "between": 2.8}.get(kind, 1.9), 0.4, CLASSES)
        self.threshold = {"strong": 2.0, "between": 1.5}.get(kind, 1.2)
        self.of_song, self.of_clip = {"alike": (1.0, 0.2), "between": (0.9, 0.5)}.get(kind, (0.7, 0.75))
        size = 600_000
        labels, answers, scores, _ = self._clips(np.random.default_rng(5), np.arange(size))
        hits, all_of = (labels & answers).sum(axis=0), labels.sum(axis=0) + answers.sum(axis=0)
        self.f1 = 2 * hits / all_of
        self.micro_f1 = float(2 * hits.sum() / all_of.sum())
        self.lrap = float(lrap_of_clips(labels[:200_000], scores[:200_000]).mean())
        self.precision, self.area = average_precision(labels, scores), roc_auc(labels, scores)

    def _clips(
        self, rng: np.random.Generator, song: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        clips, songs = len(song), int(song[-1]) + 1
        has = rng.random([songs, CLASSES]) < 0.75 * self.prior
        leading = rng.choice(CLASSES, songs, p=self.prior / self.prior.sum())
        labels = has[song] & (rng.random([clips, CLASSES]) < 0.8)
        labels[np.arange(clips), leading[song]] = True
        noise = self.of_song * rng.normal(size=[songs, CLASSES])[song] + self.of_clip * rng.normal(
            size=[clips, CLASSES]
        )
        scores = self.distance * labels + noise
        return labels, scores >= self.threshold, scores, leading

    def draw(self, rng: np.random.Generator, clips: int, songs: int) -> Sample:
        """Return a data set."""
        song = _song_of_clips(rng, clips, songs)
        labels, answers, scores, leading = self._clips(rng, song)
        present = labels.any(axis=0)
        some_without = present & ~labels.all(axis=0)
        truth = {
            "micro_f1": self.micro_f1,
            "macro_f1": float(self.f1[present].sum() / CLASSES),
            "lrap": self.lrap,
            "mean_average_precision": float(self.precision[present].mean()),
            "mean_roc_auc": float(self.area[some_without].mean()),
        }
        return Sample(labels, answers, scores, song, truth, leading)
