"""Linear probe: logistic regression on frozen embeddings, cross-validated over songs.

The first thing to try with a pretrained network, and the figure to beat by fine-tuning it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from irmas_tf.metrics.single_label import confusion_matrix
from irmas_tf.metrics.single_label_intervals import single_label_intervals
from irmas_tf.metrics.song_intervals import Interval

_ITERATIONS = 2000
CURVE_SHARES = (0.125, 0.25, 0.5)  # of the songs to train on, beside all of them


@dataclasses.dataclass(frozen=True)
class CurvePoint:
    """How a probe does that learns from a part of the songs only.

    Attributes:
        songs, excerpts: trained on, the mean over the folds.
        accuracy: on all excerpts, each by the fold that did not train on its song.
    """

    songs: float
    excerpts: float
    accuracy: float


@dataclasses.dataclass(frozen=True)
class ProbeResult:
    """The predictions of a cross-validated probe: every excerpt's come from the fold that did not train on its song.

    Attributes:
        labels, predicted: class indices [excerpts].
        groups: song of each excerpt [excerpts].
        fold_accuracies: accuracy in each fold.
        num_classes: classes of the scheme.
        regularization: C of the logistic regression.
        curve: learning curve, from few songs to all; empty if it was not asked for.
        songs_of: which songs these are, in words.
    """

    labels: np.ndarray
    predicted: np.ndarray
    groups: np.ndarray
    fold_accuracies: tuple[float, ...]
    num_classes: int
    regularization: float
    curve: tuple[CurvePoint, ...] = ()
    songs_of: str = "all songs"

    @property
    def confusion(self) -> np.ndarray:
        """Confusion matrix [classes, classes], a row per label."""
        return confusion_matrix(self.labels, self.predicted, self.num_classes)

    def intervals(self) -> dict[str, Interval | None]:
        """Return the 95 % intervals over songs of ``accuracy`` and ``macro_f1``."""
        return single_label_intervals(self.labels, self.predicted, self.groups, self.num_classes)


def cross_validate(
    embeddings: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    num_classes: int,
    folds: int = 5,
    regularization: float = 0.01,
    seed: int = 0,
    learning_curve: bool = False,
) -> ProbeResult:
    """Cross-validate a logistic regression on standardised embeddings; songs never lie on both sides.

    Args:
        embeddings: [excerpts, width].
        labels: class index of each excerpt.
        groups: song of each excerpt, any integers.
        num_classes: classes of the scheme.
        folds: number of folds, at least 2.
        regularization: C, the inverse strength of the L2 penalty: smaller is smoother.
        seed: of the folds, and of the songs of the learning curve.
        learning_curve: also train on an eighth, a quarter and a half of the songs of every class, each part of the
            next.

    Raises:
        ValueError: fewer songs of a class than folds, or the lengths differ.
    """
    labels, groups = np.asarray(labels), np.asarray(groups)
    if not len(embeddings) == len(labels) == len(groups):
        raise ValueError(f"{len(embeddings)} embeddings, {len(labels)} labels and {len(groups)} songs do not match")
    for label in np.unique(labels):
        songs = len(np.unique(groups[labels == label]))
        if songs < folds:
            raise ValueError(f"--folds={folds}: class {label} has only {songs} songs; use at most that many folds")
    shares = (*CURVE_SHARES, 1.0) if learning_curve else (1.0,)
    predicted = np.empty([len(shares), len(labels)], np.int64)
    sizes = np.zeros([len(shares), 2])  # songs, excerpts
    accuracies = []
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(embeddings, labels, groups)
    for fold, (train, held_out) in enumerate(tqdm(split, total=folds, desc="probe", unit="fold", disable=None)):
        for row, share in enumerate(shares):
            some = train[_songs_of_share(labels[train], groups[train], share, seed=[seed, fold])]
            probe = make_pipeline(StandardScaler(), LogisticRegression(C=regularization, max_iter=_ITERATIONS))
            probe.fit(embeddings[some], labels[some])
            predicted[row, held_out] = probe.predict(embeddings[held_out])
            sizes[row] += len(np.unique(groups[some])) / folds, len(some) / folds
        accuracies.append(float(np.mean(predicted[-1, held_out] == labels[held_out])))
    curve = tuple(
        CurvePoint(float(songs), float(excerpts), float(np.mean(guesses == labels)))
        for (songs, excerpts), guesses in zip(sizes, predicted, strict=True)
    )
    return ProbeResult(
        labels, predicted[-1], groups, tuple(accuracies), num_classes, regularization, curve if learning_curve else ()
    )


def _songs_of_share(labels: np.ndarray, groups: np.ndarray, share: float, *, seed: Sequence[int]) -> np.ndarray:
    """Return which excerpts belong to a share of every class's songs, [excerpts] bool; the same seed nests them.

    A class keeps one song at least.
    """
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        songs = np.random.default_rng([*seed, label]).permutation(np.unique(groups[labels == label]))
        kept = songs[: max(1, round(share * len(songs)))]
        chosen |= (labels == label) & np.isin(groups, kept)
    return chosen
