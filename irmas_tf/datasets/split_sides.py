"""The two sides of a split as columns: files, labels, groups and names."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from irmas_tf.config.labels import LabelScheme
from irmas_tf.datasets.dataset import UNKNOWN, LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.datasets.splits import Split, resolve


@dataclasses.dataclass(frozen=True)
class SplitSide:
    """One side of a split; all columns are in the same order.

    Attributes:
        paths: the files.
        targets: int8 [n, classes]: 1 where a class is heard, 0 where it is not, `UNKNOWN` where nobody said.
        groups: int [n], equal for excerpts of one group, see `LabelledExcerpt.group`.
        names: portable names.
    """

    paths: tuple[str, ...]
    targets: np.ndarray
    groups: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, int))
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    @functools.cached_property
    def is_single(self) -> bool:
        """Whether every excerpt has one class, and no label is unknown."""
        return not len(_other_than_one_class(self.targets))

    @functools.cached_property
    def has_unknown(self) -> bool:
        """Whether there is a label that nobody knows."""
        return bool((self.targets == UNKNOWN).any())

    @functools.cached_property
    def labels(self) -> np.ndarray:
        """Class indices, int32 [n].

        Raises:
            DataError: not `is_single`.
        """
        require_single(self.targets, self.names)
        return self.targets.argmax(axis=1).astype(np.int32)


class SplitSides(NamedTuple):
    """Both sides of a split."""

    train: SplitSide
    validation: SplitSide


def group_numbers(excerpts: Sequence[LabelledExcerpt]) -> np.ndarray:
    """Return a number for the group of each excerpt, int [n], counted from 0 in the order of their first excerpts."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(excerpt.group, len(numbers)) for excerpt in excerpts], int)


def _other_than_one_class(targets: np.ndarray) -> np.ndarray:
    """Return the rows that do not say one class and no other, int [rows]."""
    return np.flatnonzero((targets < 0).any(axis=1) | ((targets == 1).sum(axis=1) != 1))


def require_single(targets: np.ndarray, names: Sequence[str]) -> None:
    """Refuse labels of which each is not one class.

    Args:
        targets: int8 [n, classes].
        names: what to call the excerpts.

    Raises:
        DataError: says how many have no class, several, or unknown labels, and names the first.
    """
    others = _other_than_one_class(targets)
    if not len(others):
        return
    heard, known = (targets[others] == 1).sum(axis=1), (targets[others] >= 0).all(axis=1)
    counts = {
        "unknown labels": int((~known).sum()),
        "several classes": int((known & (heard > 1)).sum()),
        "no class": int((known & (heard == 0)).sum()),
    }
    kinds = ", ".join(f"{count} with {kind}" for kind, count in counts.items() if count)
    raise DataError(
        f"{len(others)} of {len(targets)} excerpts do not have one class each ({kinds}; the first is"
        f" {names[others[0]]}): --task=single_label cannot use them; use --task=multi_label"
    )


def label_matrix(excerpts: Sequence[LabelledExcerpt], labels: LabelScheme) -> np.ndarray:
    """Return the labels of excerpts, int8 [n, classes]: 1 is heard, 0 is not, `UNKNOWN` where nobody said.

    Raises:
        DataError: the data set gives an excerpt a class that its labels do not know; the message names the file.
    """
    index = {code: labels.index(code) for code in labels.source_to_code}
    matrix = np.zeros((len(excerpts), labels.num_classes), np.int8)
    unknown = [row for row, excerpt in enumerate(excerpts) if excerpt.absent is not None]
    matrix[unknown] = UNKNOWN
    # Several codes may be one class, which is heard as soon as any of them is.
    for value, kind in ((0, "absent"), (1, "classes_present")):
        rows: list[int] = []
        columns: list[int] = []
        for row, excerpt in enumerate(excerpts):
            for code in getattr(excerpt, kind) or ():
                if code not in index:
                    raise DataError(f"{display(excerpt.path)}: {_unknown_class(code, labels)}")
                rows.append(row)
                columns.append(index[code])
        matrix[rows, columns] = value
    return matrix


def _unknown_class(code: str, labels: LabelScheme) -> str:
    """Return what `LabelScheme.index` says of a code that it does not know."""
    try:
        labels.index(code)
    except ValueError as error:
        return str(error)
    raise AssertionError(code)


def class_indices(excerpts: Sequence[LabelledExcerpt], labels: LabelScheme) -> np.ndarray:
    """Return the class index of each excerpt, int32 [n].

    Raises:
        DataError: an excerpt has a class that the labels do not know, or has several or unknown labels.
    """
    targets = label_matrix(excerpts, labels)
    return SplitSide((), targets, names=tuple(excerpt.name for excerpt in excerpts)).labels


def split_sides(split: Split, excerpts: Sequence[LabelledExcerpt], labels: LabelScheme) -> SplitSides:
    """Return both sides of a split, in its order.

    Args:
        split: names the excerpts.
        excerpts: all of the data set's (`irmas_tf.datasets.dataset.Dataset.training`).
        labels: the classes.

    Raises:
        DataError: a named excerpt is missing, or has an unknown class.
    """
    group_of = dict(zip((excerpt.name for excerpt in excerpts), group_numbers(excerpts), strict=True))
    return SplitSides(
        *(
            SplitSide(
                paths=tuple(str(excerpt.path) for excerpt in side),
                targets=label_matrix(side, labels),
                groups=np.array([group_of[excerpt.name] for excerpt in side], int),
                names=tuple(excerpt.name for excerpt in side),
            )
            for side in resolve(split, excerpts)
        )
    )
