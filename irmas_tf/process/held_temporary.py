"""Temporary files and folders, and how those that killed processes left are told from those in use.

Whoever makes one holds it while it lives (`irmas_tf.process.locks`), and the system lets go of it however the process
ends. So one that nobody holds is a leftover, whichever process, container or machine made it. Where nothing can be held
(Windows, file systems without locks) leftovers stay.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from irmas_tf.process.locks import exclusive

TEMPORARY_PREFIX = ".tmp-irmas-"
_MOVED = re.compile(re.escape(TEMPORARY_PREFIX) + "[0-9a-f]{8}-was-(?P<name>.+)", re.DOTALL)
_ATTEMPTS = 3
_LOOKED_AT: set[str] = set()


class HeldError(Exception):
    """Another process has it."""


@contextlib.contextmanager
def held_file(folder: Path, suffix: str = "") -> Iterator[Path]:
    """Yield a new, empty file in a folder; what still has its name after the block is removed.

    Args:
        folder: must be there.
        suffix: of the file's name.

    Raises:
        OSError: it cannot be made.
    """
    with contextlib.ExitStack() as stack:
        path = _create(folder, suffix, _make_file, stack)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def held_folder(folder: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield a new, empty folder in a folder; what still has its name after the block is removed.

    Args:
        folder: must be there.
        private: whether other users may not look into it.

    Raises:
        OSError: it cannot be made.
    """
    import shutil

    with contextlib.ExitStack() as stack:
        path = _create(folder, "", lambda place: place.mkdir(0o700 if private else 0o777), stack)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder among the system's temporary ones, of this user alone, which is removed after the block.

    What killed processes of this user left there is removed first.

    Raises:
        OSError: it cannot be made.
    """
    import tempfile

    place = Path(tempfile.gettempdir())
    remove_leftovers_once(place)
    with held_folder(place, private=True) as folder:
        yield folder


@contextlib.contextmanager
def working_folder() -> Iterator[Path]:
    """Yield a `temporary_folder` that is the system's temporary one for this program's libraries meanwhile.

    Keras and TensorFlow make folders there, which nobody would know for ours if the process were killed. For work of
    the main thread: what others put there meanwhile goes with it.

    Raises:
        OSError: it cannot be made.
    """
    import tempfile

    with temporary_folder() as folder:
        before, tempfile.tempdir = tempfile.tempdir, str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before


@contextlib.contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder and its parents; those that were not there go again if the block raises and they are empty.

    Raises:
        OSError: it cannot be made.
    """
    missing = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for place in missing:
                place.rmdir()
        raise


def temporary_name(suffix: str = "") -> str:
    """Return a new name, which `remove_leftovers` knows, of a file or folder; whoever uses it does not hold it."""
    return f"{TEMPORARY_PREFIX}{os.urandom(4).hex()}{suffix}"


def name_moved_away(target: Path) -> Path:
    """Return the name of a folder that makes room for a new one; `remove_leftovers` may give it its name back."""
    return target.with_name(temporary_name(f"-was-{target.name}"))


def remove_leftovers(folder: Path) -> list[Path]:
    """Remove from a folder this user's temporary files and folders that nobody holds; return what they were called.

    A folder that was moved away (`name_moved_away`) by a process that ended before it had put another into its place
    gets its name back. What cannot be removed stays.
    """
    import shutil

    removed: list[Path] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for path in [
            Path(entry.path) for entry in entries if entry.name.startswith(TEMPORARY_PREFIX) and _is_own(entry)
        ]:
            with contextlib.suppress(HeldError, OSError), exclusive(path, HeldError()) as is_held:
                moved = _MOVED.fullmatch(path.name)
                if moved and not os.path.lexists(path.with_name(moved["name"])):
                    path.rename(path.with_name(moved["name"]))
                elif not is_held:
                    continue
                elif path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
                removed.append(path)
    return removed


def remove_leftovers_below(folder: Path) -> None:
    """Do so for a folder and all folders in it."""
    for place, _, _ in os.walk(folder):
        remove_leftovers(Path(place))


def remove_leftovers_once(folder: Path) -> None:
    """Do so the first time that this process asks: thousands of files may be written to a folder."""
    if (name := os.path.realpath(folder)) not in _LOOKED_AT:
        _LOOKED_AT.add(name)
        remove_leftovers(folder)


def _is_own(entry: os.DirEntry[str]) -> bool:
    """Return whether it is a file or folder of this user: of others, and of links and pipes, hands off."""
    if not (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)):
        return False
    return not hasattr(os, "geteuid") or entry.stat(follow_symlinks=False).st_uid == os.geteuid()


def _make_file(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))


def _create(folder: Path, suffix: str, make: Callable[[Path], None], stack: contextlib.ExitStack) -> Path:
    """Return what was made; ``stack`` lets go of it. Where nothing can be locked it is not held."""

    def made() -> Path:
        path = folder / temporary_name(suffix)
        make(path)
        return path

    for _ in range(_ATTEMPTS):
        path = made()
        with contextlib.suppress(HeldError, FileNotFoundError):
            stack.enter_context(exclusive(path, HeldError()))
            if path.exists():
                return path
        # Another process took it for a leftover before it was held, and removes it.
    return made()
