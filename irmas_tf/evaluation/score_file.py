"""Anyone's scores as a CSV file: reading it strictly, and finding the labels that belong to it.

A header names the columns: ``file``, one column for each class, and optionally ``labels`` (see
`irmas_tf.evaluation.label_cells`; ``?`` is unknown), ``song`` (any name or number; without it the song is guessed from
the file's name, see `song_of`) and ``part`` (of the official test set, 1 to 3, 0 if unknown; without it the folders'
names say). Every other column is a class, of any name (`irmas_tf.kinds.table_columns`: one called notes is the column
``class:notes``); where most of the classes of a known scheme are there, it must
be that scheme, whole, so that a misspelt column is told. Scores are numbers up to 1e300 either way, the higher the more
certain. Labels may also come from a second file (``file`` and ``labels``, again optionally ``song`` and ``part``; or a
manifest) or from the data set's test part on disk. The reports' own ``clips.csv`` and ``predictions.csv`` are such
files, and so is the CSV of `irmas_tf.predict`, without its answers; all of them name the model that gave the scores in
the column ``model_sha256``, which others may do.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from irmas_tf.config.labels import LABEL_SCHEMES, LabelScheme
from irmas_tf.datasets.irmas_layout import display, part_of
from irmas_tf.datasets.irmas_records import TestClip, clip_song_id
from irmas_tf.evaluation.label_cells import Cells, as_few_as_needed
from irmas_tf.evaluation.score_table import FILE, LABELS, MODEL, PART, SONG, ScoreFileError, ScoreTable, file_key
from irmas_tf.kinds.table_columns import class_of
from irmas_tf.own_data.label_grammar import LabelError

# Columns that our own commands write beside the scores. predict's ``labels`` are answers, known by the duration.
_IGNORED = ("answers", "answer_names", "label_names", "duration_seconds", "notes", "schema", MODEL)
_OF_PREDICTIONS = ("label_name", "predicted", "predicted_name")
_CHECKSUM = re.compile("[0-9a-f]{64}")
_MAX_SHOWN = 40
_MAX_CODES = 20


@dataclasses.dataclass(frozen=True)
class ScoreFile:
    """Scores of files, and what else their table says of them; lists are in the order of the lines.

    Attributes:
        path: the table.
        scheme: the label scheme that its class columns belong to.
        files: as written.
        lines: line of each file in the table, from 1.
        scores: [files, classes] float64, from -1e300 to 1e300.
        labels: [files, classes] bool, or int8 of 1, 0 and -1 where some are unknown; None without a column.
        songs: song of each file, or None without a column.
        parts: part of the official test set of each file, by the column or by a folder's name; 0 is unknown.
        models: checksums of the models that gave the scores, in the order of their first lines; empty: not said.
    """

    path: str
    scheme: LabelScheme
    files: tuple[str, ...]
    lines: tuple[int, ...]
    scores: np.ndarray
    labels: np.ndarray | None
    songs: tuple[str, ...] | None
    parts: tuple[int, ...]
    models: tuple[str, ...] = ()


def read_score_file(path: str | os.PathLike[str], scheme: LabelScheme | None = None) -> ScoreFile:
    """Return the scores in a file.

    Args:
        path: the file.
        scheme: the classes; by default those that the columns name.

    Raises:
        ScoreFileError: it cannot be read, is not CSV, misses a class, has an unknown column, a file twice, a score that
            is no number, or an unknown label.
    """
    table = ScoreTable(path)
    beside = {FILE, LABELS, SONG, PART, *_IGNORED, *(_OF_PREDICTIONS if "predicted" in table.columns else ())}
    scheme = scheme or _scheme(table, beside)
    shown = ", ".join(scheme.codes[:_MAX_CODES]) + (", ..." if scheme.num_classes > _MAX_CODES else "")
    column = {class_of(name): name for name in table.columns if name not in beside}
    if missing := [code for code in scheme.codes if code not in column]:
        absent = ", ".join(missing[:_MAX_CODES]) + (", ..." if len(missing) > _MAX_CODES else "")
        raise ScoreFileError(f"{table.path}: line 1: no column for {absent}; needed is one column for each of {shown}")
    codes = set(scheme.codes)
    for number, name in enumerate(table.columns, start=1):
        if name not in beside and class_of(name) not in codes:
            raise ScoreFileError(
                f"{table.path}: line 1, column {number}: unknown column {display(name)[:_MAX_SHOWN]!r}; known are"
                f" file, labels, song, part and the classes {shown}"
            )
    table.read([column[code] for code in scheme.codes])
    # predict writes its answers under ``labels``: taken for the truth, they would score 1.
    is_prediction = "duration_seconds" in table.columns
    return ScoreFile(
        path=table.path,
        scheme=scheme,
        files=table.files,
        lines=tuple(table.lines),
        scores=np.frombuffer(table.scores).reshape(-1, scheme.num_classes),
        labels=None if is_prediction else _labels(table, scheme),
        songs=table.column(SONG),
        parts=_parts(table),
        models=_models(table),
    )


def _models(table: ScoreTable) -> tuple[str, ...]:
    """Return the models that the lines name; where some name one, "" stands for those that name none."""
    cells = table.column(MODEL) or ()
    for line, cell in zip(table.lines, cells, strict=False):
        if cell and not _CHECKSUM.fullmatch(cell):
            raise table.error(
                line, f"column {MODEL}: {display(cell)[:_MAX_SHOWN]!r} is no SHA-256; correct it, or leave it empty"
            )
    named = dict.fromkeys(cells)
    return tuple(named) if any(named) else ()


def _scheme(table: ScoreTable, beside: set[str]) -> LabelScheme:
    """Return the scheme that the header means: a known one where most of its codes are there, else all other columns.

    One missing column must not look like another scheme.
    """
    known = max(LABEL_SCHEMES.values(), key=lambda s: len(set(s.codes) & set(table.columns)))
    if 2 * len(set(known.codes) & set(table.columns)) >= known.num_classes:
        return known
    codes = [class_of(column) for column in table.columns if column not in beside]
    if len(codes) < 2:
        raise ScoreFileError(
            f"{table.path}: line 1: names {len(codes)} classes; needed is a column of scores for each of two classes or"
            " more, beside file, labels, song and part"
        )
    return LabelScheme("given", tuple(codes), tuple(codes), {code: code for code in codes})


def _labels(table: ScoreTable, scheme: LabelScheme) -> np.ndarray | None:
    texts = table.column(LABELS)
    if texts is None:
        return None
    read = functools.cache(Cells(scheme).read)  # most tables hold few different ones
    labels = np.zeros([len(texts), scheme.num_classes], np.int8)
    for line, text, of_file in zip(table.lines, texts, labels, strict=True):
        try:
            of_file[:] = read(text)
        except LabelError as error:
            raise table.error(line, f"column labels: {error}") from error
    return as_few_as_needed(labels)


def _parts(table: ScoreTable) -> tuple[int, ...]:
    texts = table.column(PART)
    if texts is None:
        part = functools.cache(lambda folder: part_of(Path(folder)))
        return tuple(part(file_key(file).rpartition("/")[0]) for file in table.files)
    parts = []
    for line, text in zip(table.lines, texts, strict=True):
        text = text.lower().removeprefix("part")
        if not text.isdecimal() or not text.isascii():
            raise table.error(line, f"column part: {text[:_MAX_SHOWN]!r} is not a number; write 1, 2, 3, or 0")
        parts.append(int(text))
    return tuple(parts)


def song_of(file: str) -> str:
    """Return the song of a test clip by its file's name, "01 - Airdrop-9.wav" -> "01 - Airdrop"."""
    return clip_song_id(PurePosixPath(file_key(file)).name)


