"""One IRMAS file at a time: what its name and its label file say.

Source: Bosch et al., ISMIR 2012; file naming as described with the release.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata
from pathlib import Path
from typing import ClassVar, NamedTuple

from irmas_tf.audio.walk import AUDIO_SUFFIXES
from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.process.bounded_text import BoundedTextError, read_bounded

GENRES = ("cou_fol", "cla", "pop_roc", "lat_sou", "jaz_blu")

# `[cla]` is both clarinet (first bracket) and classical (last bracket); the drum tag in between may be missing.
_TRAINING_NAME = re.compile(
    r"(?:(?P<prefix>[0-9]+)__)?"
    rf"\[(?P<code>{'|'.join(IRMAS_CODES)})\]"
    r"(?:\[(?P<drums>dru|nod|---)\])?"
    rf"\[(?P<genre>{'|'.join(GENRES)})\]"
    r"(?P<song>[0-9]+)__(?P<number>[0-9]+)"
    rf"(?i:{'|'.join(re.escape(s) for s in AUDIO_SUFFIXES)})"
)
_MOST_LABEL_BYTES = 1 << 20  # of a label file, which has a few lines
_CLIP_NUMBER = re.compile(r"(?P<song>.+)-(?P<number>[0-9]+)", re.DOTALL)
_DRUMS = {"dru": True, "nod": False, "---": None, None: None}


class ParsedName(NamedTuple):
    """What the name of a training file says (see `Excerpt` for the fields)."""

    irmas_code: str
    genre: str
    drums: bool | None
    song_id: str
    excerpt_number: int
    prefix: str | None


@dataclasses.dataclass(frozen=True)
class Excerpt:
    """One training file: 3 s of audio with one predominant instrument.

    Attributes:
        path: the file.
        irmas_code: predominant instrument, one of `irmas_tf.config.labels.IRMAS_CODES`.
        genre: one of `GENRES`.
        drums: whether there are drums; None if the name does not say (tag absent or ``---``).
        song_id: song number as written ("0058"); numbers are global, one number is one song in all classes.
        excerpt_number: number of the excerpt within its song, from 1.
        prefix: digits before the first bracket, or None. One song may have files with and without.
        content_id: identifier of the file's bytes (`irmas_tf.datasets.content_ids`), or None if not computed.
    """

    path: Path
    irmas_code: str
    genre: str
    drums: bool | None
    song_id: str
    excerpt_number: int
    prefix: str | None = None
    content_id: str | None = None

    @functools.cached_property
    def name(self) -> str:
        """Portable name, "<class>/<file name>", the same on every machine and in every folder layout."""
        return f"{self.irmas_code}/{unicodedata.normalize('NFC', self.path.stem)}{self.path.suffix.lower()}"


@dataclasses.dataclass(frozen=True)
class TestClip:
    """One test clip: 5-20 s of audio with one to five instruments.

    Attributes:
        path: the audio file.
        irmas_codes: instruments, in the order of the label file, without repetition.
        part: 1, 2 or 3; 0 if no folder name says.
        song_id: file name without its trailing "-<number>", NFC-normalised; clips of one song share it.
        content_id: identifier of the file's bytes, or None if not computed.
    """

    __test__: ClassVar[bool] = False  # not a test case, whatever its name suggests to pytest

    path: Path
    irmas_codes: tuple[str, ...]
    part: int
    song_id: str
    content_id: str | None = None


@dataclasses.dataclass(frozen=True)
class Problem:
    """A file that the index cannot use.

    ``kind`` is one of surplus, label_mismatch, repeated_name, bad_labels, missing_labels, missing_audio; ``message``
    names the file, what is wrong and the remedy.
    """

    kind: str
    path: Path
    message: str

    @property
    def is_fatal(self) -> bool:
        """Surplus files are left out and reported; anything else would train or score on wrong labels."""
        return self.kind != "surplus"


@dataclasses.dataclass(frozen=True)
class TrainingScan:
    """Everything found under a training folder; ``other_files`` are neither audio nor system litter."""

    root: Path
    excerpts: tuple[Excerpt, ...]
    problems: tuple[Problem, ...]
    other_files: tuple[Path, ...]


@dataclasses.dataclass(frozen=True)
class TestingScan:
    """Everything found under the test folders."""

    __test__: ClassVar[bool] = False

    roots: tuple[Path, ...]
    clips: tuple[TestClip, ...]
    problems: tuple[Problem, ...]


def parse_training_name(name: str) -> ParsedName:
    """Return what a training file's name says, e.g. ``008__[cel][nod][cla]0058__1.wav`` or ``[cel][cla]0019__3.wav``.

    Raises:
        DataError: the name does not follow the scheme.
    """
    found = _TRAINING_NAME.fullmatch(name)
    if not found:
        raise DataError(
            f"{display(name)}: not an IRMAS training name such as '[cel][cla]0019__3.wav' or"
            " '008__[cel][nod][cla]0058__1.wav'; restore the original name or remove the file"
        )
    return ParsedName(
        irmas_code=found["code"],
        genre=found["genre"],
        drums=_DRUMS[found["drums"]],
        song_id=found["song"],
        excerpt_number=int(found["number"]),
        prefix=found["prefix"],
    )


def read_label_file(path: Path) -> tuple[str, ...]:
    """Return the instrument codes of a test clip's label file, in order, without repetition.

    Accepts any line end, blank lines, trailing tabs and spaces, upper case, and a byte-order mark.

    Raises:
        DataError: unreadable, empty, or with an unknown code.
    """
    try:
        raw = read_bounded(path, _MOST_LABEL_BYTES)
    except OSError as error:
        raise DataError(f"{display(path)}: cannot be read ({error.strerror}); restore the label file") from error
    except BoundedTextError as error:
        raise DataError(f"{display(path)}: {error}; restore the label file") from error
    is_utf16 = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = raw.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")
    codes: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        for word in line.replace("\0", " ").split():
            if word.lower() not in IRMAS_CODES:
                raise DataError(
                    f"{display(path)}: line {number}: unknown instrument code {word[:40]!r}; known codes:"
                    f" {', '.join(IRMAS_CODES)}"
                )
            codes[word.lower()] = None
    if not codes:
        raise DataError(f"{display(path)}: holds no instrument code; restore the label file (one code per line)")
    return tuple(codes)


def clip_song_id(stem: str) -> str:
    """Return the song a test clip was cut from, by its file name ("01 - Airdrop-9" -> "01 - Airdrop")."""
    stem = unicodedata.normalize("NFC", stem)
    found = _CLIP_NUMBER.fullmatch(stem)
    return found["song"] if found else stem
