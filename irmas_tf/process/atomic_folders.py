"""Folders that are whole or absent: written beside their target under a temporary name, then put in its place."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from irmas_tf.process.full_disks import naming_file
from irmas_tf.process.held_temporary import (
    TEMPORARY_PREFIX,
    HeldError,
    held_folder,
    made_folder,
    name_moved_away,
    remove_leftovers,
)
from irmas_tf.process.locks import exclusive

_EXCHANGE, _HERE = 2, -100  # RENAME_EXCHANGE and AT_FDCWD of Linux


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``target`` if the block succeeds, and vanishes if it raises.

    Who reads ``target`` meanwhile sees all of the old files, or all of the new ones (on Linux; elsewhere there is a
    moment without a folder). What killed processes left beside it is removed
    (`irmas_tf.process.held_temporary`).

    Args:
        target: a folder, whose files go, or nothing yet; its parents are made.

    Two processes that do so at once do not mix their files; the later one's stay.

    Raises:
        OSError: the disk is full or read-only; it names ``target``, whatever the block raised.
    """
    target = target.resolve()
    with naming_file(target), made_folder(target.parent):
        remove_leftovers(target.parent)
        with held_folder(target.parent) as temporary:
            yield temporary
            _put(temporary, target)


@contextlib.contextmanager
def replaced_folder(target: Path, ours: Collection[str]) -> Iterator[Path]:
    """Do as `new_folder`, and keep what is the user's.

    Args:
        target: see `new_folder`.
        ours: names of files that this program writes there; all others in ``target`` are the user's, and stay.
    """
    with new_folder(target) as temporary:
        yield temporary
        _take_over(target, temporary, ours)


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


def _take_over(target: Path, temporary: Path, ours: Collection[str]) -> None:
    """Put what is the user's in the new folder, too."""
    if not target.is_dir():
        return
    for path in target.iterdir():
        if path.name in ours or path.name.startswith(TEMPORARY_PREFIX) or (temporary / path.name).exists():
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, temporary / path.name, symlinks=True, copy_function=_link_or_copy)
        else:
            _link_or_copy(path, temporary / path.name)


def _link_or_copy(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Give a file a second name, which takes no room and no time, or copy it where the file system cannot."""
    if not os.path.islink(source):
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    shutil.copy2(source, target, follow_symlinks=False)


def _put(temporary: Path, target: Path) -> None:
    if not target.exists():
        os.rename(temporary, target)
        return
    if exchange(temporary, target):
        return  # the caller removes what was there before, which has the temporary name now
    old = name_moved_away(target)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(HeldError, OSError):
            stack.enter_context(exclusive(target, HeldError()))  # nobody is to take it for a leftover
        os.rename(target, old)
        try:
            os.rename(temporary, target)
        except BaseException:
            os.rename(old, target)
            raise
        shutil.rmtree(old, ignore_errors=True)
