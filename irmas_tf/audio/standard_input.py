"""What ``-`` stands for: names of files that come on standard input, one per line, or a sound itself."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import shutil
import weakref
from collections.abc import Callable, Iterator
from typing import BinaryIO

from irmas_tf.kinds.file_kinds import START_BYTES, FileKind, kind_of_bytes
from irmas_tf.process.held_temporary import temporary_folder

SHOWN_NAME = "standard input"
_COPY_BYTES = 1 << 20
_LISTS = ("text file", "file of blanks")


class StoredSound(str):
    """Path of the temporary file of a sound, removed when the last of it is gone or the process ends.

    Attributes:
        remove: removes the file now.
    """

    remove: Callable[[], object]


class StandardInput:
    """A stream, looked at once.

    Attributes:
        kind: what the stream is by its first bytes; an empty stream is of the kind `EMPTY`.
        is_list: whether it holds names of files.

    Args:
        stream: binary.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._start = _read_start(stream)
        self._encoding = _utf16(self._start)
        self._separator = b"\0" if _is_list_with_nulls(self._start) else b"\n"
        self.kind: FileKind = kind_of_bytes(self._start)
        self.is_list = bool(self._encoding) or self._separator == b"\0" or self.kind.name in _LISTS

    def names(self) -> Iterator[str]:
        """Yield the names in the list as they come: in UTF-8, UTF-16 (PowerShell's), or any bytes."""
        if self._encoding:
            whole = io.BufferedReader(_Chained(self._start, self._stream))
            text = io.TextIOWrapper(whole, self._encoding, errors="surrogatepass")
            yield from filter(None, (line.lstrip("\ufeff").rstrip("\r\n") for line in text))
            return
        for line in self._lines():
            if name := os.fsdecode(line.rstrip(b"\r\n" if self._separator == b"\n" else b"\0")):
                yield name

    def _lines(self) -> Iterator[bytes]:
        rest = self._start.removeprefix(codecs.BOM_UTF8)
        while True:
            *lines, rest = rest.split(self._separator)
            yield from lines
            if not (more := _read(self._stream)):
                break
            rest += more
        yield rest

    def store(self) -> StoredSound:
        """Copy a sound to a temporary file, which lasts as long as the path that is returned.

        Raises:
            OSError: there is no place for it, or it cannot be read.
        """
        held = contextlib.ExitStack()
        folder = held.enter_context(temporary_folder())
        path = StoredSound(folder / SHOWN_NAME.replace(" ", "_"))
        path.remove = weakref.finalize(path, held.close)
        with open(path, "wb") as file:
            file.write(self._start)
            shutil.copyfileobj(self._stream, file, _COPY_BYTES)
        return path


class _Chained(io.RawIOBase):
    """Bytes that were read already, then the rest of their stream."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start, self._stream = start, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._start[: len(buffer)] or _read(self._stream, len(buffer))
        self._start = self._start[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _read(stream: BinaryIO, count: int = START_BYTES) -> bytes:
    """Return what has come, at least a byte, or nothing at the end."""
    return getattr(stream, "read1", stream.read)(count) or b""


def _read_start(stream: BinaryIO) -> bytes:
    """Return the first bytes: a line of names, which may be all for now, or enough of a sound to tell its kind."""
    start = more = _read(stream)
    while more and len(start) < START_BYTES and not (b"\n" in start and kind_of_bytes(start).name in _LISTS):
        start += (more := _read(stream))
    return start


def _utf16(start: bytes) -> str:
    """Return the encoding of text in UTF-16, with a byte-order mark or of Latin letters, or "" for other bytes."""
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16" if kind_of_bytes(start).name in _LISTS else ""
    first = start[: len(start) // 2 * 2]
    for zeros, letters, encoding in ((first[1::2], first[::2], "utf-16-le"), (first[::2], first[1::2], "utf-16-be")):
        if first and not any(zeros) and all(letter >= 32 or letter in b"\r\n\t" for letter in letters):
            return encoding
    return ""


def _is_list_with_nulls(start: bytes) -> bool:
    """Return whether the first name ends with a NUL, as ``find -print0`` writes them."""
    name, null, _ = start.partition(b"\0")
    return bool(name and null) and os.path.lexists(name)
