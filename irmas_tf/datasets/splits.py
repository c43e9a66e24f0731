"""Seeded, stratified training/validation splits that never cut a song in two, saved with the run as readable JSON."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import platform
from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import PurePosixPath
from typing import Any

from irmas_tf import __version__
from irmas_tf.datasets.dataset import TEST, TRAIN, VALIDATION, LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.process.atomic_files import write_text_atomic
from irmas_tf.process.bounded_json import read_json, reason_of
from irmas_tf.process.garbage import no_collection
from irmas_tf.stratification.by_quota import choose_by_quota
from irmas_tf.stratification.rarest_first import choose_rarest_first

SPLIT_UNITS = ("song", "excerpt")
_FORMAT = 1
_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Split:
    """Which excerpts train and which validate.

    Attributes:
        train, validation: portable names (`LabelledExcerpt.name`), sorted, disjoint.
        seed: seed it was drawn with.
        split_by: "song" (leak-free groups) or "excerpt" (leaky, for comparison only).
        validation_fraction: share that was asked for.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    seed: int
    split_by: str
    validation_fraction: float


@no_collection()
def make_split(
    excerpts: Sequence[LabelledExcerpt],
    *,
    split_by: str = "song",
    validation_fraction: float = 0.2,
    seed: int = 0,
) -> Split:
    """Return a stratified split, the same for the same names, seed and contents whatever the order or machine.

    For ``split_by="song"`` the unit is `LabelledExcerpt.group`: in IRMAS excerpts of one song, or with identical
    content, are on one side. Per class, the number of validation excerpts differs from
    ``validation_fraction`` times the class by at most half of the class's largest group (3 excerpts in the official
    set, 0.5 for ``split_by="excerpt"``), or by that group where the quota would leave a class with two or more groups
    absent from one side. (The bound holds as long as groups with several classes are the exception, as in IRMAS.)
    A class that has a single group is in the training side only.

    Args:
        excerpts: all that there are (`irmas_tf.datasets.dataset.Dataset.training`), in any order.
        split_by: "song" or "excerpt".
        validation_fraction: share of the excerpts, above 0 and below 1.
        seed: at least 0.

    Raises:
        DataError: too few groups to have both sides, or repeated names.
        ValueError: an argument out of range.
    """
    if split_by not in SPLIT_UNITS:
        raise ValueError(f"--split_by={split_by}: must be one of {', '.join(SPLIT_UNITS)}")
    if not 0.0 < validation_fraction < 1.0:
        raise ValueError(f"--validation_fraction={validation_fraction}: must be above 0 and below 1")
    if seed < 0:
        raise ValueError(f"--split_seed={seed}: must be at least 0")
    ordered = sorted((e for e in excerpts if e.part != TEST), key=lambda e: e.name)
    for one, other in itertools.pairwise(ordered):
        if one.name == other.name:
            raise DataError(f"{display(one.path)} and {display(other.path)} have the same name; remove one of the two")
    units = [excerpt.group if split_by == "song" else excerpt.name for excerpt in ordered]
    group_name: dict[Hashable, str] = {}  # a group is called after its first excerpt
    names = [group_name.setdefault(unit, excerpt.name) for excerpt, unit in zip(ordered, units, strict=True)]
    part_of = _fixed_parts(ordered, names)
    counts: dict[str, dict[str, int]] = {}
    for excerpt, group in zip(ordered, names, strict=True):
        if group not in part_of:
            # Where nothing is heard is a class of its own here: such excerpts are shared out, too.
            of_group = counts.setdefault(group, {})  # no Counter: making one takes longer than counting
            for code in excerpt.classes_present or ("",):
                of_group[code] = of_group.get(code, 0) + 1
    of_one_class = all(len(e.classes_present) == 1 for e, group in zip(ordered, names, strict=True) if group in counts)
    choose = choose_by_quota if of_one_class else choose_rarest_first
    chosen = choose(counts, validation_fraction, seed) | {g for g, part in part_of.items() if part == VALIDATION}
    train = tuple(excerpt.name for excerpt, group in zip(ordered, names, strict=True) if group not in chosen)
    validation = tuple(excerpt.name for excerpt, group in zip(ordered, names, strict=True) if group in chosen)
    if not train or not validation:
        if part_of:
            side = TRAIN if validation else VALIDATION
            raise DataError(
                f"{len(ordered)} excerpts, of which the data set says the part: none is left for {side}; give some the"
                f" part {side!r}, or no part to those that may be drawn"
            )
        raise DataError(
            f"{len(ordered)} excerpts in {len(counts)} groups cannot be split {1 - validation_fraction:g} /"
            f" {validation_fraction:g}: a class needs at least two songs; add audio or use --split_by=excerpt"
        )
    return Split(train, validation, seed, split_by, validation_fraction)


def _fixed_parts(excerpts: Sequence[LabelledExcerpt], groups: Sequence[str]) -> dict[str, str]:
    """Return the part of each group that has one; nothing if all train, and who validates is to be drawn.

    Args:
        excerpts: none of them for tests.
        groups: the name of each one's group.

    Raises:
        DataError: excerpts of one group have different parts.
    """
    if all(excerpt.part == TRAIN for excerpt in excerpts):
        return {}
    first: dict[str, LabelledExcerpt] = {}
    for excerpt, group in zip(excerpts, groups, strict=True):
        if excerpt.part and first.setdefault(group, excerpt).part != excerpt.part:
            raise DataError(
                f"{first[group].name} ({first[group].part}) and {excerpt.name} ({excerpt.part}) are of one group, and"
                " cannot be on two sides; give them one part, or groups of their own"
            )
    return {group: excerpt.part for group, excerpt in first.items()}


