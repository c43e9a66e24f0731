"""Keeping freed memory inside the process: blocks that go back to the kernel return one zeroed page at a time."""

from __future__ import annotations

import ctypes
import sys

# Numbers of mallopt's parameters in glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8


def keep_freed_memory() -> bool:
    """Tell glibc to reuse freed memory instead of returning it; call it before TensorFlow starts its threads.

    On a CPU, a training step allocates and frees hundreds of megabytes of activations in blocks of megabytes. glibc
    maps and unmaps each of them, and the kernel zeroes every page again: a fifth of the step. Afterwards the process
    stays as large as it has ever been.

    Returns:
        Whether the settings were made; False where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    settings = ((_ARENA_MAX, 1), (_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, 64 << 20))
    accepted = [mallopt(parameter, value) for parameter, value in settings]  # each one, whatever became of the others
    return all(status == 1 for status in accepted)
