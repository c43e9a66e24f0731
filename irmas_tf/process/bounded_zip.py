"""Zip archives of unknown origin: how many members there are and what they unpack to is known before any is read."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MOST_DIRECTORY_BYTES = 16 << 20
"""Of an archive's list of members; that of 100,000 files has 10 MB, and takes ten times as much memory."""
SPARE_BYTES = 64 << 20
"""What members may unpack to beyond `MOST_RATIO` times the archive's size."""
MOST_RATIO = 4
"""Of what members that are not to be extracted one by one unpack to; ours are not compressed at all."""
_END, _END_64, _LOCATOR = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_END_BYTES, _END_64_BYTES, _LOCATOR_BYTES = 22, 56, 20
_MOST_COMMENT = 0xFFFF


class BoundedZipError(ValueError):
    """A file is no zip archive that can be used.

    Attributes:
        reason: why, without the name of the file.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.reason = reason


@contextlib.contextmanager
def bounded_zip(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose list of members is not too long; what goes wrong in the block is said of the archive.

    Raises:
        BoundedZipError: it is none, is damaged or beyond bounds; one line with the path.
        OSError: it cannot be opened.
    """
    name = os.fspath(path)
    if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would wait for ever
        raise BoundedZipError(name, "is not a file")
    with Path(path).open("rb") as file:
        try:
            if (size := _directory_bytes(file)) > MOST_DIRECTORY_BYTES:
                raise BoundedZipError(
                    name, f"has a list of members of {size} bytes, {MOST_DIRECTORY_BYTES} at most are read"
                )
            with zipfile.ZipFile(file) as archive:
                yield archive
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error) as error:
            raise BoundedZipError(name, f"is no zip archive, or is damaged ({error})") from error
        except OSError as error:  # an offset that leads before the beginning
            if error.filename is not None:
                raise
            raise BoundedZipError(name, f"is a damaged zip archive ({error})") from error


def read_member(archive: zipfile.ZipFile, member: str, most_bytes: int) -> bytes:
    """Return the content of a member.

    Raises:
        KeyError: there is none of this name.
        BoundedZipError: it is larger than ``most_bytes``.
    """
    info = archive.getinfo(member)
    if info.file_size > most_bytes:
        raise BoundedZipError(
            str(archive.filename), f"{member} has {info.file_size} bytes, {most_bytes} at most are read"
        )
    return archive.read(info)


def check_unpacked(archive: zipfile.ZipFile, archive_bytes: int) -> None:
    """Refuse an archive that unpacks to much more than it has.

    Raises:
        BoundedZipError: it does.
    """
    total = sum(info.file_size for info in archive.infolist())
    if total > MOST_RATIO * archive_bytes + SPARE_BYTES:
        raise BoundedZipError(str(archive.filename), f"unpacks to {total} bytes, far more than a file of its kind has")


def _directory_bytes(file: BinaryIO) -> int:
    """Return the size of the list of members, as the end of the archive announces it; 0 without an end."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _END_BYTES - _MOST_COMMENT)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_BYTES:
        return 0
    announced = int.from_bytes(tail[place + 12 : place + 16], "little")
    locator = start + place - _LOCATOR_BYTES
    if locator >= 0:
        file.seek(locator)
        found = file.read(_LOCATOR_BYTES)
        if found.startswith(_LOCATOR):
            file.seek(max(0, locator - _END_64_BYTES))  # where zipfile looks, too
            record = file.read(_END_64_BYTES)
            if record.startswith(_END_64):
                announced = max(announced, int.from_bytes(record[40:48], "little"))
    return min(announced, size)
