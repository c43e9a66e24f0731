"""Folders that are whole or absent: written beside their target under a temporary name, then put in its place."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
import sys
import uuid
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from irmas_tf.process.atomic_files import TEMPORARY_PREFIX

_EXCHANGE, _HERE = 2, -100  # RENAME_EXCHANGE and AT_FDCWD of Linux
_OLD = "-old"


@contextlib.contextmanager
def replaced_folder(target: Path, ours: Collection[str]) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``target`` if the block succeeds, and vanishes if it raises.

    Who reads ``target`` meanwhile sees all of the old files, or all of the new ones (on Linux; elsewhere there is a
    moment without a folder). What killed processes left of earlier attempts is removed.

    Args:
        target: a folder, or nothing yet; its parents are made.
        ours: names of files that this program writes there; all others in ``target`` are the user's, and stay.

    Two processes that do so at once do not mix their files; the later one's stay.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    _tidy(target)
    temporary = target.parent / f"{_prefix(target)}{_owner()}-{uuid.uuid4().hex[:8]}"
    temporary.mkdir()
    try:
        yield temporary
        _take_over(target, temporary, ours)
        _put(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def exchange(first: Path, second: Path) -> bool:
    """Swap two names at one moment; False where the system or the file system cannot, and nothing is changed.

    Args:
        first, second: both exist, on one file system.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # a C library that lacks it
        return False
    return bool(rename(_HERE, os.fsencode(first), _HERE, os.fsencode(second), ctypes.c_uint(_EXCHANGE)) == 0)


def _prefix(target: Path) -> str:
    return f"{TEMPORARY_PREFIX}folder-{target.name}-"


def _owner() -> str:
    """Return who writes: this machine and process."""
    return f"{zlib.crc32(platform.node().encode()):08x}-{os.getpid()}"


def _is_abandoned(leftover: str) -> bool:
    """Return whether a name that begins with `_owner` is of a process of this machine that has ended."""
    machine, number, *_ = leftover.split("-")
    if machine != _owner().partition("-")[0] or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _tidy(target: Path) -> None:
    """Remove what killed processes left; a folder that one of them had moved away gets its name back."""
    for leftover in target.parent.glob(f"{_prefix(target)}*"):
        if not _is_abandoned(leftover.name.removeprefix(_prefix(target))):
            continue
        if leftover.name.endswith(_OLD) and not target.exists():
            os.rename(leftover, target)
        else:
            shutil.rmtree(leftover, ignore_errors=True)


def _take_over(target: Path, temporary: Path, ours: Collection[str]) -> None:
    """Copy what is the user's to the new folder."""
    if not target.is_dir():
        return
    for path in target.iterdir():
        if path.name in ours or path.name.startswith(TEMPORARY_PREFIX) or (temporary / path.name).exists():
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, temporary / path.name, symlinks=True)
        else:
            shutil.copy2(path, temporary / path.name, follow_symlinks=False)


def _put(temporary: Path, target: Path) -> None:
    if not target.exists():
        os.rename(temporary, target)
        return
    if exchange(temporary, target):
        return  # the caller removes what was there before, which has the temporary name now
    old = temporary.with_name(f"{temporary.name}{_OLD}")
    os.rename(target, old)
    os.rename(temporary, target)
    shutil.rmtree(old, ignore_errors=True)
