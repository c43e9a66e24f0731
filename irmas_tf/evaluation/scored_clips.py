"""Clips with labels and scores, and the decision levels of the three threshold regimes; whoever made the scores.

The regimes, which papers often leave unnamed:

- ``fixed``: chosen in advance, on other data than the clips at hand.
- ``other_songs``: for each clip chosen on the clips of other songs of the same test set (cross-validation in three
  folds: the Parts of the official test set if all are there, else song groups). Sees the test set's class prior.
- ``oracle``: chosen on the very clips that are scored: what no threshold can beat, not a result.

Each with one level for all classes (``global``, highest micro F1) or one a class (``per_class``, highest F1 of each).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from irmas_tf.metrics.thresholds import best_global, best_per_class

FIXED, OTHER_SONGS, ORACLE = "fixed", "other_songs", "oracle"
REGIMES = (FIXED, OTHER_SONGS, ORACLE)
REGIME_WORDS = {FIXED: "fixed in advance", OTHER_SONGS: "tuned on other songs", ORACLE: "oracle"}
GLOBAL, PER_CLASS = "global", "per_class"
LEVELS = (GLOBAL, PER_CLASS)
FOLDS = 3
CONVENTIONAL_LEVEL = 0.5


@dataclasses.dataclass(frozen=True)
class ScoredClips:
    """Clips, what is in them, and un-thresholded scores; all arrays in the order of ``files``.

    Attributes:
        codes: class codes, in the order of the columns.
        names: their names.
        files: what each clip is called in reports.
        groups: song group of each clip, [clips] int.
        parts: part of the official test set of each clip, [clips] int; 0 is unknown.
        labels: [clips, classes] bool.
        scores: aggregation -> [clips, classes] float64, finite; the higher the more certain.
        paths: the audio files, or empty where there are none to play (mixtures, score files).
        durations_seconds: length of each clip, s; empty if not known.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    files: tuple[str, ...]
    groups: np.ndarray
    parts: np.ndarray
    labels: np.ndarray
    scores: dict[str, np.ndarray]
    paths: tuple[str, ...] = ()
    durations_seconds: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.files)

    @property
    def songs(self) -> int:
        """Number of song groups."""
        return len(np.unique(self.groups))


@dataclasses.dataclass(frozen=True)
class Decision:
    """Decision levels for every clip and class.

    Attributes:
        regime: one of `REGIMES`.
        level: one of `LEVELS`.
        chosen_on: on what the levels were chosen, in words.
        thresholds: [folds, classes]; a single fold unless the regime is ``other_songs``.
        fold: [clips] fold of each clip; None if there is a single one.
        fold_names: what each fold is called, [folds].
    """

    regime: str
    level: str
    chosen_on: str
    thresholds: np.ndarray
    fold: np.ndarray | None = None
    fold_names: tuple[str, ...] = ("all",)

    def answers(self, scores: np.ndarray) -> np.ndarray:
        """Return the classes named, [clips, classes] bool, of scores [clips, classes]."""
        return np.asarray(scores) >= (self.thresholds if self.fold is None else self.thresholds[self.fold])


def fixed(thresholds: np.ndarray | float, level: str, chosen_on: str, classes: int) -> Decision:
    """Return levels that do not depend on the clips: one number, or [classes]."""
    return Decision(FIXED, level, chosen_on, np.broadcast_to(thresholds, (1, classes)).astype(np.float64))


def optimal(labels: np.ndarray, scores: np.ndarray, level: str) -> np.ndarray:
    """Return the levels [classes] with the highest F1 on these clips (labels, scores [clips, classes]).

    A class without a positive label has nothing to choose by, and takes the global level.
    """
    overall = best_global(labels, scores)
    if level == GLOBAL:
        return np.full(labels.shape[1], overall)
    return best_per_class(labels, scores, fallback=overall)


def oracle(clips: ScoredClips, aggregation: str, level: str) -> Decision:
    """Return the levels chosen on the clips themselves; a class that none of them holds is never named."""
    scores = clips.scores[aggregation]
    chosen = optimal(clips.labels, scores, level) if level == GLOBAL else best_per_class(clips.labels, scores)
    return Decision(ORACLE, level, "the scored clips themselves: a bound, not a result", chosen[np.newaxis])


def tuned_on_other_songs(clips: ScoredClips, aggregation: str, level: str) -> Decision | None:
    """Return levels chosen, for each fold of songs, on the other folds; None with a single song."""
    found = song_folds(clips.groups, clips.parts)
    if found is None:
        return None
    fold, names, words = found
    scores = clips.scores[aggregation]
    levels = [optimal(clips.labels[fold != k], scores[fold != k], level) for k in range(len(names))]
    return Decision(OTHER_SONGS, level, words, np.stack(levels), fold, names)


def song_folds(groups: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], str] | None:
    """Return (fold of each clip, names of the folds, how they were made), or None if there is a single song.

    With clips of all three official Parts, a fold is a Part; a song group that reaches into several goes with its first
    clip. Otherwise song groups are dealt out, the largest first, each to the fold with the fewest clips.
    """
    unique, first, position, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    position = position.reshape(-1)
    if len(unique) < 2:
        return None
    if set(parts.tolist()) == {1, 2, 3} and len(set(parts[first].tolist())) == FOLDS:
        fold = parts[first][position] - 1
        return fold, ("Part1", "Part2", "Part3"), "the two other Parts"
    count = min(FOLDS, len(unique))
    of_group = np.zeros(len(unique), int)
    load = np.zeros(count, int)
    for group in np.argsort(-sizes, kind="stable"):
        of_group[group] = int(np.argmin(load))
        load[of_group[group]] += sizes[group]
    names = tuple(f"songs {k + 1}/{count}" for k in range(count))
    return of_group[position], names, f"the other songs, in {count} folds of songs (not all three Parts are there)"
