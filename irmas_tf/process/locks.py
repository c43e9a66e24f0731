"""Holding a file or folder for one process; the system lets go of it however the process ends.

The lock lies on the file or folder itself, so nothing is left to tidy up, and nobody waits: whoever comes second is
told so. (The package filelock locks a file of its own, which it empties and which outlives a killed process.)
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

CAN_LOCK = importlib.util.find_spec("fcntl") is not None  # Windows has none; nothing is then locked
_HELD_BY_ANOTHER = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


@contextlib.contextmanager
def exclusive(path: Path, refusal: Exception) -> Iterator[bool]:
    """Hold a file or folder for this process; the system lets go of it however the process ends.

    Args:
        path: exists; what it holds does not matter.
        refusal: raised if another process holds it.

    Yields:
        Whether it is held: False on Windows and on file systems without locks, where two processes are the user's
        affair.

    Raises:
        OSError: ``path`` cannot be opened.
    """
    if not CAN_LOCK:  # and folders cannot be opened, either
        yield False
        return
    descriptor = _open(path)
    try:
        yield _lock(descriptor, refusal)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR)  # NFS gives exclusive locks to writers only
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.ETXTBSY):
            raise
        return os.open(path, os.O_RDONLY)


def _lock(descriptor: int, refusal: Exception) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD_BY_ANOTHER:
            raise refusal from error
        return False
    return True
