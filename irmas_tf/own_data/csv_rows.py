"""The rows of a CSV file as spreadsheets write them: any usual encoding, separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.process.bounded_text import BoundedTextError, check_columns, read_bounded
from irmas_tf.process.csv_cells import plain_cell

_SEPARATORS = (",", ";", "\t")
_SAVE_AS = "save it as CSV UTF-8"


class CsvTable(NamedTuple):
    """A CSV file; rows are numbered as in a spreadsheet, where the header is row 1."""

    header: tuple[str, ...]
    separator: str
    rows: Iterator[tuple[int, list[str]]]


def read_csv(path: str | os.PathLike[str], required: Sequence[str]) -> CsvTable:
    """Return header and rows of a CSV file, cells without blanks around them; rows without any text are left out.

    UTF-8 with or without a byte-order mark, UTF-16 with one, and any line ends are read. The separator is the one by
    which the header has the required columns; a cell that holds it must be in quotation marks. Marks that keep
    spreadsheets from running a cell (`irmas_tf.process.csv_cells`) are taken off.

    Args:
        path: the file.
        required: names of columns that must be there, in any case and order.

    Raises:
        DataError: the file cannot be read, is something else, or lacks a column; while iterating, a row cannot be read.
    """
    text = _decoded(path)
    first = next(_lines(text), "").strip()
    if not first:
        raise DataError(f"{display(path)}: has no header in its first row; write {','.join(required)} there")
    for separator in _SEPARATORS:
        rows = _rows(path, text, separator)
        header = tuple(cell.casefold() for cell in next(rows)[1])
        _check_width(path, header)
        if set(required) <= set(header):
            break
    else:
        cells = next(_rows(path, text, max(_SEPARATORS, key=first.count)))[1]
        lacking = [name for name in required if name not in {cell.casefold() for cell in cells}]
        raise DataError(
            f"{display(path)}: row 1 has no column {' and no column '.join(lacking)} (it has"
            f" {', '.join(repr(cell[:40]) for cell in cells[:8])}); name the columns {','.join(required)} there"
        )
    twice = next((name for name, count in Counter(header).items() if name and count > 1), "")
    if twice:
        raise DataError(f"{display(path)}: row 1 names the column {twice!r} twice; rename or remove one")
    return CsvTable(header, separator, _checked(path, rows, len(header), separator))


def _check_width(path: str | os.PathLike[str], header: Sequence[str]) -> None:
    try:
        check_columns(header)
    except BoundedTextError as error:
        raise DataError(f"{display(path)}: row 1 {error}; is it a table?") from error


def _decoded(path: str | os.PathLike[str]) -> str:
    try:
        raw = read_bounded(path, with_pipes=True)
    except OSError as error:
        raise DataError(f"{display(path)}: cannot be read ({error.strerror}); correct the path") from error
    except BoundedTextError as error:
        raise DataError(f"{display(path)}: {error}; is it a table?") from error
    if raw[:4] == b"PK\3\4" or raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise DataError(f"{display(path)}: is a spreadsheet, not a CSV file; {_SAVE_AS} in the program that wrote it")
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"{display(path)}: row {row} is not {'UTF-16' if encoding == 'utf-16' else 'UTF-8'}, as text is expected"
            f" to be; {_SAVE_AS}"
        ) from error
    if "\0" in text:
        raise DataError(f"{display(path)}: holds null characters, so it is no text in UTF-8; {_SAVE_AS}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text that ends them with line feeds; `io.StringIO` would hold four bytes for each letter."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _rows(path: str | os.PathLike[str], text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{display(path)}: row {number} cannot be read ({error}); close its quotation marks, and double those"
                " within a cell"
            ) from error
        yield number, [plain_cell(cell.strip()) for cell in cells]


def _checked(
    path: str | os.PathLike[str], rows: Iterator[tuple[int, list[str]]], columns: int, separator: str
) -> Iterator[tuple[int, list[str]]]:
    for number, cells in rows:
        if not any(cells):
            continue
        if len(cells) > columns and any(cells[columns:]):
            raise DataError(
                f"{display(path)}: row {number} has {len(cells)} cells, and the header has {columns}; put a cell that"
                f" holds {separator!r} in quotation marks"
            )
        yield number, cells + [""] * (columns - len(cells))
