"""Cells of CSV files that spreadsheets would run as formulas, and the mark that keeps them from it.

Names of files, labels and classes are of strangers, and a spreadsheet that opens a table runs a cell that begins with
``=`` or ``+``, ``-``, ``@``, a tab or a line end. Such a cell gets a single quotation mark before it, as OWASP advises
(https://owasp.org/www-community/attacks/CSV_Injection), which a spreadsheet shows and nothing runs. Numbers stay as
they are. A cell that begins with such marks already gets one more, so that what is read (`plain_cell`) is always what
was written.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Any, Protocol

ESCAPE, KEEP = FORMULAS = ("escape", "keep")
"""Whether such cells get the mark, or are written as they are."""
FORMULAS_HELP = "Cells of a CSV that a spreadsheet would run: with a ' before them, or as they are."
_MARK = "'"
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")  # the last four are wide forms of the first
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class _Stream(Protocol):
    def write(self, text: str, /) -> object: ...


def escaped_cell(cell: Any) -> Any:
    """Return a cell as it is to be written.

    >>> escaped_cell("=1+2"), escaped_cell("'=1+2"), escaped_cell("-0.5"), escaped_cell("'tis.wav")
    ("'=1+2", "''=1+2", '-0.5', "'tis.wav")
    """
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return _MARK + cell
    return cell


def plain_cell(cell: str) -> str:
    """Return a cell that was read as it was before `escaped_cell`."""
    return cell[1:] if cell.startswith(_MARK) and _FORMULA.match(cell) else cell


class CsvWriter:
    """Writes rows as `csv.writer` does.

    Args:
        stream: where to.
        formulas: "escape" or "keep", see `FORMULAS`.
        line_end: of the rows.
    """

    def __init__(self, stream: _Stream, formulas: str = ESCAPE, line_end: str = "\n") -> None:
        assert formulas in FORMULAS
        self._writer = csv.writer(stream, lineterminator=line_end)
        self._escapes = formulas == ESCAPE

    def writerow(self, row: Iterable[Any]) -> None:
        """Write a row."""
        self._writer.writerow(map(escaped_cell, row) if self._escapes else row)

    def writerows(self, rows: Iterable[Iterable[Any]]) -> None:
        """Write rows."""
        for row in rows:
            self.writerow(row)
