"""Clips with labels and scores, and the decision levels of the threshold regimes; whoever made the scores.

The regimes, which papers often leave unnamed:

- ``fixed``: chosen in advance, on other data than the clips at hand.
- ``other_songs``: for each clip chosen on the clips of other songs of the same test set (cross-validation in three
  folds: the Parts of the official test set if all are complete, else song groups). Sees the test set's class prior.
- ``chosen_here``: a run's own levels, scored on the very mixtures that its training chose them on. Optimistic.
- ``oracle``: chosen on the very clips that are scored, by this evaluation. No result.

Each with one level for all classes (``global``, chosen for micro F1) or one per class (``per_class``, chosen for the F1
of each, and so for macro F1). An oracle bounds only what it was chosen for: no other level for all classes has a higher
micro F1 than the global oracle, no other levels of the classes a higher macro F1 than the per-class oracle. Levels of
the classes may well have a higher micro F1 than the global oracle, and levels that differ between folds are bound by
neither.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping

import numpy as np

from irmas_tf.datasets.irmas_counts import TESTING_CLIPS
from irmas_tf.metrics.known_labels import has_unknown, truth_and_known
from irmas_tf.metrics.thresholds import best_global, best_per_class

FIXED, OTHER_SONGS, CHOSEN_HERE, ORACLE = "fixed", "other_songs", "chosen_here", "oracle"
REGIMES = (FIXED, OTHER_SONGS, CHOSEN_HERE, ORACLE)
REGIME_WORDS = {
    FIXED: "fixed in advance",
    OTHER_SONGS: "tuned on other songs",
    CHOSEN_HERE: "the run's own, chosen here",
    ORACLE: "oracle",
}
GLOBAL, PER_CLASS = "global", "per_class"
LEVELS = (GLOBAL, PER_CLASS)
LEVEL_WORDS = {GLOBAL: "one for all classes", PER_CLASS: "one per class"}
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
        labels: [clips, classes] bool; or int8 of 1, 0 and -1, which is unknown and counts nowhere.
        scores: aggregation -> [clips, classes] float64, finite; the higher the more certain.
        paths: the audio files, or empty where there are none to play (mixtures, score files).
        durations_seconds: length of each clip, s; empty if not known.
        part_sizes: part -> its clips, with byte-identical ones that were left out; empty: those of ``parts``.
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
    part_sizes: Mapping[int, int] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.files)

    @property
    def truth(self) -> np.ndarray:
        """Which labels are known to be there, [clips, classes] bool."""
        return truth_and_known(self.labels)[0]

    @property
    def known(self) -> np.ndarray:
        """Which labels are known at all, [clips, classes] bool."""
        return truth_and_known(self.labels)[1]

    @property
    def is_partly_known(self) -> bool:
        """Whether any label is unknown."""
        return has_unknown(self.labels)

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
    """Return the levels [classes] with the highest F1 on the known labels (labels, scores [clips, classes]).

    A class without a known positive label has nothing to choose by, and takes the global level.
    """
    overall = best_global(labels, scores)
    if level == GLOBAL:
        return np.full(labels.shape[1], overall)
    return best_per_class(labels, scores, fallback=overall)


def oracle(clips: ScoredClips, aggregation: str, level: str) -> Decision:
    """Return the levels chosen on the clips themselves; a class that none of them holds is never named."""
    scores = clips.scores[aggregation]
    chosen = optimal(clips.labels, scores, level) if level == GLOBAL else best_per_class(clips.labels, scores)
    words = "the scored clips themselves, global for micro F1, per class for macro F1: no result"
    return Decision(ORACLE, level, words, chosen[np.newaxis])


def tuned_on_other_songs(clips: ScoredClips, aggregation: str, level: str) -> Decision | None:
    """Return levels chosen, for each fold of songs, on the other folds; None with a single song."""
    found = song_folds(clips.groups, clips.parts, clips.part_sizes)
    if found is None:
        return None
    fold, names, words = found
    scores = clips.scores[aggregation]
    levels = [optimal(clips.labels[fold != k], scores[fold != k], level) for k in range(len(names))]
    return Decision(OTHER_SONGS, level, words, np.stack(levels), fold, names)


def song_folds(
    groups: np.ndarray, parts: np.ndarray, part_sizes: Mapping[int, int] | None = None
) -> tuple[np.ndarray, tuple[str, ...], str] | None:
    """Return (fold of each clip, names of the folds, how they were made), or None if there is a single song.

    Where each of the three official Parts has its official number of clips, a fold is a Part; a song group that reaches
    into several goes with its first clip. Otherwise song groups are dealt out, the largest first, each to the fold with
    the fewest clips: pieces of Parts would be folds of any size.

    Args:
        groups, parts: [clips], as in `ScoredClips`.
        part_sizes: part -> its clips before byte-identical ones were left out; empty or None: counted in ``parts``.
    """
    unique, first, position, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    position = position.reshape(-1)
    if len(unique) < 2:
        return None
    sizes_of_parts = dict(part_sizes or Counter(parts.tolist()))
    if sizes_of_parts == TESTING_CLIPS:
        fold = parts[first][position] - 1
        return fold, ("Part1", "Part2", "Part3"), "the two other Parts"
    count = min(FOLDS, len(unique))
    of_group = np.zeros(len(unique), int)
    load = np.zeros(count, int)
    for group in np.argsort(-sizes, kind="stable"):
        of_group[group] = int(np.argmin(load))
        load[of_group[group]] += sizes[group]
    names = tuple(f"songs {k + 1}/{count}" for k in range(count))
    return of_group[position], names, f"the other songs, in {count} folds of songs ({_why_not_parts(sizes_of_parts)})"


def _why_not_parts(sizes: Mapping[int, int]) -> str:
    """Return why the official Parts are no folds, from the number of clips in each part."""
    if not set(sizes) & set(TESTING_CLIPS):
        return "the Parts are not known"
    found = ", ".join(f"Part{part}: {sizes.get(part, 0)} of {wanted}" for part, wanted in TESTING_CLIPS.items())
    others = sum(count for part, count in sizes.items() if part not in TESTING_CLIPS)
    return f"not the official Parts: {found}" + (f", {others} of no Part" if others else "") + " clips"
