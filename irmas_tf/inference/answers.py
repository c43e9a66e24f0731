"""Answers for files, and writing them as they come: a table for people, JSON lines or CSV for programs."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

import numpy as np

from irmas_tf.config.labels import LabelScheme
from irmas_tf.inference.display_width import display_width, fitted
from irmas_tf.inference.notes import Note, is_silent, note_objects
from irmas_tf.kinds.table_columns import column_of
from irmas_tf.process.csv_cells import ESCAPE, CsvWriter
from irmas_tf.process.printable import printable

if TYPE_CHECKING:
    from irmas_tf.inference.activity import Activity

FORMATS = ("table", "json", "csv")
WIDEST_NAME = 32
"""Columns of a table that a class's name takes at most."""
MOST_NAMED = 10
"""Classes that a row of a table shows besides the most probable ones because they are named."""
SCHEMA = 1
"""Of JSON objects and CSV columns: raised when one goes, or changes its name, place or meaning; new ones come last."""
_MODEL = "model_sha256"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the model says about one clip.

    Attributes:
        path: the file; empty for samples that were in memory.
        duration_seconds: length of the audio that was heard, s.
        scheme: the classes.
        vector: probabilities in the order of ``scheme.codes``, the mean over the windows that are not silent (or over
            all, if all are), [classes] float64; those of a single-label model sum to 1.
        labels: codes of the classes that the model names; a single-label model names exactly one, the most probable.
            Of silence, none.
        activity: the probabilities over time, if they were asked for.
        notes: what is odd about the sound, if anything is.
    """

    path: str
    duration_seconds: float
    scheme: LabelScheme
    vector: np.ndarray
    labels: tuple[str, ...]
    activity: Activity | None = None
    notes: tuple[Note, ...] = ()

    @property
    def is_silent(self) -> bool:
        """Whether nothing was heard, so that no class is named whatever the probabilities are."""
        return is_silent(self.notes)

    @property
    def probabilities(self) -> dict[str, float]:
        """Class code -> probability, in the order of the classes."""
        return dict(zip(self.scheme.codes, self.vector.tolist(), strict=True))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes in ``labels``."""
        return tuple(self.scheme.names[self.scheme.codes.index(code)] for code in self.labels)

    def top(self, count: int = 3) -> list[tuple[str, float]]:
        """Return (code, probability) of the most probable classes, the first one first."""
        order = np.argsort(-self.vector, kind="stable")[:count]
        return [(self.scheme.codes[k], float(self.vector[k])) for k in order]

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{self.scheme.names[self.scheme.codes.index(code)]} {probability:.2f}" for code, probability in self.top()
        )
        named = ", ".join(self.names) or "nothing"
        name = f"{self.path!r}, " if self.path else ""
        notes = "".join(f"; {note}" for note in self.notes)
        return f"Answer({name}{self.duration_seconds:.1f} s, names {named}; {shown}{notes})"


def answer_object(answer: Answer) -> dict[str, object]:
    """Return an answer as the object that JSON lines consist of."""
    return {
        "file": answer.path,
        "duration_seconds": round(answer.duration_seconds, 3),
        "probabilities": {code: round(probability, 6) for code, probability in answer.probabilities.items()},
        "labels": list(answer.labels),
        "notes": note_objects(answer.notes),
        "schema": SCHEMA,
        "label_names": list(answer.names),
        "class_names": class_names(answer.scheme),
    }


def class_names(scheme: LabelScheme) -> dict[str, str]:
    """Return code -> name of the classes whose name is not their code; of a data set without codes nothing."""
    return {code: name for code, name in zip(scheme.codes, scheme.names, strict=True) if code != name}


def join_codes(codes: Sequence[str], scheme: LabelScheme) -> str:
    """Return codes as one cell: separated by blanks, or by ';' where a code of the scheme holds a blank."""
    return (";" if any(" " in code for code in scheme.codes) else " ").join(codes)