def leaks(split: Split, excerpts: Sequence[LabelledExcerpt]) -> list[tuple[str, str]]:
    """Return, for every group that is on both sides, one training and one validation name; empty means leak-free."""
    side = dict.fromkeys(split.train, 0) | dict.fromkeys(split.validation, 1)
    members: dict[Hashable, list[str]] = {}
    for excerpt in excerpts:
        if excerpt.name in side:
            members.setdefault(excerpt.group, []).append(excerpt.name)
    pairs = []
    for names in members.values():
        train, validation = ([n for n in names if side[n] == s] for s in (0, 1))
        if train and validation:
            pairs.append((train[0], validation[0]))
    return pairs


def save_split(path: str | os.PathLike[str], split: Split, excerpts: Sequence[LabelledExcerpt] | None = None) -> None:
    """Write a split as JSON, atomically: relative names, seed, counts and the versions that drew it.

    Missing parent folders are made; see `irmas_tf.process.atomic_files.atomic_path`.

    Args:
        path: the file.
        split: what is written.
        excerpts: those that it names, for the counts per class; by default names are taken to begin with a class.

    Raises:
        OSError: the file cannot be written.
    """
    import numpy as np

    classes = {e.name: e.classes_present for e in excerpts or ()}

    def counts(names: Sequence[str]) -> dict[str, int]:
        codes = (name.split("/")[:1] if excerpts is None else classes.get(name, ()) for name in names)
        return dict(sorted(Counter(itertools.chain.from_iterable(codes)).items()))

    document = {
        "format": _FORMAT,
        "seed": split.seed,
        "split_by": split.split_by,
        "validation_fraction": split.validation_fraction,
        "versions": {"irmas_tf": __version__, "numpy": np.__version__, "python": platform.python_version()},
        "counts": {TRAIN: counts(split.train), VALIDATION: counts(split.validation)},
        "train": list(split.train),
        "validation": list(split.validation),
    }
    write_text_atomic(path, json.dumps(document, indent=1) + "\n")


def _check_document(document: Any) -> Split:
    """Return the split a parsed JSON document holds; raises ValueError with a short reason."""
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f"not a split of format {_FORMAT}")
    for side in ("train", "validation"):
        names = document.get(side)
        if not isinstance(names, list) or not names or not all(isinstance(n, str) and n for n in names):
            raise ValueError(f"{side!r} is not a list of names")
        if len(set(names)) != len(names):
            raise ValueError(f"{side!r} names an excerpt twice")
        bad = [n for n in names if PurePosixPath(n).is_absolute() or ".." in PurePosixPath(n).parts]
        if bad:
            raise ValueError(f"{bad[0]!r} is not a relative name")
    both = set(document["train"]) & set(document["validation"])
    if both:
        raise ValueError(f"{min(both)!r} is in train and in validation")
    seed, unit, fraction = (document.get(key) for key in ("seed", "split_by", "validation_fraction"))
    if not isinstance(seed, int) or unit not in SPLIT_UNITS or not isinstance(fraction, (int, float)):
        raise ValueError("seed, split_by or validation_fraction is missing or malformed")
    return Split(tuple(document["train"]), tuple(document["validation"]), seed, unit, float(fraction))


def load_split(path: str | os.PathLike[str], excerpts: Sequence[LabelledExcerpt] | None = None) -> Split:
    """Return a saved split; with ``excerpts``, also verify that every file it names is there.

    Raises:
        DataError: missing or damaged file, or excerpts that are not there (the message names them).
    """
    try:
        split = _check_document(read_json(path))
    except OSError as error:
        raise DataError(f"{display(path)}: cannot be read ({error.strerror}); is this a run folder?") from error
    except ValueError as error:
        raise DataError(
            f"{display(path)}: damaged split file ({reason_of(error)}); restore it, or start a new run in another"
            " folder"
        ) from error
    if excerpts is not None:
        resolve(split, excerpts)
    return split


def resolve(split: Split, excerpts: Sequence[LabelledExcerpt]) -> tuple[list[LabelledExcerpt], list[LabelledExcerpt]]:
    """Return the training and the validation excerpts of a split, in the split's order.

    Names are matched exactly, or else without their extension, so that a converted copy (FLAC) of the data set works.
    Excerpts that the split does not name are in neither list.

    Raises:
        DataError: a named excerpt is not in ``excerpts``.
    """
    exact = {e.name: e for e in excerpts}
    by_stem = {e.name.rpartition(".")[0]: e for e in excerpts}
    sides: list[list[LabelledExcerpt]] = []
    missing: list[str] = []
    for names in (split.train, split.validation):
        side = []
        for name in names:
            found = exact.get(name) or by_stem.get(name.rpartition(".")[0])
            if found is None:
                missing.append(name)
            else:
                side.append(found)
        sides.append(side)
    if missing:
        total = len(split.train) + len(split.validation)
        shown = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        raise DataError(
            f"{len(missing)} of the {total} excerpts of the split are missing from the data directory: {shown};"
            " restore them, or start a new run for this data"
        )
    return sides[0], sides[1]
