"""A manifest: a CSV file with the columns path and labels, and if wanted group and split, in any order."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from irmas_tf.datasets.check_report import Finding
from irmas_tf.datasets.dataset import PARTS
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.own_data.csv_rows import read_csv
from irmas_tf.own_data.data_places import manifest_remedy
from irmas_tf.own_data.label_grammar import LabelError, Labels, parse_cell
from irmas_tf.own_data.listing import Entry, Listing, counted_readings, gathered, listing, relative_name
from irmas_tf.process.garbage import no_collection

COLUMNS = ("path", "labels", "group", "split")
_MOST_HINTS = 20  # at files whose names differ in case: for each, a folder is listed
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")

# kind -> what is wrong with how many rows, and the remedy.
_WORDS = {
    "empty_path": ("rows have no path", "name a file in the column path, or remove the row"),
    "windows_path": ("rows have paths as Windows writes them", "write paths relative to the manifest, with /"),
    "missing_file": ("rows name files that are not there", "correct the path, which is relative to the manifest"),
    "not_a_file": ("rows name folders or devices", "name one sound file in each row"),
    "duplicate_path": (
        "rows name a file that another row names",
        "make them one row, with labels separated by ;",
    ),
    "empty_label": ("rows lack a label", "correct the column labels"),
    "repeated_label": ("rows name a class twice", "correct the column labels"),
    "bad_label": ("rows have labels that cannot be read", "correct the column labels"),
    "unknown_split": ("rows have an unknown split", f"write {', '.join(PARTS)}, or nothing to have it drawn"),
    "group_in_two_parts": ("rows put a group into two parts", "give all rows of a group the same split"),
}


def read_manifest(data_dir: str | os.PathLike[str], classes: Sequence[str] = ()) -> Listing:
    """Return what a manifest lists, with everything that is wrong about it. No audio is read.

    Args:
        data_dir: the file; paths in it are relative to its folder.
        classes: those that ``--classes`` names; empty for those that the rows name, sorted.

    Raises:
        DataError: the file cannot be read as CSV, or lacks a column; the message has the remedy.
    """
    if remedy := manifest_remedy(data_dir):
        raise DataError(remedy)
    file = Path(data_dir).expanduser()
    table = read_csv(file, COLUMNS[:2])
    reader = _RowReader(os.fspath(file.parent), table.header, frozenset(classes))
    with no_collection():
        for number, cells in table.rows:
            reader.read(number, cells)
    findings = reader.findings()
    ignored = [name for name in table.header if name and name not in COLUMNS]
    if ignored:
        message = f"columns that are not used: {', '.join(ignored)} (used are {', '.join(COLUMNS)})"
        findings.append(Finding("note", "other_columns", message))
    if not reader.entries and not findings:
        raise DataError(f"{display(file)}: lists no file below its header; add a row for each")
    return listing(
        file.parent,
        reader.entries,
        findings,
        classes,
        readings=counted_readings(reader.texts, reader.labels),
        group_source="the column group" if any(entry.group for entry in reader.entries) else "",
        read_from=(os.fspath(file), *{os.path.dirname(entry.path) or os.curdir: None for entry in reader.entries}),
    )


class _RowReader:
    """Turns rows into entries, and keeps what is wrong by kind."""

    def __init__(self, folder: str, header: Sequence[str], classes: frozenset[str]) -> None:
        self.entries: list[Entry] = []
        self.texts: Counter[str] = Counter()
        self.labels: dict[str, Labels] = {}
        self._folder, self._classes = folder, classes
        self._prefix, normal = os.path.join(folder, ""), os.path.normpath(folder)
        self._normal_prefix = "" if normal == os.curdir else os.path.join(normal, "")
        self._columns = [header.index(name) if name in header else -1 for name in COLUMNS]
        self._cases: dict[str, list[str]] = {}
        self._paths: dict[str, int] = {}
        self._part_of_group: dict[str, tuple[str, int]] = {}

    def findings(self) -> list[Finding]:
        """Return an error for each kind of fault, with all its rows."""
        return [gathered("error", kind, cases, *_WORDS[kind]) for kind, cases in self._cases.items()]

    def read(self, number: int, cells: Sequence[str]) -> None:
        """Take in a row."""
        cells = [*cells, ""]  # the last, for columns that there are not
        at_path, at_labels, at_group, at_part = self._columns
        path, text = cells[at_path], cells[at_labels]
        group, part = cells[at_group], cells[at_part].casefold()
        labels = self._parsed(number, text)
        if part and part not in PARTS:
            self._fault("unknown_split", number, repr(part))
            return
        full, name = self._file(number, path)
        if not full or labels is None:
            return
        if group:
            group = unicodedata.normalize("NFC", group)
            other, row = self._part_of_group.setdefault(group, (part, number))
            if other != part:
                where = [f"{name or 'no split'} in row {at}" for name, at in ((other, row), (part, number))]
                self._fault("group_in_two_parts", number, f"{group!r} has {' and '.join(where)}")
                return
        self.texts[text] += 1
        self.entries.append(Entry(full, name, labels, f"row {number}", group, part))

    def _fault(self, kind: str, number: int, detail: str) -> None:
        self._cases.setdefault(kind, []).append(f"row {number}: {detail}")

    def _parsed(self, number: int, text: str) -> Labels | None:
        labels = self.labels.get(text)
        if labels is None:
            try:
                labels = self.labels[text] = parse_cell(text, self._classes)
            except LabelError as error:
                self._fault(error.kind, number, str(error))
        return labels

    def _file(self, number: int, path: str) -> tuple[str, str]:
        """Return the file that a cell names and its portable name, or "" twice after noting what is wrong with it."""
        if not path:
            self._fault("empty_path", number, "no path")
            return "", ""
        if is_plain := _is_plain(path):  # nearly all are, and what os.path does to each would take most of the time
            full, mode = _existing(self._prefix + path)
        else:
            full, mode = _existing(os.path.join(self._folder, path))
        if mode is None:
            if _WINDOWS.match(path) or "\\" in path:
                self._fault("windows_path", number, _shown(path))
            else:
                is_early = len(self._cases.get("missing_file", ())) < _MOST_HINTS
                self._fault("missing_file", number, f"{_shown(path)}{_near_name(full) if is_early else ''}")
            return "", ""
        if not stat.S_ISREG(mode):
            self._fault("not_a_file", number, _shown(path))
            return "", ""
        first = self._paths.setdefault(self._normal_prefix + path if is_plain else os.path.normpath(full), number)
        if first != number:
            self._fault("duplicate_path", number, f"{_shown(path)}, as row {first}")
            return "", ""
        return full, path if is_plain else relative_name(path, self._folder)


def _is_plain(path: str) -> bool:
    """Return whether a path is its own portable name: relative, normal, in ASCII."""
    return os.sep == "/" and path.isascii() and path[0] not in "/." and "/." not in path and "//" not in path


def _shown(path: str) -> str:
    return path if path.isprintable() else repr(path)


def _existing(path: str) -> tuple[str, int | None]:
    """Return a path that there is, in whichever Unicode form the file was stored with, and its mode."""
    candidates = () if path.isascii() else tuple(unicodedata.normalize(form, path) for form in ("NFC", "NFD"))
    for candidate in (path, *candidates):
        try:
            return candidate, os.stat(candidate).st_mode
        except (OSError, ValueError):  # ValueError: a null character
            continue
    return path, None


def _near_name(path: str) -> str:
    """Return a hint at a file whose name differs in case only; such manifests come from systems that do not mind."""
    folder, name = os.path.split(path)
    try:
        near = next((entry for entry in os.listdir(folder) if entry.casefold() == name.casefold()), "")
    except OSError:
        return ""
    return f" (there is {display(near)})" if near else ""
