"""Disks that are full or take no files: recognised in what libraries raise, and told in one line with the remedy.

Each library has a way of its own to say so. Python raises `OSError`, without the file if it was open already; h5py puts
all into its text; TensorFlow raises errors of its own, of a class that depends on the reason and on the version, with
the file and the system's words in their text; and zipfile raises what follows from the first error.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

_FULL = {
    errno.ENOSPC: "does not fit on its disk",
    errno.EDQUOT: "does not fit into your quota on its disk",
    errno.EFBIG: "is larger than files may be there (ulimit -f shows the limit, if it is not the disk's)",
    errno.EROFS: "cannot be written, its disk is read-only",
}
_WORDS = {os.strerror(number): number for number in _FULL}
# As h5py names a file: "filename = '/a/b'", and as TensorFlow does: "/a/b; No space left on device".
_PATH = r"filename = '([^']+)'|(?:^|\s)((?:/|[A-Za-z]:[\\/])[^;\n]*); (?:" + "|".join(_WORDS) + ")"
_UNFINISHED = ".tmp-"  # how names of files begin that are not whole yet
_CHAIN = 10
"""Errors that are looked at, from the last one back to what it followed from."""


def disk_error(error: BaseException) -> OSError | None:
    """Return what a disk refused, as the system would have said it; None if that is not why an error was raised.

    Args:
        error: any; if it does not tell itself, what it was raised from is looked at. Messages of this package, which
            name a file and a remedy, are taken as they are.

    Returns:
        ``errno`` is one of ENOSPC, EDQUOT, EFBIG and EROFS; ``filename`` is None if nobody knows it.
    """
    looked_at: BaseException | None = error
    number = filename = None
    for _ in range(_CHAIN):
        if looked_at is None or _is_of_this_package(looked_at):
            break
        if found := _in(looked_at):
            number = number or found[0]
            filename = filename or found[1]
        following = looked_at.__cause__
        if following is None and not looked_at.__suppress_context__:
            following = looked_at.__context__
        looked_at = following
    return OSError(number, os.strerror(number), filename) if number else None


def in_words(error: OSError) -> str:
    """Return a line about what `disk_error` returned: the file, why it cannot be written, and what to do."""
    assert error.errno is not None
    reason, places = _FULL[error.errno], "choose another place"
    if error.filename is None:
        return f"a file or standard output {reason}; free some space where this command writes, or {places}"
    path = _without_temporary_name(Path(os.fsdecode(error.filename)))
    if place := _place_of_temporary_files(path):
        places = f"let the environment variable TMPDIR name another folder for temporary files than {place}"
    if error.errno == errno.EROFS:
        return f"{path}: {reason}; {places}"
    free = f" ({bytes_in_words(space)} free without it)" if (space := free_bytes(path)) is not None else ""
    return f"{path}: {reason}{free}; free some space, or {places}"


@contextlib.contextmanager
def naming_file(target: str | os.PathLike[str]) -> Iterator[None]:
    """Let what a disk refuses within the block be an `OSError` that names a file.

    Args:
        target: the file or folder that is being written; it is named if the error names none, or the name that the file
            has until it is whole.
    """
    try:
        yield
    except Exception as error:
        refused = disk_error(error)
        if refused is None:
            raise
        if refused.filename is None or _is_unfinished(Path(os.fsdecode(refused.filename)), Path(target)):
            refused.filename = os.fspath(target)
        raise refused from error


def free_bytes(path: str | os.PathLike[str]) -> int | None:
    """Return how much is free on the disk of a path, which need not be there; None if the system does not say."""
    import shutil

    place = Path(path).absolute()
    with contextlib.suppress(OSError):
        return shutil.disk_usage(next(p for p in (place, *place.parents) if p.exists())).free
    return None


def bytes_in_words(count: float) -> str:
    """Return a byte count for people: "3.5 GB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(count) < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def _is_of_this_package(error: BaseException) -> bool:
    return isinstance(error, ValueError) and type(error).__module__.partition(".")[0] == "irmas_tf"


def _in(error: BaseException) -> tuple[int, str | bytes | None] | None:
    """Return number and file of what a disk refused, as far as one error tells it."""
    if isinstance(error, OSError) and error.errno is not None:
        if error.errno not in _FULL:
            return None
        return error.errno, error.filename if error.filename is not None else _path_in(str(error))
    text = str(error)
    number = next((number for words, number in _WORDS.items() if words in text), None)
    return None if number is None else (number, _path_in(text))


def _path_in(text: str) -> str | None:
    import re

    found = re.search(_PATH, text)
    return (found[1] or found[2]) if found else None


def _is_unfinished(path: Path, target: Path) -> bool:
    """Return whether a path is that of a file, or in a folder, which is to become ``target``."""
    parents = (path, *path.parents)
    return any(p.parent == target.parent and p.name.startswith(_UNFINISHED) for p in parents)


def _without_temporary_name(path: Path) -> Path:
    """Return the folder in which a file has its temporary name; other paths as they are."""
    names = [part.startswith(_UNFINISHED) for part in path.parts]
    return Path(*path.parts[: names.index(True)]) if any(names) else path


def _place_of_temporary_files(path: Path) -> Path | None:
    """Return the system's folder of temporary files, if that is where a path is."""
    import tempfile

    with contextlib.suppress(OSError, ValueError):
        place = Path(tempfile.gettempdir())
        parts = path.relative_to(place).parts
        if not parts or parts[0].startswith(tempfile.gettempprefix()):
            return place
    return None
