"""Seeded, stratified training/validation splits that never cut a song in two, saved with the run as readable JSON."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
import platform
from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from irmas_tf import __version__
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.process.atomic_files import write_text_atomic

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


def _random_keys(seed: int, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return two random 64-bit numbers per name, which depend on the seed and that name only.

    The seed is expanded by PCG64 into a hash key (raw bits are a stable stream; `Generator.shuffle` is free to change
    between NumPy versions), and the key mixes the names. One draw per name, rather than one shuffle of all, also means
    that files added later do not reshuffle the rest.
    """
    import numpy as np

    key = np.random.Generator(np.random.PCG64(seed)).bit_generator.random_raw(4).astype("<u8").tobytes()

    def draw(name: str) -> tuple[int, int]:
        digest = hashlib.blake2b(name.encode("utf-8"), digest_size=16, key=key).digest()
        return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")

    return {name: draw(name) for name in names}


def _choose(groups: dict[str, Counter[str]], fraction: float, seed: int) -> set[str]:
    """Return the names of the groups that validate. ``groups``: name -> excerpts per class."""
    keys = _random_keys(seed, list(groups))
    order = sorted(groups, key=lambda name: (keys[name], name))
    total: Counter[str] = Counter()
    for counts in groups.values():
        total.update(counts)
    room = {code: fraction * n for code, n in total.items()}  # excerpts the validation side still wants
    chosen: set[str] = set()

    def move(name: str) -> None:
        chosen.add(name)
        for code, n in groups[name].items():
            room[code] -= n

    mixed = [name for name in order if len(groups[name]) > 1]
    pure: dict[str, list[str]] = {code: [] for code in sorted(total)}
    for name in order:
        if len(groups[name]) == 1:
            pure[next(iter(groups[name]))].append(name)
    # Groups with several classes are drawn first and independently: filling up to a quota in this order would put all
    # of them into the validation side.
    for name in mixed:
        if keys[name][1] < fraction * 2.0**64 and all(n <= 2 * room[c] for c, n in groups[name].items()):
            move(name)
    for names in pure.values():
        for name in names:
            code, n = next(iter(groups[name].items()))
            if room[code] > n / 2:  # taking it ends nearer to the quota than leaving it
                move(name)
    for name in mixed:
        # Only where a class has nothing else to fill its quota with; elsewhere this would favour such groups.
        only_mixed = any(not pure[code] for code in groups[name])
        if name not in chosen and only_mixed and all(room[code] > n / 2 for code, n in groups[name].items()):
            move(name)
    for code, names in pure.items():
        with_class = [name for name in order if code in groups[name]]
        in_validation = sum(name in chosen for name in with_class)
        if len(with_class) > 1 and names and in_validation == 0:
            move(names[0])
        elif len(with_class) > 1 and in_validation == len(with_class):
            chosen.discard(names[-1] if names else with_class[-1])
    return chosen


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
    ordered = sorted(excerpts, key=lambda e: e.name)
    for one, other in itertools.pairwise(ordered):
        if one.name == other.name:
            raise DataError(f"{display(one.path)} and {display(other.path)} have the same name; remove one of the two")
    groups = [excerpt.group if split_by == "song" else excerpt.name for excerpt in ordered]
    pairs = list(zip(ordered, groups, strict=True))
    group_name: dict[Hashable, str] = {}
    counts: dict[str, Counter[str]] = {}
    for excerpt, group in pairs:  # a group is called after its first excerpt
        counts.setdefault(group_name.setdefault(group, excerpt.name), Counter())[excerpt.code] += 1
    chosen = _choose(counts, validation_fraction, seed)
    train = tuple(excerpt.name for excerpt, group in pairs if group_name[group] not in chosen)
    validation = tuple(excerpt.name for excerpt, group in pairs if group_name[group] in chosen)
    if not train or not validation:
        raise DataError(
            f"{len(pairs)} excerpts in {len(counts)} groups cannot be split {1 - validation_fraction:g} /"
            f" {validation_fraction:g}: a class needs at least two songs; add audio or use --split_by=excerpt"
        )
    return Split(train, validation, seed, split_by, validation_fraction)


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


def save_split(path: str | os.PathLike[str], split: Split) -> None:
    """Write a split as JSON, atomically: relative names, seed, counts and the versions that drew it.

    Missing parent folders are made; see `irmas_tf.process.atomic_files.atomic_path`.

    Raises:
        OSError: the file cannot be written.
    """
    import numpy as np

    document = {
        "format": _FORMAT,
        "seed": split.seed,
        "split_by": split.split_by,
        "validation_fraction": split.validation_fraction,
        "versions": {"irmas_tf": __version__, "numpy": np.__version__, "python": platform.python_version()},
        "counts": {
            side: dict(sorted(Counter(name.split("/")[0] for name in getattr(split, side)).items()))
            for side in ("train", "validation")
        },
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
        split = _check_document(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise DataError(f"{display(path)}: cannot be read ({error.strerror}); is this a run folder?") from error
    except ValueError as error:
        raise DataError(
            f"{display(path)}: damaged split file ({error}); restore it, or start a new run in another folder"
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
