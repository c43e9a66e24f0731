"""Labels of excerpts that have one class each, as a split's side holds them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def one_hot(labels: npt.ArrayLike, classes: int = 11) -> np.ndarray:
    """Return int8 [n, classes] of class indices [n]."""
    return np.eye(classes, dtype=np.int8)[np.asarray(labels)]