@dataclasses.dataclass(frozen=True)
class LabelFile:
    """Labels of files, and what else their table says of them; see `ScoreFile`."""

    path: str
    files: tuple[str, ...]
    labels: np.ndarray
    songs: tuple[str, ...] | None
    parts: tuple[int, ...]


def read_label_table(path: str | os.PathLike[str], scheme: LabelScheme) -> LabelFile:
    """Return the labels in a CSV file with the columns file and labels.

    Raises:
        ScoreFileError: it cannot be read, has a file twice, no labels or an unknown label.
    """
    table = ScoreTable(path)
    table.read()
    labels = _labels(table, scheme)
    if labels is None:
        raise ScoreFileError(f"{table.path}: line 1: no column 'labels'; write file and labels, separated by a comma")
    return LabelFile(table.path, table.files, labels, table.column(SONG), _parts(table))


def match_files(scores: ScoreFile, names: Sequence[str], where: str) -> list[int]:
    """Return, for each file of the scores, the number of the labelled file of the same name.

    Audio suffixes may differ, and folders where the name alone tells the files apart, but not the part of the test set
    where both name one. Every labelled file must have a score, because a figure over a part would pass for one over
    all.

    Args:
        scores: the score file.
        names: the labelled files.
        where: where their labels are, in words.

    Raises:
        ScoreFileError: a file has no labels, several could be meant, two lines mean the same one, or files have no
            scores.
    """
    by_name: dict[str, list[int]] = {}
    keys = [PurePosixPath(file_key(name)).parts for name in names]
    for number, parts in enumerate(keys):
        by_name.setdefault(parts[-1], []).append(number)
    found: dict[int, int] = {}
    for file, line in zip(scores.files, scores.lines, strict=True):
        wanted = PurePosixPath(file_key(file)).parts
        candidates = [n for n in by_name.get(wanted[-1], []) if _may_be_of_one_part(wanted, keys[n])]
        if len(candidates) > 1:
            depth = {n: _common_end(wanted, keys[n]) for n in candidates}
            candidates = [n for n in candidates if depth[n] == max(depth.values())]
        place = f"{scores.path}: line {line}, column file: {display(file)}"
        if not candidates:
            raise ScoreFileError(f"{place}: has no labels in {where}; remove the line, or correct the name")
        if len(candidates) > 1:
            raise ScoreFileError(f"{place}: {len(candidates)} files in {where} have this name; write folders too")
        if candidates[0] in found:
            raise ScoreFileError(f"{place}: is the file of line {found[candidates[0]]}; remove one of the two")
        found[candidates[0]] = line
    if len(found) < len(names):
        absent = next(name for number, name in enumerate(names) if number not in found)
        raise ScoreFileError(
            f"{scores.path}: {len(names) - len(found)} of the {len(names)} files in {where} have no line, the first:"
            f" {display(absent)}; score them too, or leave them out of the labels"
        )
    return list(found)


def _may_be_of_one_part(a: Sequence[str], b: Sequence[str]) -> bool:
    """Return whether the folders of two paths do not name different parts of the official test set."""
    parts = part_of(Path(*a[:-1])), part_of(Path(*b[:-1]))
    return 0 in parts or parts[0] == parts[1]


def _common_end(a: Sequence[str], b: Sequence[str]) -> int:
    count = 0
    for x, y in zip(reversed(a), reversed(b), strict=False):
        if x != y:
            break
        count += 1
    return count


def names_below(clips: Sequence[TestClip], folder: str | os.PathLike[str]) -> list[str]:
    """Return the clips' paths below a data folder, as a score file would name them."""
    return [Path(os.path.relpath(clip.path, folder)).as_posix() for clip in clips]
