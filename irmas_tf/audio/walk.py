"""Finding the audio files that a user means by a list of files and folders."""

from __future__ import annotations

import dataclasses
import os
import stat
import sys
from collections.abc import Iterable, Iterator

# What a folder is searched for. A file that is named by itself is tried whatever its name.
AUDIO_SUFFIXES = (
    ".wav", ".wave", ".rf64", ".w64", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".aifc", ".au", ".caf",
)  # fmt: skip
STDIN = "-"


@dataclasses.dataclass(frozen=True)
class Failure:
    """A file or folder that got no answer, and why."""

    path: str
    reason: str


class AudioFiles:
    """The audio files behind ``paths``, found while iterating; only one folder listing per level is held.

    Folders are walked recursively, entries in name order; symbolic links to folders inside them are not followed. A
    path given twice is found twice. ``-`` reads further paths from standard input, one per line. Iterating yields the
    path of each file, or a `Failure` for a path that does not exist, is neither file nor folder, or may not be read.

    Attributes:
        ignored: files in the folders walked so far that are not audio by their suffix.
        total: number of paths if it is known beforehand (no folders), else None.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = [os.fspath(p) for p in paths]
        self.ignored = 0
        known = not any(p == STDIN or os.path.isdir(p) for p in self._paths)
        self.total = len(self._paths) if known else None

    def __iter__(self) -> Iterator[str | Failure]:
        for path in self._paths:
            if path == STDIN:
                for line in sys.stdin.buffer:
                    if name := os.fsdecode(line.rstrip(b"\r\n")):
                        yield from self._expand(name)
            else:
                yield from self._expand(path)

    def _expand(self, path: str) -> Iterator[str | Failure]:
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
            yield Failure(path, getattr(error, "strerror", None) or str(error))
            return
        if stat.S_ISDIR(mode):
            yield from self._walk(path)
        elif stat.S_ISREG(mode):
            yield path
        else:
            # Opening a pipe or a device could wait for ever, and decoders need to seek.
            yield Failure(path, "is neither a file nor a folder; save the audio to a file first")

    def _walk(self, folder: str) -> Iterator[str | Failure]:
        try:
            with os.scandir(folder) as entries:
                listing = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Failure(folder, f"the folder cannot be read ({error.strerror})")
            return
        for entry in listing:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(entry.path)
            # "._x.wav" is where macOS keeps attributes of x.wav on foreign disks; it is not audio.
            elif os.path.splitext(entry.name)[1].lower() in AUDIO_SUFFIXES and not entry.name.startswith("._"):
                yield from self._expand(entry.path)
            elif not entry.is_dir():
                self.ignored += 1
