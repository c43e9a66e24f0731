"""Labels of which some are unknown: 1 is there, 0 is known not to be there, -1 is not known and counts nowhere.

A matrix of bool is fully known. Where few labels are known (OpenMIC-2018 knows two of twenty per clip), every figure is
one of the (clip, class) pairs that are known, as scikit-learn's are with ``sample_weight`` or a selection per class.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UNKNOWN = -1
"""What a label is that nobody gave; the same number as `irmas_tf.datasets.dataset.UNKNOWN`."""


def truth_and_known(labels: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return (which labels are there, which are known), two bool arrays of the shape of ``labels``.

    Args:
        labels: bool, or numbers 1, 0 and -1 (`UNKNOWN`), any shape.

    Raises:
        ValueError: a label is another number.
    """
    values = np.asarray(labels)
    if values.dtype == bool:
        return values, np.ones(values.shape, bool)
    truth, known = values == 1, (values == 0) | (values == 1)
    if not (known | (values == UNKNOWN)).all():
        raise ValueError("labels must be 1 (there), 0 (not there) or -1 (unknown)")
    return truth, known


def has_unknown(labels: npt.ArrayLike) -> bool:
    """Return whether any label is unknown."""
    values = np.asarray(labels)
    return values.dtype != bool and bool((values == UNKNOWN).any())
