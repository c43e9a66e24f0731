"""Which files probably come from one recording, by what they hold and what they are called: groups to look through."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas import connected_components

# "take1_03", "song-2", "0058__1", "a (3)", "solo.007": what is left of the number is the prefix.
_COUNTED = re.compile(r"(?P<prefix>.*[^\s_.()-])[\s_.-]*(?:\((?:\d+)\)|[\s_.-]\d+)", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Proposal:
    """Groups that are proposed.

    Attributes:
        groups: a name per file, in order; files of one group share it.
        reasons: "the same folder below the class", ... -> files that it joins with others.
    """

    groups: tuple[str, ...]
    reasons: dict[str, int]

    @property
    def number(self) -> int:
        """Number of groups."""
        return len(set(self.groups))


def prefix_of(stem: str) -> str:
    """Return what a name has before the number that it ends with, or "" if it has none that something sets apart."""
    found = _COUNTED.fullmatch(stem)
    return found["prefix"] if found else ""


def propose_groups(
    excerpts: Sequence[LabelledExcerpt],
    same_sound: Sequence[Sequence[int]] = (),
    *,
    has_groups: bool = False,
) -> Proposal:
    """Return groups of files that seem to be of one recording.

    Files that hold the same sound are joined whatever they are called. Where the data set has no groups, those are
    joined that share a folder below the folder of the class, and those in one folder whose names differ in a number at
    the end ("take1_01", "take1_02"); but neither where that would make a single group of all files of a folder's class,
    as "violin_001", "violin_002", ... do, which says nothing.

    Args:
        excerpts: the files.
        same_sound: sets of indices of files that hold the same sound.
        has_groups: whether the excerpts' groups come from the data set; then these are kept, and names say nothing.
    """
    named: dict[str, dict[str, list[int]]] = {}
    if not has_groups:
        named = {"the same folder": _by_folder(excerpts), "the same name but for a number": _by_prefix(excerpts)}
    keys: list[list[Hashable]] = [[("group", excerpt.group)] for excerpt in excerpts]
    suggested: dict[int, str] = {}
    reasons: Counter[str] = Counter()
    # Files of two parts cannot be of one group, as a manifest says it.
    for number, indices in enumerate(same_sound):
        for index in indices:
            keys[index].append(("sound", number, excerpts[index].part))
        reasons["the same sound"] += len(indices)
    for reason, sets in named.items():
        for name, indices in sets.items():
            for index in indices:
                keys[index].append((reason, name, excerpts[index].part))
                suggested.setdefault(index, name)
            reasons[reason] += len(indices)
    numbers = connected_components(keys)
    shared = Counter(numbers)
    names: dict[int, str] = {}
    used: set[str] = set()
    for index, (excerpt, number) in enumerate(zip(excerpts, numbers, strict=True)):
        if number not in names:
            name = str(excerpt.group) if has_groups else suggested.get(index, excerpt.name)
            name = name if shared[number] > 1 or has_groups else excerpt.name
            while name in used:
                name += "+"
            names[number] = name
            used.add(name)
    return Proposal(tuple(names[number] for number in numbers), dict(reasons))


def _by_folder(excerpts: Sequence[LabelledExcerpt]) -> dict[str, list[int]]:
    """Return the files of each folder below a class's, where there are several of them."""
    folders: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, excerpt in enumerate(excerpts):
        parts = excerpt.name.split("/")
        folders[parts[0]]["/".join(parts[:-1]) if len(parts) > 2 else ""].append(index)
    return {
        folder: indices
        for below in folders.values()
        if len(below) > 1
        for folder, indices in below.items()
        if folder and len(indices) > 1
    }


def _by_prefix(excerpts: Sequence[LabelledExcerpt]) -> dict[str, list[int]]:
    """Return the files of each prefix in a folder, where the folder has files without it."""
    folders: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, excerpt in enumerate(excerpts):
        folder, _, name = excerpt.name.rpartition("/")
        folders[folder][prefix_of(name.rpartition(".")[0] or name)].append(index)
    return {
        f"{folder}/{prefix}" if folder else prefix: indices
        for folder, prefixes in folders.items()
        if len(prefixes) > 1
        for prefix, indices in prefixes.items()
        if prefix and len(indices) > 1
    }
