"""Files that are whole or absent: written under a temporary name beside their target, then moved over it."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from irmas_tf.process.full_disks import naming_file
from irmas_tf.process.held_temporary import held_file, made_folder, remove_leftovers_once


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty file beside ``path`` (same suffix), to be written; it becomes ``path`` if the block succeeds.

    The temporary file is removed if the block raises, and ``path`` is then untouched. Missing parent folders are made.
    The target must be a file, not a folder. What killed processes left in the folder is removed
    (`irmas_tf.process.held_temporary`).

    Raises:
        FileNotFoundError: the block ended without writing the file.
        OSError: the disk is full or read-only; it names ``path``, whatever the block raised.
    """
    target = Path(path)
    with naming_file(target), made_folder(target.parent):
        remove_leftovers_once(target.parent)
        # The name keeps its suffix, because Keras and others choose the format by it.
        with held_file(target.parent, target.suffix) as temporary:
            with contextlib.suppress(OSError):
                os.utime(temporary, (0, 0))  # until it is written, which may be with nothing
            yield temporary
            status = os.stat(temporary)
            if not status.st_size and not status.st_mtime_ns:
                raise FileNotFoundError(f"{target}: nothing was written")
            _flush(temporary)
            os.replace(temporary, target)


def _flush(path: Path) -> None:
    """Have a file on the disk: a power cut could leave an empty one under the final name."""
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)  # Windows flushes only what it may write
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text_atomic(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text; see `atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _jsonable(value: Any) -> Any:
    """Return ``value`` with NumPy values as Python numbers, paths as strings and non-finite floats as None."""
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):
        return _jsonable(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json_atomic(path: str | os.PathLike[str], obj: Any) -> None:
    """Write indented standard JSON (NaN and infinity become null, NumPy values plain numbers); see `atomic_path`."""
    write_text_atomic(path, json.dumps(_jsonable(obj), indent=2, allow_nan=False, ensure_ascii=False) + "\n")
