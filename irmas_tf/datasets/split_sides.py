"""The two sides of a split as columns: files, class indices, groups and names."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from irmas_tf.config.labels import LabelScheme
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.datasets.splits import Split, resolve


@dataclasses.dataclass(frozen=True)
class SplitSide:
    """One side of a split; all columns are in the same order.

    Attributes:
        paths: the files.
        labels: int32 [n], class indices.
        groups: int [n], equal for excerpts of one group, see `LabelledExcerpt.group`.
        names: portable names.
    """

    paths: tuple[str, ...]
    labels: np.ndarray
    groups: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, int))
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)


class SplitSides(NamedTuple):
    """Both sides of a split."""

    train: SplitSide
    validation: SplitSide


def group_numbers(excerpts: Sequence[LabelledExcerpt]) -> np.ndarray:
    """Return a number for the group of each excerpt, int [n], counted from 0 in the order of their first excerpts."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(excerpt.group, len(numbers)) for excerpt in excerpts], int)


def class_indices(excerpts: Sequence[LabelledExcerpt], labels: LabelScheme) -> np.ndarray:
    """Return the class index of each excerpt, int32 [n].

    Raises:
        DataError: the data set gives an excerpt a class that its labels do not know; the message names the file.
    """
    indices = []
    for excerpt in excerpts:
        try:
            indices.append(labels.index(excerpt.code))
        except ValueError as error:
            raise DataError(f"{display(excerpt.path)}: {error}") from error
    return np.array(indices, np.int32)


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
                labels=class_indices(side, labels),
                groups=np.array([group_of[excerpt.name] for excerpt in side], int),
                names=tuple(excerpt.name for excerpt in side),
            )
            for side in resolve(split, excerpts)
        )
    )
