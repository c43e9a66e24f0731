"""Holding a file or folder for one process; the system lets go of it however the process ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no fcntl; nothing is then locked
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def exclusive(path: Path, refusal: Exception) -> Iterator[None]:
    """Hold a file or folder for this process; the system lets go of it however the process ends.

    Args:
        path: exists; what it holds does not matter.
        refusal: raised if another process holds it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise refusal from error
        yield
    finally:
        os.close(descriptor)
