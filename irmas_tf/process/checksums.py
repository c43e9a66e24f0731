"""Checksums of files, read piece by piece."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Protocol

_PIECE_BYTES = 1 << 20


class Digest(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the checksum of all bytes so far, in hexadecimal."""
        ...


def new_digest(algorithm: str) -> Digest:
    """Return an empty digest that tells damaged or changed files from others; it is no signature."""
    return hashlib.new(algorithm, usedforsecurity=False)


def feed(digest: Digest, file: BinaryIO, length: int | None = None) -> None:
    """Take ``length`` bytes of an open file, or all that are left, into a digest."""
    # hashlib.file_digest would do without a length, from Python 3.11 on.
    while length is None or length > 0:
        piece = file.read(_PIECE_BYTES if length is None else min(_PIECE_BYTES, length))
        if not piece:
            return
        digest.update(piece)
        length = None if length is None else length - len(piece)


def checksum_of(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Return the checksum of a file, or of a folder's files with their names, in hexadecimal.

    Args:
        path: file or folder.
        algorithm: a name that `hashlib` knows.

    Raises:
        OSError: a file cannot be read.
    """
    root, digest = Path(path), new_digest(algorithm)
    is_folder = root.is_dir()
    for file in sorted(inner for inner in root.rglob("*") if inner.is_file()) if is_folder else [root]:
        if is_folder:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0")
        with file.open("rb", buffering=0) as stream:
            feed(digest, stream)
    return digest.hexdigest()
