"""What is gained by hearing only the confident answers of a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def selective_curves(
    confidence: npt.ArrayLike, right: npt.ArrayLike, levels: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return what happens if answers below a level of confidence are not given.

    Args:
        confidence: of each answer, [answers] in [0, 1].
        right: whether it is right, [answers].
        levels: [levels].

    Returns:
        Share of the answers that are still given, and share of those that are right (NaN where none is), [levels] each.
    """
    given = np.asarray(confidence)[None, :] >= np.asarray(levels)[:, None]
    count = given.sum(axis=1)
    hits = (given & np.asarray(right, bool)[None, :]).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return count / given.shape[1], np.where(count, hits / np.maximum(count, 1), np.nan)
