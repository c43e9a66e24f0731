"""Finding the audio files that a user means by a list of files and folders."""

from __future__ import annotations

import dataclasses
import os
import stat
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from irmas_tf.audio.standard_input import SHOWN_NAME, StandardInput
from irmas_tf.kinds.file_kinds import EMPTY, counted, kind_of_file
from irmas_tf.kinds.suffixes import AUDIO_SUFFIXES, OTHER_SUFFIXES, SYSTEM_NAMES, VIDEO_SUFFIXES

__all__ = ["AUDIO_SUFFIXES", "STDIN", "AudioFiles", "Failure", "noun_of_other"]

STDIN = "-"
ResultT = TypeVar("ResultT")
_SOUND_SUFFIXES = frozenset((*AUDIO_SUFFIXES, *VIDEO_SUFFIXES))
_LONGEST_SUFFIX = 10  # beyond, what follows the last dot is a part of the name


@dataclasses.dataclass(frozen=True)
class Failure:
    """A file or folder that got no answer, and why."""

    path: str
    reason: str


class AudioFiles:
    """The audio files behind ``paths``, found while iterating; only one folder listing per level is held.

    Folders are walked recursively, entries in name order; symbolic links to folders inside them are not followed. In
    folders a file is taken if its name claims sound or video, or says nothing and its content is such; a file that is
    named by itself is tried whatever its name. A path given twice is found twice. ``-`` is standard input: a list of
    further paths, one per line, or a sound. Iterating yields the path of each file, or a `Failure` for a path that does
    not exist, is neither file nor folder, or may not be read.

    Attributes:
        skipped: noun ("picture", ".cda file") -> files in the folders walked so far that were not taken.
        on_folder: is called with the path of each folder before it is listed.
        total: number of paths if it is known beforehand (no folders), else None.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = [os.fspath(p) for p in paths]
        self.skipped: Counter[str] = Counter()
        self.on_folder: Callable[[str], object] = lambda folder: None
        known = not any(p == STDIN or os.path.isdir(p) for p in self._paths)
        self.total = len(self._paths) if known else None
        self._stored: dict[str, Callable[[], object]] = {}  # sounds from standard input, and what removes them

    def __iter__(self) -> Iterator[str | Failure]:
        for path in self._paths:
            if path == STDIN:
                yield from self._standard_input()
            else:
                yield from self._expand(path)

    def close(self) -> None:
        """Remove the temporary file of a sound from standard input; it goes by itself when all is forgotten."""
        for remove in self._stored.values():
            remove()

    def shown(self, text: str) -> str:
        """Return a text with standard input called so, not by the temporary file that its sound is in."""
        for path in self._stored:
            text = text.replace(path, SHOWN_NAME)
        return text

    def renamed(self, result: ResultT) -> ResultT:
        """Return a result of a file, a dataclass with a ``path``, with standard input called so."""
        if not self._stored:
            return result
        texts = {name: getattr(result, name, None) for name in ("path", "reason")}
        changed = {name: self.shown(text) for name, text in texts.items() if text is not None}
        return dataclasses.replace(result, **changed)  # type: ignore[type-var]

    @property
    def skipped_summary(self) -> str:
        """Return what was skipped, most frequent first: "12 pictures, 3 .cda files"; "" for nothing."""
        return ", ".join(counted(count, noun) for noun, count in self.skipped.most_common())

    def _standard_input(self) -> Iterator[str | Failure]:
        if sys.stdin is None:
            yield Failure(SHOWN_NAME, "is closed; pipe a sound or a list of files into it")
            return
        source = StandardInput(sys.stdin.buffer)
        if source.is_list:
            for name in source.names():
                yield from self._expand(name)
        elif source.kind is EMPTY:
            yield Failure(SHOWN_NAME, "is empty; pipe a sound or a list of files into it")
        elif source.kind.content == "other":
            remedy = source.kind.remedy or "pipe a sound or a list of files into it"
            yield Failure(SHOWN_NAME, f"is not audio but {source.kind.described}; {remedy}")
        else:
            try:
                path = source.store()
            except OSError as error:
                yield Failure(SHOWN_NAME, f"cannot be stored ({error.strerror}); make room, or set TMPDIR to a folder")
                return
            self._stored[str(path)] = path.remove
            yield path

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
        self.on_folder(folder)
        try:
            with os.scandir(folder) as entries:
                listing = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Failure(folder, f"the folder cannot be read ({error.strerror})")
            return
        for entry in listing:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(entry.path)
            elif noun := _noun_of_entry(entry):
                self.skipped[noun] += 1
            elif entry.is_file():
                yield entry.path
            elif not entry.is_dir():
                yield from self._expand(entry.path)


def _noun_of_entry(entry: os.DirEntry[str]) -> str:
    """Return a noun for a file in a folder that is no sound, or "" for a sound or a link to a folder."""
    known = _noun_by_name(entry.name)
    if known == "" or entry.is_dir():
        return ""
    return known or (noun_of_other(entry.path) if entry.is_file() else "special file")


def noun_of_other(path: str | os.PathLike[str]) -> str:
    """Return a noun for what a file is that is no sound, or "" for a sound.

    Only where the name says nothing is the file opened.
    """
    known = _noun_by_name(os.path.basename(path))
    if known is not None:
        return known
    try:
        kind = kind_of_file(path)
    except OSError:
        return "unreadable file"
    if kind.has_sound:
        return ""
    suffix = os.path.splitext(path)[1].lower()
    if kind.content == "unknown" and 1 < len(suffix) <= _LONGEST_SUFFIX:
        return f"{suffix} file"
    return kind.noun


def _noun_by_name(name: str) -> str | None:
    """Return what the name says: a noun, "" for a sound, or None for nothing."""
    name = name.lower()
    if name.startswith("._"):
        return "macOS attribute file"  # "._x.wav" is where macOS keeps attributes of x.wav on foreign disks
    suffix = os.path.splitext(name)[1]
    if suffix in _SOUND_SUFFIXES:
        return ""
    return "system file" if name in SYSTEM_NAMES else OTHER_SUFFIXES.get(suffix)
