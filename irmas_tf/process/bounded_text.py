"""Text files of unknown origin are read up to a size, and tables up to a number of columns."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

MOST_BYTES = 64 << 20
"""Of a table or list, some 600,000 lines; the split of more excerpts would be refused, too (`bounded_json`)."""
MOST_COLUMNS = 10_000
"""Of a table; scores of 1,000 classes have 1,003."""


class BoundedTextError(ValueError):
    """A file is not read; the message is a reason, without its name."""


def read_bounded(path: str | os.PathLike[str], most_bytes: int = MOST_BYTES, *, with_pipes: bool = False) -> bytes:
    """Return the content of a file.

    Args:
        path: the file.
        most_bytes: that it may have.
        with_pipes: read pipes, too, which the shell makes of ``<(COMMAND)``: what the user names, not what lies about.

    Raises:
        BoundedTextError: it is a pipe or a device, or larger than ``most_bytes``.
        OSError: it cannot be opened or read.
    """
    information = os.stat(path)  # before it is opened: a pipe without a writer would wait for ever
    if not with_pipes and not stat.S_ISREG(information.st_mode) and not stat.S_ISDIR(information.st_mode):
        raise BoundedTextError("is a pipe or a device, not a file")
    if information.st_size > most_bytes:
        raise BoundedTextError(f"has {information.st_size} bytes, {most_bytes} at most are read")
    with Path(path).open("rb") as file:
        raw = file.read(most_bytes + 1)  # it may have grown
    if len(raw) > most_bytes:
        raise BoundedTextError(f"has more than {most_bytes} bytes, which is the most that is read")
    return raw


def check_columns(header: Sequence[str]) -> None:
    """Refuse a table with too many columns.

    Raises:
        BoundedTextError: it has more than `MOST_COLUMNS`.
    """
    if len(header) > MOST_COLUMNS:
        raise BoundedTextError(f"has {len(header)} columns, {MOST_COLUMNS} at most are read")
