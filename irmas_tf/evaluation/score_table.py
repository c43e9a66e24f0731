"""A table of scores, read row by row: of a row only its numbers, its name and its labels are kept."""

from __future__ import annotations

import array
import contextlib
import csv
import io
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from irmas_tf.audio.walk import AUDIO_SUFFIXES
from irmas_tf.datasets.irmas_layout import display
from irmas_tf.process.bounded_text import BoundedTextError, check_columns, read_bounded
from irmas_tf.process.csv_cells import plain_cell

FILE, LABELS, SONG, PART = "file", "labels", "song", "part"
MODEL = "model_sha256"
# Of predictions.csv, which holds one label and one answer per file.
_SAME = {"label": LABELS, "song_group": SONG}
_OF_MANIFEST = {"path": FILE, "group": SONG}
_OF_SEVERAL_SPELLINGS = re.compile(r"//|(^|/)\.(/|$)|/$|^$")  # a path of them is compared without
_MAX_SHOWN = 40
_MAX_SCORE = 1e300  # of two scores the difference must be a number, too


class ScoreFileError(ValueError):
    """A file of scores or labels cannot be used; the message names file, line and column, and the remedy."""


class ScoreTable:
    """A CSV file; commas, semicolons or tabs between the columns. Opening it reads the header, `read` the rows.

    Attributes:
        path: the file, as messages show it.
        columns: the header.
        lines: line of each row, from 1.
        scores: of the rows, one after the other.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = display(path)
        try:
            raw = read_bounded(path, with_pipes=True)
        except OSError as error:
            raise ScoreFileError(f"{self.path}: cannot be read ({error.strerror}); correct the name") from error
        except BoundedTextError as error:
            raise ScoreFileError(f"{self.path}: {error}; is it a table of scores?") from error
        if b"\0" in raw:
            raise ScoreFileError(f"{self.path}: is not a CSV text in UTF-8 (it holds NUL bytes); save it as one")
        self.columns: list[str] = []
        self.lines: list[int] = []
        self.scores = array.array("d")
        self._texts: dict[str, list[str]] = {}
        self._has_marks = b"'" in raw
        first = next((line for line in _lines_of(raw) if line.strip()), "")
        self._delimiter = max(",;\t", key=first.count)
        self._cells = self._read_cells(raw)
        for line, cells in self._cells:
            self.columns = self._header(line, cells)
            return
        raise self._has_no_lines()

    def _read_cells(self, raw: bytes) -> Iterator[tuple[int, list[str]]]:
        """Yield the line and the cells of each row that is not empty."""
        reader = csv.reader(_lines_of(raw), delimiter=self._delimiter, strict=True)
        try:
            for cells in reader:
                cells = [cell.strip() for cell in cells]
                if self._has_marks:
                    cells = [plain_cell(cell) for cell in cells]
                if any(cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise self.error(reader.line_num, f"is not CSV ({error}); check its quotes") from error

    def _header(self, line: int, columns: list[str]) -> list[str]:
        if FILE not in columns and "path" in columns:  # a manifest
            columns = [_OF_MANIFEST.get(column, column) for column in columns]
        if "predicted" in columns:
            columns = [_SAME.get(column, column) for column in columns]
        self._check_columns(line, columns)
        return columns

    def read(self, of_scores: Sequence[str] = ()) -> None:
        """Read the rows: numbers of some columns, and what is kept as text. To be called once.

        Args:
            of_scores: the columns, in the order of the classes.
        """
        at = {name: number for number, name in enumerate(self.columns)}
        numbers = [at[name] for name in of_scores]
        kept = {name: at[name] for name in (FILE, LABELS, SONG, PART, MODEL) if name in at}
        self._texts = {name: [] for name in kept}
        same: dict[str, str] = {}  # labels and songs repeat: each is held once
        seen: dict[str, int] = {}
        for line, cells in self._cells:
            if len(cells) != len(self.columns):
                raise self.error(line, f"has {len(cells)} values, the header {len(self.columns)}; write one for each")
            self._check_name(line, cells[at[FILE]], seen)
            for name, number in kept.items():
                text = cells[number]
                self._texts[name].append(text if name == FILE else same.setdefault(text, text))
                if name == SONG and not text:
                    raise self.error(line, "column song: is empty; name the song, or remove the column")
            self.lines.append(line)
            if numbers:
                self._add_scores(line, [cells[number] for number in numbers], of_scores)
        if not self.lines:
            raise self._has_no_lines()

    def _has_no_lines(self) -> ScoreFileError:
        return ScoreFileError(f"{self.path}: holds no lines below its header; write one for each file")

    def _check_name(self, line: int, name: str, seen: dict[str, int]) -> None:
        if not name:
            raise self.error(line, "column file: is empty; name the file")
        key = file_key(name)
        if _OF_SEVERAL_SPELLINGS.search(key):
            key = str(PurePosixPath(key))
        if seen.setdefault(key, line) != line:
            raise self.error(
                line, f"column file: {display(name)} is already on line {seen[key]}; remove one of the two"
            )

    def _add_scores(self, line: int, texts: list[str], columns: Sequence[str]) -> None:
        with contextlib.suppress(ValueError):
            values = list(map(float, texts))
            if "_" not in "".join(texts) and sum(map(abs, values)) <= _MAX_SCORE:  # NaN is no less than anything
                self.scores.extend(values)
                return
        # One of them is none, or hard to tell.
        self.scores.extend(self._score(line, text, name) for text, name in zip(texts, columns, strict=True))

    def _score(self, line: int, text: str, column: str) -> float:
        try:
            value = float("nan" if "_" in text else text)  # Python reads 1_0 as 10
        except ValueError:
            value = float("nan")
        if not abs(value) <= _MAX_SCORE:
            what = "is empty" if not text else f"{text[:_MAX_SHOWN]!r} is not a number from -1e300 to 1e300"
            raise self.error(line, f"column {column}: {what}; write a score for every class")
        return value

    def error(self, line: int, message: str) -> ScoreFileError:
        """Return what is wrong with a line, to be raised."""
        return ScoreFileError(f"{self.path}: line {line}: {message}")

    def _check_columns(self, line: int, columns: Sequence[str]) -> None:
        try:
            check_columns(columns)
        except BoundedTextError as error:
            raise self.error(line, f"{error}; is it a table of scores?") from error
        seen: set[str] = set()
        for number, column in enumerate(columns, start=1):
            if not column:
                raise self.error(line, f"column {number} has no name; name it or remove it")
            if column in seen or seen.add(column):  # type: ignore[func-returns-value]
                raise self.error(line, f"column {number}: {column[:_MAX_SHOWN]} occurs twice; remove one of the two")
        if FILE not in columns:
            shown = ", ".join(column[:_MAX_SHOWN] for column in columns[:4])
            raise self.error(line, f"no column 'file' (found {shown}); the first line must name the columns")

    def column(self, name: str) -> tuple[str, ...] | None:
        """Return the texts of a column that is kept as text, None if the table has none of that name."""
        return tuple(self._texts[name]) if name in self._texts else None

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files, as written."""
        return tuple(self._texts[FILE])


def _lines_of(raw: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", "surrogateescape", newline="")  # shares the bytes


def file_key(file: str) -> str:
    """Return a file's name without audio suffix, in one Unicode form, folders separated by slashes.

    >>> file_key("Part1\\\\a.b.WAV"), file_key("Part1/a.b")
    ('Part1/a.b', 'Part1/a.b')
    """
    name = unicodedata.normalize("NFC", file.replace("\\", "/"))
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in AUDIO_SUFFIXES else name
