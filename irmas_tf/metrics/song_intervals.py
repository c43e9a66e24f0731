"""Confidence intervals over songs, computed, not drawn: the same figures always have the same interval.

Excerpts of one song are not independent, so a song is the unit. What is asked is where a score would lie on other songs
of the same kind; of a mean over classes, on other songs with the classes that these songs hold. Classes that no song
here holds count in both score and interval as what they are, 0, or not at all.

A score is the mean of parts (the classes, or a single part), and of each part it is known how it would change with the
weight of each song (its influence, the linear term). The variance is the sum over songs of the squared influences, each
divided by 1 - the song's share of the part, which is what leaving the song out would change: the jackknife over songs.
A class that a single song holds says nothing of its variance; it is given that of one song of the other classes, with
a prior for when there are few. The interval is Wilson's with the number of independent trials that would have this
variance, and the quantile of Student's t with songs - 1 degrees of freedom: it stays in [0, 1] and does not shrink to
a point where everything is right. That of a score of rankings, which is no share of decisions, is made on the logit
scale.

A percentile bootstrap, which this replaces, draws replicates that lack classes and is too narrow with few songs;
``benchmarks/interval_coverage.py`` compares these and others where the truth is known.

Sources: Bell & McCaffrey, Survey Methodology 28(2), 2002, and MacKinnon, Nielsen & Webb, J. Appl. Econometrics 38,
2023 (CR3, the cluster jackknife, with t quantiles); Korn & Graubard, Survey Methodology 24(2), 1998, and Dean & Pagano,
J. Survey Stat. Methodology 3, 2015 (intervals of proportions with an effective number of trials, Wilson's among them);
Wilson, J. Am. Stat. Assoc. 22, 1927.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt
from scipy.special import expit, stdtrit

CONFIDENCE = 0.95
FEW_SONGS = 15
"""Below it an interval is not to be trusted: too little is known of how much songs differ."""
ALIKE = 0.5
"""How much the clips of a song are alike where nobody knows, see `Parts`."""
_PRIOR_SONGS = 8.0
_ALIKE_SONGS = 2.0  # wholly alike ones that are added to those from which alikeness is estimated


@dataclasses.dataclass(frozen=True)
class Interval:
    """Lower and upper end of a confidence interval, in the unit of the statistic."""

    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """Return the interval of the statistic times a number that is not negative."""
        return Interval(self.low * factor, self.high * factor)


class Songs:
    """Which clip belongs to which song.

    Args:
        groups: [clips] song of each clip, numbers or names.
    """

    def __init__(self, groups: npt.ArrayLike) -> None:
        unique, position = np.unique(np.asarray(groups), return_inverse=True)
        self.position = position.reshape(-1)
        """Number of each clip's song, [clips]."""
        self.count = len(unique)

    def sums(self, of_clips: npt.ArrayLike) -> np.ndarray:
        """Return the sums over each song's clips of [clips] or [clips, columns], [songs] or [songs, columns]."""
        values = np.asarray(of_clips, np.float64)
        if len(values) != len(self.position):
            raise ValueError(f"{len(values)} values and the songs of {len(self.position)} clips: must be as many")
        if values.ndim == 1:
            return np.bincount(self.position, values, self.count)
        return np.stack([np.bincount(self.position, column, self.count) for column in values.T], axis=1)


@dataclasses.dataclass(frozen=True)
class Parts:
    """Scores of parts, in [0, 1], and how far they are known; a figure is their mean.

    Attributes:
        values: score of each part, [parts].
        variances: of each, from the songs' influences on it alone, [parts].
        songs_of: songs that hold each part; what a single song holds has no variance of its own, [parts].
        together: each song's influence on all parts that two songs hold at least, added up, [songs].
        alike: how much the clips of a song are alike, from 0 (not at all) to 1 (right or wrong as a whole): the
            variance of a song relative to the largest possible; for what a single song holds.
        trials: decisions that each is right or wrong, of which the variance cannot be less than independent ones have;
            infinite for other scores.
    """

    values: np.ndarray
    variances: np.ndarray
    songs_of: np.ndarray
    together: np.ndarray
    alike: float = ALIKE
    trials: float = math.inf

    @classmethod
    def of(
        cls,
        values: np.ndarray,
        without_song: np.ndarray,
        songs_of: np.ndarray,
        alike: float = ALIKE,
        trials: float = math.inf,
    ) -> Parts:
        """Return parts from what leaving a song out changes.

        Args:
            values: [parts].
            without_song: how much each part would change without each song, the sign does not matter, [songs, parts].
            songs_of: [parts].
            alike, trials: see the class.
        """
        known = np.where(songs_of > 1, without_song, 0.0)
        return cls(values, (known**2).sum(axis=0), songs_of, known.sum(axis=1), alike, trials)


