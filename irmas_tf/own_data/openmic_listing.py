"""What a copy of OpenMIC-2018 holds: clips with labels, artist and partition, and what is to be known about it."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np

from irmas_tf.datasets.check_report import Finding
from irmas_tf.datasets.dataset import TEST, TRAIN
from irmas_tf.datasets.irmas import connected_components
from irmas_tf.datasets.irmas_layout import DataError, display, entries
from irmas_tf.kinds.suffixes import AUDIO_SUFFIXES
from irmas_tf.own_data.label_grammar import Labels
from irmas_tf.own_data.listing import Entry, Listing, gathered
from irmas_tf.own_data.openmic_classes import CLASSES
from irmas_tf.own_data.openmic_files import (
    ARRAYS,
    METADATA,
    TABLE,
    Recording,
    Relevance,
    check_class_map,
    find_root,
    read_parts,
    read_recordings,
    read_relevance,
    read_table,
)

HEARD_FROM = 0.5
"""Relevance from which a class is heard: the authors' baseline takes .5 for heard; PaSST and EfficientAT do not."""

# Of the authors' errata: tracks whose audio was corrupt in FMA when it was annotated, and the labels that were wrong
# for that, which the release has corrected. https://github.com/cosmir/openmic-2018#errata
CORRUPT_TRACKS = (
    "071826", "071827", "087435", "095253", "095259", "095263", "102144", "113025", "113604", "138485",
)  # fmt: skip
CORRECTED = (("095253_134400", "piano"), ("095263_96000", "mallet_percussion"), ("113025_99840", "trumpet"))
RELEASED = {TRAIN: 14_915, TEST: 5_085}
"""Clips of the release, by partition."""
_RESTORE = "restore the files, or unpack the archive again"


def read_openmic(data_dir: str | os.PathLike[str]) -> Listing:
    """Return the clips that have audio, labels and a partition, in the order of their keys. No audio is read.

    Raises:
        DataError: this is no copy of OpenMIC-2018, or its labels, partitions or metadata cannot be read.
    """
    root = find_root(data_dir)
    check_class_map(root)
    labels = read_relevance(root)
    parts = read_parts(root)
    recordings = read_recordings(root)
    files = _audio_files(root)
    listed = [key for key in labels.keys if key in parts and key in files]
    if not listed:
        raise DataError(f"{display(root)}: holds no audio/000/KEY.ogg of any clip that has labels; {_RESTORE}")
    group_of = artist_groups(sorted({*labels.keys, *parts}), recordings)
    row_of = {key: row for row, key in enumerate(labels.keys)}
    made: dict[bytes, Labels] = {}  # equal labels once, as `Listing.excerpts` wants them
    clips = []
    for key in listed:
        row = row_of[key]
        pattern = np.where(labels.known[row], labels.values[row] >= HEARD_FROM, -1).astype(np.int8)
        clips.append(
            Entry(
                files[key],
                f"audio/{key[:3]}/{os.path.basename(files[key])}",
                made.setdefault(pattern.tobytes(), _labels(pattern)),
                f"clip {key}",
                group_of[key],
                parts[key],
            )
        )
    findings = [
        *_absences(labels, parts, files),
        *_artist_findings(listed, parts, recordings, group_of),
        *_label_findings(labels, set(listed), root),
        *_release_findings(listed, parts, recordings),
    ]
    source = f"artists ({METADATA})" if recordings else "recordings of FMA"
    return Listing(root, tuple(sorted(clips, key=lambda clip: clip.name)), tuple(findings), (), source, CLASSES)


def _labels(pattern: np.ndarray) -> Labels:
    present, absent = (tuple(CLASSES[k] for k in np.flatnonzero(pattern == value)) for value in (1, 0))
    return Labels(present, absent, rest_is_unknown=True)


def _audio_files(root: Path) -> dict[str, str]:
    """Return clip -> its file; of several formats the published one."""
    files: dict[str, str] = {}
    if not (root / "audio").is_dir():
        raise DataError(f"{display(root)}: has no folder audio; {_RESTORE}")
    for folder in entries(root / "audio"):
        if not folder.is_dir():
            continue
        for entry in entries(Path(folder.path)):
            key, suffix = os.path.splitext(entry.name)
            if suffix.lower() in AUDIO_SUFFIXES and (key not in files or suffix.lower() == ".ogg"):
                files[key] = entry.path
    return files


def artist_groups(keys: Sequence[str], recordings: Mapping[str, Recording]) -> dict[str, str]:
    """Return clip -> name of its group: clips whose artist has the same number, or the same name, are one group.

    A clip without an artist is grouped by its track of FMA, the number before the underscore.
    """
    alike: list[list[Hashable]] = []
    for key in keys:
        recording = recordings.get(key, Recording("", "", ""))
        alike.append([("track", key.split("_")[0])])
        alike[-1] += [("artist", recording.artist_id)] if recording.artist_id else []
        alike[-1] += [("name", recording.artist.casefold())] if recording.artist else []
    names: dict[int, str] = {}
    groups = {}
    for key, number in zip(keys, connected_components(alike), strict=True):
        artist_id = recordings[key].artist_id if key in recordings else ""
        groups[key] = names.setdefault(number, f"artist {artist_id}" if artist_id else f"track {key.split('_')[0]}")
    return groups


