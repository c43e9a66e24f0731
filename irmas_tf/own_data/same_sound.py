"""Files that hold the same sound, by their bytes or by their fingerprints, and what is wrong about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from irmas_tf.datasets.check_report import Finding
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas import connected_components


@dataclasses.dataclass(frozen=True)
class SameSound:
    """Sets of files that hold the same sound.

    Attributes:
        sets: indices, in order, two or more in each.
        by_bytes: whether all their bytes are the same, rather than their fingerprints.
    """

    sets: tuple[tuple[int, ...], ...]
    by_bytes: bool


def same_bytes(ids: Sequence[str | None]) -> SameSound:
    """Return the sets of files with the same content identifier; those without one are in none."""
    sets: dict[str, list[int]] = {}
    for index, content_id in enumerate(ids):
        if content_id is not None:
            sets.setdefault(content_id, []).append(index)
    return SameSound(tuple(tuple(same) for same in sets.values() if len(same) > 1), by_bytes=True)


def same_to_the_ear(
    paths: Sequence[Path], usable: Sequence[int], ids: Sequence[str | None], *, progress: bool = True
) -> SameSound:
    """Return the sets of files with near-duplicates in them; of files with the same bytes only the first is in one.

    Args:
        paths: all files.
        usable: indices of those that can be decoded.
        ids: content identifier of each.
        progress: show a bar on stderr when it takes longer than a second.
    """
    from irmas_tf.own_data.fingerprints import fingerprints_of, near_pairs

    first = {ids[index]: index for index in reversed(usable)}
    chosen = sorted(first.values())
    pairs = near_pairs(fingerprints_of([paths[index] for index in chosen], progress=progress))
    keys: list[list[int]] = [[] for _ in chosen]
    for number, pair in enumerate(pairs):
        keys[pair.first].append(number)
        keys[pair.second].append(number)
    sets: dict[int, list[int]] = {}
    for index, number in zip(chosen, connected_components(keys), strict=True):
        sets.setdefault(number, []).append(index)
    return SameSound(tuple(tuple(same) for same in sets.values() if len(same) > 1), by_bytes=False)


def same_sound_findings(
    same: SameSound, excerpts: Sequence[LabelledExcerpt], shown: Callable[[Path], str]
) -> list[Finding]:
    """Return what is wrong about files of the same sound: other labels, other parts, or other groups.

    Args:
        same: the sets.
        excerpts: all files, those with the same bytes in one group already.
        shown: how a path is shown.
    """

    def differ(value: Callable[[LabelledExcerpt], object]) -> list[tuple[int, ...]]:
        return [indices for indices in same.sets if len({value(excerpts[index]) for index in indices}) > 1]

    def listed(sets: Sequence[tuple[int, ...]]) -> tuple[str, ...]:
        return tuple(" = ".join(shown(excerpts[index].path) for index in indices) for indices in sets)

    what = "identical files" if same.by_bytes else "near-duplicates (the same sound at another level, format or cut)"
    kind = "" if same.by_bytes else "near_"
    findings = []
    if clash := differ(lambda e: (frozenset(e.classes_present), None if e.absent is None else frozenset(e.absent))):
        message = f"{len(clash):,} sets of {what} carry different labels; correct them, or remove all but one"
        findings.append(Finding("warning", f"{kind}contradictory", message, listed(clash)))
    if apart := differ(lambda e: e.part):
        message = f"{len(apart):,} sets of {what} are in two parts, so that scores flatter; remove all but one"
        findings.append(Finding("warning", f"{kind}in_two_parts", message, listed(apart)))
    copies = sum(len(indices) - 1 for indices in same.sets)
    if same.by_bytes and copies:
        message = f"{copies:,} files repeat the bytes of another ({len(same.sets):,} sets); each set stays on one side"
        findings.append(Finding("note", "duplicate", message, listed(same.sets)))
    elif groups := differ(lambda e: e.group):
        message = (
            f"{len(groups):,} sets of {what} are in different groups, so that a split may cut them; give each set one"
            " group (--write_manifest=FILE.csv does)"
        )
        findings.append(Finding("warning", "near_duplicate", message, listed(groups)))
    return findings
