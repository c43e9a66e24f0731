"""Work arrays that a thread keeps between calls.

Fresh arrays of hundreds of kilobytes are handed out by the kernel page by page; for a three-second clip these page
faults take longer than all the arithmetic. A thread's scratch arrays are paid for once.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

_MAX_BYTES = 1 << 26  # larger arrays are rare and not worth holding on to
_local = threading.local()


def scratch(name: str, shape: int | tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return an uninitialised array that is this thread's until the next call with the same name.

    Args:
        name: what the array is for; two arrays in use at the same time need two names.
        shape: shape.
        dtype: NumPy dtype.
    """
    shape = (shape,) if isinstance(shape, int) else shape
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size > _MAX_BYTES:
        return np.empty(shape, dtype)
    held: dict[str, np.ndarray] = _local.__dict__
    if name not in held or held[name].nbytes < size:
        held[name] = np.empty(size + size // 4, np.uint8)
    return held[name][:size].view(dtype).reshape(shape)