def _absences(labels: Relevance, parts: Mapping[str, str], files: Mapping[str, str]) -> list[Finding]:
    """What lacks audio, labels or a partition, and is left out."""
    known = set(labels.keys)
    kinds = (
        ("missing", [key for key in labels.keys if key not in files], "clips have no audio and are left out", _RESTORE),
        (
            "no_partition",
            [key for key in labels.keys if key not in parts],
            "clips are in neither partition and are left out",
            "restore the folder partitions",
        ),
        (
            "no_labels",
            sorted(key for key in parts if key not in known),
            f"clips of the partitions have no labels in {labels.source} and are left out",
            f"restore {labels.source}",
        ),
    )
    return [gathered("warning", kind, keys, words, remedy) for kind, keys, words, remedy in kinds if keys]


def _artist_findings(
    listed: Sequence[str],
    parts: Mapping[str, str],
    recordings: Mapping[str, Recording],
    group_of: Mapping[str, str],
) -> list[Finding]:
    findings = []
    if without := [key for key in listed if key not in recordings or not recordings[key].artist_id]:
        words, remedy = "clips have no artist, and only clips of one track stay together", f"restore {METADATA}"
        findings.append(gathered("warning", "no_artist", without, words, remedy))
    sides: dict[str, set[str]] = defaultdict(set)
    for key in listed:
        sides[group_of[key]].add(parts[key])
    if shared := [key for key in listed if parts[key] == TEST and len(sides[group_of[key]]) > 1]:
        artists = len({group_of[key] for key in shared})
        words = f"clips for tests are of {artists} artists who are also in training"
        remedy = "the published split is kept; figures on new artists leave these out"
        findings.append(gathered("warning", "artist_in_both", shared, words, remedy))
    return findings


def _label_findings(labels: Relevance, listed: set[str], root: Path) -> list[Finding]:
    findings = []
    rows = {key: row for row, key in enumerate(labels.keys)}
    wrong = []
    for key, code in CORRECTED:
        row, column = rows.get(key), CLASSES.index(code)
        if row is not None and not (labels.known[row, column] and labels.values[row, column] >= HEARD_FROM):
            wrong.append(f"{key} {code}")
    if wrong:
        words = "labels are not as the authors' errata correct them"
        findings.append(gathered("warning", "errata", wrong, words, "fetch version 1.0.0: irmas download openmic"))
    if corrupt := [key for key in labels.keys if key in listed and key.split("_")[0] in CORRUPT_TRACKS]:
        words = "clips are of tracks that were corrupt when they were annotated, by the authors' errata"
        findings.append(gathered("note", "corrupt_track", corrupt, words, "they are used as they are"))
    undecided = int((labels.known & (labels.values == HEARD_FROM)).sum())
    if undecided:
        message = f"{undecided:,} labels have a relevance of just .5 and count as heard, as in the authors' baseline"
        findings.append(Finding("note", "undecided", message))
    has_both = labels.source == ARRAYS and (root / TABLE).is_file()
    if has_both and (other := _differences(labels, read_table(root / TABLE))):
        words, remedy = f"labels of {ARRAYS} are others in {TABLE}", f"those of {ARRAYS} are used"
        findings.append(gathered("warning", "two_sources", other, words, remedy))
    return findings


def _differences(labels: Relevance, table: Relevance) -> list[str]:
    """Return "clip class" of what two files say otherwise: heard, not heard or unknown."""

    def said(source: Relevance) -> dict[tuple[str, str], bool]:
        where = np.argwhere(source.known)
        return {(source.keys[i], CLASSES[k]): bool(source.values[i, k] >= HEARD_FROM) for i, k in where.tolist()}

    first, second = said(labels), said(table)
    return [f"{key} {code}" for key, code in sorted({pair for pair, _ in first.items() ^ second.items()})]


def _release_findings(
    listed: Sequence[str], parts: Mapping[str, str], recordings: Mapping[str, Recording]
) -> list[Finding]:
    findings = []
    counts = Counter(parts[key] for key in listed)
    if counts != RELEASED:
        shown = ", ".join(f"{counts[part]:,} of {number:,} to {part}" for part, number in RELEASED.items())
        findings.append(Finding("note", "not_complete", f"this is not the complete OpenMIC-2018: {shown}"))
    licences = Counter(recordings[key].licence for key in listed if key in recordings and recordings[key].licence)
    bound = sum(n for name, n in licences.items() if "noncommercial" in name.casefold().replace("-", ""))
    if bound:
        message = (
            f"the data set is CC BY 4.0, but {bound:,} of {len(listed):,} recordings are licensed for non-commercial"
            f" use only, by the column license_title of {METADATA}"
        )
        findings.append(Finding("note", "licences", message))
    return findings
