"""Files that are written under a temporary name; what a killed process leaves of them is told from what is in use.

A temporary file is locked while it is written, and the system lets go of it however the process ends. So one that
nobody holds is a leftover.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from irmas_tf.process.locks import exclusive

_ATTEMPTS = 3


class _HeldError(Exception):
    """Another process has the file."""


@contextlib.contextmanager
def held_temporary(target: Path, kind: str) -> Iterator[BinaryIO]:
    """Yield a new file beside ``target``, open for writing; it becomes ``target`` if the block succeeds.

    If the block raises, the file is removed and ``target`` stays as it was.

    Args:
        target: its folder must exist.
        kind: part of the temporary name, by which `delete_leftovers` finds it.

    Raises:
        OSError: the file cannot be written.
    """
    with contextlib.ExitStack() as stack:
        file, temporary = _create(target.parent, kind, stack)
        try:
            yield file
            file.close()
            os.replace(temporary, target)
        finally:
            file.close()
            temporary.unlink(missing_ok=True)


def delete_leftovers(folder: Path, kind: str) -> None:
    """Delete the temporary files of a kind that nobody writes any more; those that may not be deleted stay."""
    for path in folder.glob(f".{kind}-*.tmp"):
        with contextlib.suppress(_HeldError, OSError), exclusive(path, _HeldError()) as is_held:
            if is_held:
                path.unlink()


def _create(folder: Path, kind: str, stack: contextlib.ExitStack) -> tuple[BinaryIO, Path]:
    """Return a new file and its path; ``stack`` lets go of it. Where files cannot be locked it is not held."""
    for attempt in range(_ATTEMPTS):
        handle, name = tempfile.mkstemp(prefix=f".{kind}-", suffix=".tmp", dir=folder)
        file, path = os.fdopen(handle, "wb"), Path(name)
        with contextlib.suppress(_HeldError, FileNotFoundError):
            stack.enter_context(exclusive(path, _HeldError()))
            if os.fstat(handle).st_nlink:
                return file, path
        if attempt == _ATTEMPTS - 1:
            break
        # Another process took the file for a leftover before it was held.
        file.close()
        path.unlink(missing_ok=True)
    return file, path
