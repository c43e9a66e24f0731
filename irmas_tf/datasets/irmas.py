"""Index of an IRMAS data set: training excerpts with one label, test clips with one to five, and leak-free groups.

Source: Bosch et al., ISMIR 2012. Nothing here reads audio.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from irmas_tf.datasets import irmas_counts
from irmas_tf.datasets.content_ids import content_ids as compute_content_ids
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.datasets.irmas_records import (
    GENRES,
    Excerpt,
    ParsedName,
    Problem,
    TestClip,
    TrainingScan,
    parse_training_name,
)
from irmas_tf.datasets.irmas_scan import scan_testing, scan_training
from irmas_tf.process.shell_words import shell_path

__all__ = [
    "GENRES",
    "DataError",
    "Excerpt",
    "ParsedName",
    "TestClip",
    "connected_components",
    "contradictory_sets",
    "count_differences",
    "group_clips",
    "group_excerpts",
    "identical_sets",
    "index_testing",
    "index_training",
    "parse_training_name",
]

_CHECK_HINT = "irmas check --data_dir={} lists everything"


def _raise_first(problems: Sequence[Problem], data_dir: str | os.PathLike[str]) -> None:
    fatal = [p for p in problems if p.is_fatal]
    if fatal:
        more = (
            f" ({len(fatal) - 1} more such files; {_CHECK_HINT.format(shell_path(display(data_dir)))})"
            if fatal[1:]
            else ""
        )
        raise DataError(fatal[0].message + more)


def usable_training(data_dir: str | os.PathLike[str]) -> TrainingScan:
    """Return the listing of the training set, without reading a file.

    Raises:
        DataError: as for `index_training`, for what names alone tell.
    """
    scan = scan_training(data_dir)
    _raise_first(scan.problems, data_dir)
    if not scan.excerpts:
        raise DataError(
            f"{display(scan.root)}: holds no training excerpts; {_CHECK_HINT.format(shell_path(display(data_dir)))}"
        )
    return scan


def index_training(
    data_dir: str | os.PathLike[str],
    *,
    content_ids: bool = True,
    require_official: bool = False,
    progress: bool = True,
) -> list[Excerpt]:
    """Return the training excerpts, sorted by name. Any subset of the data set is accepted.

    Audio files whose names do not follow the scheme are left out and reported on stderr.

    Args:
        data_dir: the folder that holds IRMAS-TrainingData, or IRMAS-TrainingData itself.
        content_ids: compute `Excerpt.content_id` (reads every file once, then from a cache).
        require_official: refuse a copy whose counts per class are not the official ones.
        progress: show a progress bar on stderr when hashing takes longer than a second.

    Raises:
        DataError: no training set, a file under the wrong class, a repeated name, an unreadable file, or (with
            ``require_official``) files missing or too many.
    """
    scan = usable_training(data_dir)
    if require_official:
        differences = count_differences(Counter(e.irmas_code for e in scan.excerpts), irmas_counts.TRAINING_EXCERPTS)
        if differences:
            raise DataError(
                f"{display(scan.root)}: not the complete official training set: {'; '.join(differences)};"
                " fetch it again with irmas download --parts=train"
            )
    surplus = [p for p in scan.problems if not p.is_fatal]
    if surplus:
        print(f"warning: {len(surplus)} audio files left out, the first: {surplus[0].message}", file=sys.stderr)
    if not content_ids:
        return list(scan.excerpts)
    ids = compute_content_ids([e.path for e in scan.excerpts], root=scan.root, progress=progress)
    return [dataclasses.replace(e, content_id=i) for e, i in zip(scan.excerpts, ids, strict=True)]


def count_differences(found: dict[str, int] | Counter[str], official: dict[str, int]) -> list[str]:
    """Return one phrase per class whose count is not the official one ("cel: 80 of 388 missing")."""
    phrases = []
    for key, wanted in official.items():
        have = found.get(key, 0)
        if have < wanted:
            phrases.append(f"{key}: {wanted - have} of {wanted} missing")
        elif have > wanted:
            phrases.append(f"{key}: {have - wanted} more than the official {wanted}")
    return phrases


def index_testing(
    data_dir: str | os.PathLike[str],
    *,
    content_ids: bool = False,
    require_official: bool = False,
    progress: bool = True,
) -> list[TestClip]:
    """Return the test clips, sorted by part, then by name. Any subset is accepted.

    Args:
        data_dir: the folder that holds the IRMAS-TestingData-Part* folders, or one of them.
        content_ids: compute `TestClip.content_id`.
        require_official: refuse a copy whose counts per part are not the official ones.
        progress: show a progress bar on stderr when hashing takes longer than a second.

    Raises:
        DataError: no test set, a clip without labels or labels without audio, an unknown code, or (with
            ``require_official``) clips missing or too many.
    """
    scan = scan_testing(data_dir)
    _raise_first(scan.problems, data_dir)
    if not scan.clips:
        raise DataError(
            f"{display(data_dir)}: holds no IRMAS test clips (expected IRMAS-TestingData-Part1/Part1/*.wav with .txt"
            " label files); correct --data_dir, or fetch them with: irmas download --parts"
            f" test1,test2,test3 --out {shell_path(display(data_dir))}"
        )
    if require_official:
        found = Counter(f"Part{c.part}" for c in scan.clips)
        differences = count_differences(found, {f"Part{p}": n for p, n in irmas_counts.TESTING_CLIPS.items()})
        if differences:
            raise DataError(f"{display(data_dir)}: not the complete official test set: {'; '.join(differences)}")
    if not content_ids:
        return list(scan.clips)
    ids = compute_content_ids([c.path for c in scan.clips], root=scan.roots[0], progress=progress)
    return [dataclasses.replace(c, content_id=i) for c, i in zip(scan.clips, ids, strict=True)]


def connected_components(keys: Sequence[Iterable[Hashable]]) -> list[int]:
    """Return a component number per item; items that share a key, directly or through others, share a number.

    Numbers count from 0 in the order of each component's first item.
    """
    parent = list(range(len(keys)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    owner: dict[Hashable, int] = {}
    for i, item_keys in enumerate(keys):
        for key in item_keys:
            first = owner.setdefault(key, i)
            if first != i:  # most keys of a large data set are of one item
                a, b = find(first), find(i)
                parent[max(a, b)] = min(a, b)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(find(i), len(numbers)) for i in range(len(keys))]


def group_excerpts(excerpts: Sequence[Excerpt]) -> list[int]:
    """Return a group number per excerpt, such that nothing leaks between groups.

    Two excerpts are in one group if they have the same song number (numbers are global: none of the 2,261 occurs under
    two classes), the same bytes (`Excerpt.content_id`), or belong to songs known to be the same recording in the
    official release, directly or through other excerpts. So excerpts with identical audio and contradictory labels
    are always in one group. Group numbers count from 0 in the order given; the partition does not depend on it.
    """
    same_recording: dict[str, list[Hashable]] = {}
    for songs in (*irmas_counts.KNOWN_DUPLICATE_SONGS, *irmas_counts.KNOWN_OVERLAPPING_SONGS):
        for song in songs:
            same_recording.setdefault(song, []).append(("recording", songs))
    keys: list[list[Hashable]] = []
    for excerpt in excerpts:
        keys.append([("song", excerpt.song_id), *same_recording.get(f"{excerpt.irmas_code}/{excerpt.song_id}", ())])
        if excerpt.content_id is not None:
            keys[-1].append(("content", excerpt.content_id))
    return connected_components(keys)


def identical_sets(excerpts: Sequence[Excerpt]) -> list[list[Excerpt]]:
    """Return the sets of two or more excerpts that hold the same audio, in the order given.

    The same audio means the same bytes (`Excerpt.content_id`), or excerpts that are byte-identical in the official
    release (`irmas_tf.datasets.irmas_counts.KNOWN_DUPLICATE_SONGS`), which a re-encoded copy no longer shows.
    """
    pair_of = {song: pair for pair in irmas_counts.KNOWN_DUPLICATE_SONGS for song in pair}
    keys: list[list[Hashable]] = []
    for excerpt in excerpts:
        pair = pair_of.get(f"{excerpt.irmas_code}/{excerpt.song_id}")
        keys.append([("known", pair, excerpt.excerpt_number)] if pair else [])
        if excerpt.content_id is not None:
            keys[-1].append(("content", excerpt.content_id))
    sets: dict[int, list[Excerpt]] = {}
    for excerpt, number in zip(excerpts, connected_components(keys), strict=True):
        sets.setdefault(number, []).append(excerpt)
    return [same for same in sets.values() if len(same) > 1]


def contradictory_sets(excerpts: Sequence[Excerpt]) -> list[list[Excerpt]]:
    """Return the sets of `identical_sets` whose excerpts carry different labels."""
    return [same for same in identical_sets(excerpts) if len({e.irmas_code for e in same}) > 1]


def group_clips(clips: Sequence[TestClip]) -> list[int]:
    """Return a group number per test clip: same song (in any part) or same bytes. The unit for intervals."""
    keys: list[list[Hashable]] = [[("song", c.song_id)] for c in clips]
    for key, clip in zip(keys, clips, strict=True):
        if clip.content_id is not None:
            key.append(("content", clip.content_id))
    return connected_components(keys)
