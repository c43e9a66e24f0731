"""Small disks of memory, for tests of full ones; they need Linux, root and the right to mount."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """Yield the folder of a new, empty disk of a size, below another folder."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "small", str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
        disk.rmdir()


def leave(disk: Path, free_bytes: int) -> Path:
    """Fill a disk up to so many bytes; return the file that does."""
    filler = disk / "filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - free_bytes)))
    return filler


@functools.cache
def can_mount() -> bool:
    """Return whether small disks can be made here."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"):
        return False
    with tempfile.TemporaryDirectory() as name:
        try:
            with small_disk(Path(name), 64 << 10):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False
