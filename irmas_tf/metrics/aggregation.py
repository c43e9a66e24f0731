"""From the windows of a clip to one score a class: the aggregations that papers on IRMAS use.

``mean`` (S1): the mean of the windows' probabilities. ``s2``: the class-wise sum over windows divided by the largest
class, so that the loudest class always has 1; it removes how sure the model is and keeps who leads. Both are of Han,
Kim & Lee, "Deep convolutional neural networks for predominant instrument recognition in polyphonic music", IEEE/ACM
TASLP 25(1), 2017 (arXiv:1605.09507, 2016), equations for S1 and S2. ``mean_logit``: the probability of the mean logit,
the geometric counterpart of S1, as with the PaSST and AST models of later papers.
"""

from __future__ import annotations

import numpy as np

MEAN, S2, MEAN_LOGIT = "mean", "s2", "mean_logit"
AGGREGATIONS = (MEAN, S2, MEAN_LOGIT)
AGGREGATION_WORDS = {
    MEAN: "S1: mean of the windows' probabilities",
    S2: "S2: sum over windows divided by the largest class",
    MEAN_LOGIT: "probability of the windows' mean logit",
}


def mean_over_windows(values: np.ndarray, clip_of: np.ndarray, clips: int) -> np.ndarray:
    """Return the mean over each clip's windows, [clips, classes] float64.

    Args:
        values: [windows, classes] of all clips.
        clip_of: [windows] number of each window's clip.
        clips: number of clips; each has at least one window.

    Raises:
        ValueError: a clip has no window.
    """
    windows = np.bincount(clip_of, minlength=clips)
    if not windows.all():
        raise ValueError(f"clip {int(np.argmin(windows))} has no window")
    sums = np.zeros([clips, values.shape[1]])
    np.add.at(sums, clip_of, values)
    return sums / windows[:, np.newaxis]


def s2_of_mean(mean: np.ndarray) -> np.ndarray:
    """Return S2 of the mean probabilities [clips, classes]: sums and means differ by a factor that S2 removes.

    A clip whose probabilities are all 0 keeps them.
    """
    largest = mean.max(axis=1, keepdims=True)
    return mean / np.where(largest > 0, largest, 1.0)
