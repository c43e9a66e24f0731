"""How average precision and ROC AUC of a class change with the weights of songs: what their intervals need.

Both are computed from scores in order. The derivative by the weight of a clip is closed; that of a song is the sum over
its clips, and divided by 1 - the song's share of the class it is about what leaving the song out would change.
"""

from __future__ import annotations

import numpy as np

from irmas_tf.metrics.song_intervals import Songs


def average_precision_of_songs(
    labels: np.ndarray, scores: np.ndarray, position: np.ndarray, songs: Songs
) -> tuple[float, np.ndarray, int]:
    """Return (average precision, what leaving out each song changes [songs], songs that hold the class).

    Args:
        labels: [clips] bool, at least one of them true.
        scores: [clips], finite.
        position: number of each clip's song, [clips].
        songs: all songs, of these clips and of others.
    """
    order = np.argsort(-scores, kind="stable")
    positive = labels[order]
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # of each run of equal scores
    run = np.searchsorted(ends, np.arange(len(scores)))
    hits, named = np.cumsum(positive)[ends], ends + 1.0
    total = hits[-1]
    in_run = np.diff(hits, prepend=0)
    precision = hits / named
    value = float((in_run * precision).sum() / total)

    def from_here_on(of_runs: np.ndarray) -> np.ndarray:
        return np.cumsum(of_runs[::-1])[::-1]

    more_hits, more_named = from_here_on(in_run / named), from_here_on(in_run * hits / named**2)
    change = (np.where(positive, (precision + more_hits)[run] - value, 0.0) - more_named[run]) / total
    of_song = np.bincount(position[order], change, songs.count)
    held = np.bincount(position, labels, songs.count)
    rest = 1.0 - held / total
    return value, -of_song / np.where(rest > 0, rest, np.inf), int((held > 0).sum())


def roc_auc_of_songs(
    labels: np.ndarray, scores: np.ndarray, position: np.ndarray, songs: Songs
) -> tuple[float, np.ndarray, int]:
    """Return (area under the ROC curve, what leaving out each song changes [songs], songs that hold the class).

    Songs count that have positive labels, or those that have negative ones if they are fewer.

    Args:
        labels: [clips] bool, at least one of them true and one false.
        scores, position, songs: as for `average_precision_of_songs`.
    """
    high, low = np.sort(scores[labels]), np.sort(scores[~labels])

    def below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the share of the others that is lower, equal ones counted half."""
        return (np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")) / (2 * len(others))

    won = np.where(labels, below(scores, low), 1.0 - below(scores, high))
    value = float(won[labels].mean())
    change = np.zeros(songs.count)
    holding = []
    for side in (labels, ~labels):
        count = np.bincount(position[side], minlength=songs.count)
        lost = np.bincount(position[side], won[side] - value, songs.count)
        rest = side.sum() - count
        change -= lost / np.where(rest > 0, rest, np.inf)
        holding.append(int((count > 0).sum()))
    return value, change, min(holding)
