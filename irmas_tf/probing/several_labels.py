"""Linear probe of excerpts with several or unknown labels: a logistic regression per class, on its known labels."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from irmas_tf.config.labels import LabelScheme
from irmas_tf.evaluation.score_entries import score_entry
from irmas_tf.evaluation.song_notes import interval_notes
from irmas_tf.metrics import multilabel
from irmas_tf.metrics.known_labels import has_unknown, truth_and_known
from irmas_tf.metrics.multilabel_intervals import SongIntervals

_ITERATIONS = 2000
LEVEL = 0.5
"""Probability from which a class is named; nothing is chosen on the excerpts that are scored."""


@dataclasses.dataclass(frozen=True)
class LabelsProbeResult:
    """The predictions of a cross-validated probe: every excerpt's come from the fold that did not train on its song.

    Attributes:
        labels: int8 [excerpts, classes] of 1, 0 and -1 (unknown).
        probabilities: of each class being there, [excerpts, classes].
        groups: song of each excerpt, [excerpts].
        folds: of the cross-validation.
        regularization: C of the logistic regressions.
        songs_of: which songs these are, in words.
    """

    TITLES: ClassVar[dict[str, str]] = {
        "mean_average_precision": "mAP",
        "lrap": "LRAP",
        "micro_f1": "micro F1",
        "macro_f1": "macro F1",
    }

    labels: np.ndarray
    probabilities: np.ndarray
    groups: np.ndarray
    folds: int
    regularization: float
    songs_of: str = "all songs"

    def summary(self, scheme: LabelScheme) -> dict[str, Any]:
        """Return it as a JSON-ready dict; scores are in [0, 1], and of known labels alone."""
        labels = self.labels if has_unknown(self.labels) else self.labels == 1
        answers = self.probabilities >= LEVEL
        songs = SongIntervals(self.groups)
        intervals = songs.ranking_intervals(labels, self.probabilities) | songs.decision_intervals(labels, answers)
        values = {
            "mean_average_precision": multilabel.mean_average_precision(labels, self.probabilities),
            "lrap": multilabel.lrap(labels, self.probabilities),
            "micro_f1": multilabel.micro_f1(labels, answers),
            "macro_f1": multilabel.macro_f1(labels, answers),
        }
        of_class = multilabel.decision_scores(labels, answers).of_class
        precision, known = multilabel.average_precision(labels, self.probabilities), truth_and_known(labels)[1]
        return {
            "task": "multi_label",
            "songs_of": self.songs_of,
            "warnings": list(interval_notes(self.groups, self.labels == 1, scheme.codes, ranked=True)),
            "excerpts": len(labels),
            "songs": len(np.unique(self.groups)),
            "folds": self.folds,
            "regularization": self.regularization,
            "threshold": LEVEL,
            "known_share": float(known.mean()),
            **{name: score_entry(value, intervals[name]) for name, value in values.items()},
            "per_class": [
                {
                    "class": code,
                    "name": name,
                    "support": int(of_class.support[k]),
                    "known": int(known[:, k].sum()),
                    "average_precision": float(precision[k]) if np.isfinite(precision[k]) else None,
                    "f1": float(of_class.f1[k]),
                }
                for k, (code, name) in enumerate(zip(scheme.codes, scheme.names, strict=True))
            ],
            "classes": list(scheme.codes),
            "names": list(scheme.names),
        }


def cross_validate_labels(
    embeddings: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    *,
    folds: int = 5,
    regularization: float = 0.01,
    seed: int = 0,
) -> LabelsProbeResult:
    """Cross-validate a logistic regression per class on standardised embeddings; songs never lie on both sides.

    A class is learnt from the excerpts of which it is known. Where these are all alike in a fold's training part, their
    answer is given: 1 or 0, or .5 if there are none.

    Args:
        embeddings: [excerpts, width].
        targets: int8 [excerpts, classes] of 1, 0 and -1 (unknown).
        groups: song of each excerpt, any integers.
        folds: number of folds, at least 2.
        regularization: C, the inverse strength of the L2 penalty: smaller is smoother.
        seed: of the folds.

    Raises:
        ValueError: fewer songs than folds, or the lengths differ.
    """
    targets, groups = np.asarray(targets), np.asarray(groups)
    if not len(embeddings) == len(targets) == len(groups):
        raise ValueError(f"{len(embeddings)} embeddings, {len(targets)} labels and {len(groups)} songs do not match")
    if (songs := len(np.unique(groups))) < folds:
        raise ValueError(f"--folds={folds}: there are only {songs} songs; use at most that many folds")
    # GroupKFold has no seed before scikit-learn 1.6: songs are numbered anew at random instead.
    _, numbers = np.unique(groups, return_inverse=True)
    numbers = np.random.default_rng(seed).permutation(songs)[numbers.reshape(-1)]
    probabilities = np.empty(targets.shape)
    for train, held_out in GroupKFold(folds).split(embeddings, groups=numbers):
        scaler = StandardScaler().fit(embeddings[train])
        known, new = scaler.transform(embeddings[train]), scaler.transform(embeddings[held_out])
        for k, column in enumerate(targets[train].T):
            probabilities[held_out, k] = _learn(known[column >= 0], column[column >= 0], new, regularization)
    return LabelsProbeResult(targets, probabilities, groups, folds, regularization)


def _learn(vectors: np.ndarray, labels: np.ndarray, new: np.ndarray, regularization: float) -> np.ndarray:
    """Return the probability of a class in new excerpts, [new]."""
    if not len(labels) or (labels == labels[0]).all():
        return np.full(len(new), float(labels[0]) if len(labels) else 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=regularization, max_iter=_ITERATIONS).fit(vectors, labels).predict_proba(new)[:, 1]