class AnswerWriter:
    """Writes answers to a text stream, each as soon as it is given.

    ``json``: one object per line, ``{"file", "duration_seconds", "probabilities": {code: p}, "labels": [...],
    "notes": [{"code", "text"}, ...], "schema": SCHEMA, "label_names": [...], "class_names": {code: name}}``, of which
    the last holds the classes whose name is not their code. ASCII; a byte of a file name that is not UTF-8 is written
    as Python does, ``\\udcXX`` (`os.fsencode` gives the name back).
    ``csv``: a header, then file, duration_seconds, labels (`join_codes`), a column of probabilities per class (called
    `irmas_tf.kinds.table_columns.column_of`),
    notes ("code: text", separated by " | "), schema, `SCHEMA`, label_names (separated by ";"), and model_sha256 where
    ``origin`` has it.
    ``table``: duration, the ``top_k`` most probable classes, file; with ``mark_named`` also every other class that is
    named, and an asterisk at those that are. Of silence no classes. Below it, a line for each note.

    Args:
        stream: where to write; for ``csv`` its errors mode should be ``surrogateescape``.
        format: one of `FORMATS`.
        scheme: the label scheme of the answers.
        top_k: classes in a row of the table.
        mark_named: whether the table shows which classes are named; needed where it is not always the first.
        origin: what every ``json`` object says, after its own keys, about the model that answered
            (`irmas_tf.inference.open_models.origin_of`).
        heading: line above a table, about the model; empty is none.
        csv_formulas: one of `irmas_tf.process.csv_cells.FORMULAS`.
    """

    def __init__(
        self,
        stream: TextIO,
        format: str,
        scheme: LabelScheme,
        top_k: int = 3,
        mark_named: bool = False,
        origin: Mapping[str, object] | None = None,
        heading: str = "",
        csv_formulas: str = ESCAPE,
    ) -> None:
        self._stream = stream
        self._csv_formulas = csv_formulas
        self._heading = f"{printable(heading)}\n" if heading else ""
        self._format = format
        self._scheme = scheme
        self._top_k = min(top_k, scheme.num_classes)
        self._mark_named = mark_named
        self._origin = dict(origin or {})
        self._model = [str(self._origin[_MODEL])] if self._origin.get(_MODEL) else []
        self._shown = [printable(name) for name in scheme.names]
        self._name_width = min(max(map(display_width, self._shown)), WIDEST_NAME)
        if format == "csv":
            last = [*("notes", "schema", "label_names"), *([_MODEL] if self._model else [])]
            self._write_row(["file", "duration_seconds", "labels", *map(column_of, scheme.codes), *last])
        self._needs_heading = format == "table"  # above the first answer: a heading over nothing would mislead

    def write(self, answer: Answer) -> None:
        """Write one answer and flush it, so that a reader at the other end of a pipe gets it now."""
        if self._format == "json":
            self._write(json.dumps({**answer_object(answer), **self._origin}) + "\n")
        elif self._format == "csv":
            values = [f"{p:.6f}" for p in answer.vector]
            notes = " | ".join(map(str, answer.notes))
            start = [answer.path, f"{answer.duration_seconds:.3f}", join_codes(answer.labels, self._scheme)]
            self._write_row([*start, *values, notes, str(SCHEMA), ";".join(answer.names), *self._model])
        else:
            if self._needs_heading:
                self._write(self._heading + self._table_heading())
                self._needs_heading = False
            self._write(self._table_row(answer))

    def _table_heading(self) -> str:
        width = self._name_width + 8 + self._mark_named
        columns = "  ".join(f"{f'{rank + 1}.':<{width}}" for rank in range(self._top_k))
        return f"{'seconds':>9}  {columns}  file{' (* named)' if self._mark_named else ''}\n"

    def _table_row(self, answer: Answer) -> str:
        order = (-answer.vector).argsort(kind="stable").tolist()
        labels = set(answer.labels) if self._mark_named else set()
        named = {k for k in order if self._scheme.codes[k] in labels}
        marks = {k: "*" if k in named else " " for k in order} if self._mark_named else dict.fromkeys(order, "")
        further = [k for k in order[self._top_k :] if k in named]
        best = "  ".join(
            f"{fitted(self._shown[k], self._name_width)} {100 * answer.vector[k]:5.1f} %{marks[k]}"
            for k in (*order[: self._top_k], *further[:MOST_NAMED])
        )
        if (rest := len(further) - MOST_NAMED) > 0:
            best += f"  and {rest} more*"
        if answer.is_silent:
            best = fitted("(silence)", display_width(best))
        notes = "".join(f"{'':9}  note: {printable(note.text)}\n" for note in answer.notes)
        return f"{answer.duration_seconds:9.1f}  {best}  {printable(answer.path)}\n{notes}"

    def _write_row(self, row: Sequence[str]) -> None:
        text = io.StringIO()
        CsvWriter(text, self._csv_formulas).writerow(row)
        self._write(text.getvalue())

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