def ratio_parts(
    top: np.ndarray, bottom: np.ndarray, holds: np.ndarray | None = None, trials: float = math.inf
) -> Parts:
    """Return ratios of sums over songs as parts, those that nothing is known of left out.

    Args:
        top, bottom: [songs, parts]; a part is sum(top) / sum(bottom).
        holds: whether a song holds a part, [songs, parts]; by default where ``bottom`` is above 0. Parts that no song
            holds are left out.
        trials: see `Parts`.
    """
    songs_of = ((bottom if holds is None else holds) > 0).sum(axis=0)
    kept = songs_of > 0
    top, bottom, songs_of = top[:, kept], bottom[:, kept], songs_of[kept]
    below = bottom.sum(axis=0)
    values = top.sum(axis=0) / below
    rest = below - bottom  # a song that holds all of a part leaves nothing; that part has no variance
    change = (top - values * bottom) / np.where(rest > 0, rest, np.inf)
    return Parts.of(values, change, songs_of, _alike(top.sum(axis=1), bottom.sum(axis=1)), trials)


def _alike(top: np.ndarray, bottom: np.ndarray) -> float:
    """Return `Parts.alike` of the ratio over all parts, from the sums of each song [songs]."""
    total = bottom.sum()
    value = top.sum() / total if total > 0 else 0.0
    spread = value * (1 - value)
    if spread <= 0:
        return ALIKE
    change = (top - value * bottom) / np.where(total > bottom, total - bottom, np.inf)
    alike = min(1.0, len(top) * (change**2).sum() / spread)
    return float((len(top) * alike + _ALIKE_SONGS) / (len(top) + _ALIKE_SONGS))


def wilson_interval(value: float, trials: float, songs: int, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's interval of a proportion, with the quantile of Student's t in place of the normal one.

    Args:
        value: in [0, 1].
        trials: independent ones that would make it as uncertain as it is, above 0.
        songs: at least 2; the degrees of freedom are one less.
        confidence: mass inside, in (0, 1).
    """
    quantile = float(stdtrit(songs - 1, 0.5 + confidence / 2))
    weight = quantile**2 / trials
    center = (value + weight / 2) / (1 + weight)
    half = math.sqrt(weight * (value * (1 - value) + weight / 4)) / (1 + weight)
    # At 0 and 1 the end is the value itself, up to rounding.
    return Interval(max(0.0, min(center - half, value)), min(1.0, max(center + half, value)))


def _logit_interval(value: float, trials: float, songs: int, confidence: float) -> Interval:
    """Return the interval of a mean in (0, 1) that is symmetric on the scale of log(value / (1 - value))."""
    quantile = float(stdtrit(songs - 1, 0.5 + confidence / 2))
    center, half = math.log(value / (1 - value)), quantile / math.sqrt(trials * value * (1 - value))
    low, high = expit([center - half, center + half])
    return Interval(float(low), float(high))


def interval_of(parts: Parts, confidence: float = CONFIDENCE, *, of_rankings: bool = False) -> Interval | None:
    """Return the interval of the mean of parts.

    Args:
        parts: see there.
        confidence: mass inside, in (0, 1).
        of_rankings: the parts are scores of rankings, which lie anywhere in [0, 1] and bunch at 1.

    Returns:
        None where songs say nothing about others: there is one only, no part, or a single part that one song holds.
    """
    songs, count = len(parts.together), len(parts.values)
    if songs < 2 or not count or (count == 1 and parts.songs_of[0] < 2):
        return None
    mean = float(np.clip(parts.values.mean(), 0.0, 1.0))
    spread = mean * (1 - mean)
    variance = float((parts.together**2).sum()) / count**2
    variance += int((parts.songs_of < 2).sum()) * _variance_of_a_song(parts, spread) / count**2
    held_by = songs if count > 1 else int(parts.songs_of[0])
    # Where nothing varies, a song is taken for one trial.
    varies = spread > 0 and variance > 0
    trials = min(spread / variance if varies else float(held_by), parts.trials)
    if of_rankings and varies:
        return _logit_interval(mean, trials, held_by, confidence)
    return wilson_interval(mean, trials, held_by, confidence)


def _variance_of_a_song(parts: Parts, spread: float) -> float:
    """Return the variance of a part that a single song holds: that of one song of the other parts.

    The prior, which counts as much as eight songs, has the mean of the parts and clips as much alike as all are.
    """
    more = np.maximum(parts.songs_of - 1, 0)
    of_song = np.minimum(parts.variances * parts.songs_of, 0.25)  # a score in [0, 1] cannot vary more
    return float((more @ of_song + _PRIOR_SONGS * parts.alike * spread) / (more.sum() + _PRIOR_SONGS))


def intervals_of_each(parts: Parts, confidence: float = CONFIDENCE) -> list[Interval | None]:
    """Return the interval of each part by itself; None for one that fewer than two songs hold."""
    result: list[Interval | None] = []
    for value, variance, songs in zip(parts.values, parts.variances, parts.songs_of, strict=True):
        if songs < 2:
            result.append(None)
            continue
        spread = value * (1 - value)
        trials = spread / variance if spread > 0 and variance > 0 else float(songs)
        result.append(wilson_interval(float(value), trials, int(songs), confidence))
    return result
