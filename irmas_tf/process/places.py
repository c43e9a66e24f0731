"""Places that a command is to write to, tried before the work: hours later it would be lost.

Nothing is left of the attempts. What is said of a place follows a flag: "--out=x: is a folder; name a file".
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from irmas_tf.process.full_disks import bytes_in_words, free_bytes

FILE, FOLDER = "file", "folder"
_BLOCK_BYTES = 4096  # a file without content fits on a full disk


def why_no_file(path: str | os.PathLike[str]) -> str:
    """Return why a file cannot be written, or an empty text if it can.

    Args:
        path: the file, which may be there to be replaced; folders that are missing would be made. Devices and pipes are
            files that somebody reads.
    """
    name, target = os.fspath(path), Path(path).expanduser()
    if target.is_dir() or name.endswith(("/", os.sep)):
        return "is a folder; name a file"
    if target.exists():
        if not os.access(target, os.W_OK):
            return "may not be written; name another file"
        if not stat.S_ISREG(target.stat().st_mode):
            return ""
    reason = why_not_writable(target.parent)
    return f"nothing can be written to the folder {target.parent} ({reason}); name another place" if reason else ""


def why_no_folder(path: str | os.PathLike[str]) -> str:
    """Return why a folder cannot be made or no files can be put into it, or an empty text if they can."""
    target = Path(path).expanduser()
    if target.exists() and not target.is_dir():
        return "is a file; name a folder"
    reason = why_not_writable(target)
    return f"nothing can be written there ({reason}); name another place" if reason else ""


def why_too_small(path: str | os.PathLike[str], needed_bytes: float) -> str:
    """Return why so much does not fit on the disk of a place, or an empty text if it does or nobody knows."""
    free = free_bytes(path)
    if free is None or free >= needed_bytes:
        return ""
    return (
        f"needs about {bytes_in_words(needed_bytes)} and its disk has {bytes_in_words(free)} free; free some space, or"
        " name another place"
    )


def why_not_writable(folder: Path) -> str:
    """Return why no files can be written to a folder, in the system's words, or an empty text if they can.

    Args:
        folder: need not be there.
    """
    import tempfile

    place = folder.absolute()
    present = next(p for p in (place, *place.parents) if os.path.lexists(p))
    try:
        # Permissions alone do not tell: root has them all, and the disk may be read-only or full.
        with tempfile.TemporaryFile(dir=present, buffering=0) as file:
            file.write(bytes(_BLOCK_BYTES))
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""
