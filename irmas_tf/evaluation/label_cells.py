"""The labels of a file as one cell of a table, read and written.

A cell is codes separated by blanks, as IRMAS's; or, since a name may hold blanks and labels may be unknown, what a
manifest says (`irmas_tf.own_data.label_grammar`): ``violin;oud``, ``violin;?oud`` (oud unknown), ``violin;?`` (all
others unknown), ``violin;-oud;?`` (oud not heard, all others unknown), ``noise`` (none of them).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

from irmas_tf.config.labels import LabelScheme
from irmas_tf.metrics.known_labels import UNKNOWN, has_unknown, truth_and_known
from irmas_tf.own_data.label_grammar import (
    NONE_OF_THEM,
    LabelError,
    Labels,
    format_cell,
    is_none_of_them,
    labels_of,
    parse_cell,
)

_MAX_SHOWN = 40
_MAX_CODES = 20


class Cells:
    """Reads cells of the labels of one scheme.

    Args:
        scheme: the classes; codes of the data set that are merged into one class are known, too.
    """

    def __init__(self, scheme: LabelScheme) -> None:
        self._scheme = scheme
        self._index: dict[str, int] = {}
        folded: dict[str, set[int]] = {}
        for k, code in enumerate(scheme.codes):
            self._index[unicodedata.normalize("NFC", code)] = k
        for code in scheme.source_to_code:
            self._index.setdefault(unicodedata.normalize("NFC", code), scheme.index(code))
        for code, k in self._index.items():
            folded.setdefault(code.casefold(), set()).add(k)
        self._folded = {code: next(iter(ks)) for code, ks in folded.items() if len(ks) == 1}

    def read(self, text: str) -> np.ndarray:
        """Return the labels that a cell says, int8 [classes] of 1, 0 and -1 (unknown).

        Raises:
            LabelError: the cell is empty, names an unknown class, or contradicts itself.
        """
        text = unicodedata.normalize("NFC", text).strip()
        if not text:
            raise LabelError("empty_label", "is empty; write the codes, separated by blanks or ';'")
        if self._find(text) is not None:
            labels = Labels((text,))
        elif is_none_of_them(text, self._index):
            labels = Labels()
        elif set(text) & set(";?") or text.startswith("-"):
            labels = parse_cell(text, self._index)
        else:
            labels = Labels(tuple(text.split()))
        row = np.full(self._scheme.num_classes, UNKNOWN if labels.rest_is_unknown else 0, np.int8)
        for names, value in ((labels.absent, 0), (labels.unknown, UNKNOWN), (labels.present, 1)):
            row[[self._known(name) for name in names]] = value
        return row

    def _find(self, name: str) -> int | None:
        return self._index.get(name, self._folded.get(name.casefold()))

    def _known(self, name: str) -> int:
        if (k := self._find(name)) is None:
            codes = self._scheme.codes
            known = ", ".join(codes[:_MAX_CODES]) + (f" and {len(codes) - _MAX_CODES} more" * (len(codes) > _MAX_CODES))
            raise LabelError("bad_label", f"unknown code {name[:_MAX_SHOWN]!r}; known are {known}")
        return k


def as_few_as_needed(labels: np.ndarray) -> np.ndarray:
    """Return labels int8 [clips, classes] as bool if all are known, else as they are."""
    return labels if has_unknown(labels) else labels == 1


def write_cell(labels: np.ndarray, codes: Sequence[str]) -> str:
    """Return the labels of a clip as a cell that `Cells.read` reads: blanks between codes, where that will do.

    Args:
        labels: [classes] bool, or 1, 0 and -1 (unknown).
        codes: of the classes.
    """
    truth, known = truth_and_known(labels)
    present = [code for code, yes in zip(codes, truth, strict=True) if yes]
    if not present and known.all():
        return next((word for word in NONE_OF_THEM if not any(word == code.casefold() for code in codes)), "")
    if known.all() and not any(set(code) & set(" ;?-") for code in codes):
        return " ".join(present)
    absent = [code for code, yes in zip(codes, known & ~truth, strict=True) if yes]
    return format_cell(labels_of(present, None if known.all() else absent, codes))
