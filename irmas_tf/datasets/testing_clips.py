"""The clips of the test set that count, their labels as a matrix, and how frequent the classes are in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from irmas_tf.config.labels import LabelScheme
from irmas_tf.datasets import irmas, irmas_counts

OFFICIAL_PARTS = {f"Part{part}": clips for part, clips in irmas_counts.TESTING_CLIPS.items()}
"""Clips in each part of IRMAS's test set."""


def select_clips(
    clips: Sequence[irmas.TestClip], unique_clips: bool, official_parts: Mapping[str, int] = OFFICIAL_PARTS
) -> tuple[list[irmas.TestClip], list[str]]:
    """Return the clips to count, and what is to be said about the choice.

    Args:
        clips: with content identifiers.
        unique_clips: keep the first of byte-identical clips only.
        official_parts: "Part<number>" -> clips of the published test set; empty: there is none.
    """
    first: dict[str, irmas.TestClip] = {}
    repeated, contradicted = [], 0
    for clip in clips:
        same = first.setdefault(clip.content_id or str(clip.path), clip)
        if same is not clip:
            repeated.append(clip)
            contradicted += set(same.irmas_codes) != set(clip.irmas_codes)
    chosen = list(first.values()) if unique_clips else list(clips)
    notes = []
    of_parts = Counter(f"Part{clip.part}" for clip in clips)
    if irmas.count_differences(of_parts, dict(official_parts)):
        notes.append(
            f"{len(clips)} clips are not the {sum(official_parts.values())} of the official test set: the figures"
            " cannot be compared with published ones"
        )
    if repeated:
        labelled = f", {contradicted} of them with other labels" if contradicted else ""
        way = "each set is counted once, by its first clip" if unique_clips else "all are counted (see --unique_clips)"
        notes.append(f"{len(repeated)} clips are byte-identical to others{labelled}: {way}")
    elif unique_clips:
        notes.append("no two clips are byte-identical: --unique_clips changes nothing")
    return chosen, notes


def part_sizes(clips: Sequence[irmas.TestClip]) -> dict[int, int]:
    """Return part -> clips of it; of all clips, it tells a Part that is incomplete from one without its duplicates."""
    return dict(Counter(clip.part for clip in clips))


def label_matrix(codes: Sequence[Sequence[str]], scheme: LabelScheme) -> np.ndarray:
    """Return [clips, classes] bool of the IRMAS codes of each clip."""
    labels = np.zeros([len(codes), scheme.num_classes], bool)
    for row, of_clip in zip(labels, codes, strict=True):
        row[[scheme.index(code) for code in of_clip]] = True
    return labels


def official_counts(scheme: LabelScheme) -> np.ndarray:
    """Return the excerpts of each class in the official training set, [classes]."""
    counts = np.zeros(scheme.num_classes, int)
    for code, number in irmas_counts.TRAINING_EXCERPTS.items():
        counts[scheme.index(code)] += number
    return counts
