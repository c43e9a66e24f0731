"""Songs of anyone's clips: as numbers, and what is to be said of them before figures are believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from irmas_tf.metrics.song_intervals import FEW_SONGS, Songs

FEW_CLIPS = 5
"""Labelled clips of a class below which its average precision reads too high."""
_SHOWN = 8  # classes that are named


def song_notes(groups: np.ndarray, remedy: str) -> list[str]:
    """Return what is to be said of the songs, by which intervals are drawn and thresholds are tuned.

    Args:
        groups: song of each clip, [clips].
        remedy: what to do if it is not so, in words.
    """
    songs = len(np.unique(groups))
    notes = []
    if songs == len(groups) > 1:
        notes.append(
            f"every clip is a song of its own: if several come from one recording, intervals are too narrow and"
            f" thresholds tuned on other songs have seen their own; {remedy}"
        )
    if songs == 1 < len(groups):
        notes.append(f"all {len(groups)} clips belong to one song; {remedy} if they are not")
    return notes


def interval_notes(groups: np.ndarray, labels: np.ndarray, codes: Sequence[str], ranked: bool = False) -> Iterator[str]:
    """Yield why intervals cannot be given, or are not to be trusted (``benchmarks/interval_coverage.py``).

    Args:
        groups: song of each clip, [clips].
        labels: which classes are there, [clips, classes] bool.
        codes: of the classes.
        ranked: whether average precision is among the figures.
    """
    songs = Songs(groups)
    if songs.count < 2:
        yield "one song only: no interval can be given"
        return
    if songs.count < FEW_SONGS:
        yield (
            f"only {songs.count} songs: the 95 % intervals are not to be trusted, too little is known of how much songs"
            f" differ; score clips of {FEW_SONGS} songs at least, better of 40"
        )
    if lone := named_classes(codes, (songs.sums(labels) > 0).sum(axis=0) == 1):
        yield (
            f"a single song holds {lone}: no interval of such a class can be given, and that of a mean over classes is"
            " a guess for it, from the others"
        )
    count = labels.sum(axis=0)
    if ranked and (few := named_classes(codes, (count > 0) & (count < FEW_CLIPS))):
        yield (
            f"fewer than {FEW_CLIPS} clips are labelled {few}: average precision of so few reads too high, which the"
            " interval of mAP does not allow for"
        )


def named_classes(codes: Sequence[str], which: np.ndarray) -> str:
    """Return the names of the classes marked in ``which``, bool [classes]; of many the first, and how many more."""
    chosen = [codes[k] for k in np.flatnonzero(which).tolist()]
    return ", ".join(chosen[:_SHOWN]) + (f" and {len(chosen) - _SHOWN} more" if len(chosen) > _SHOWN else "")


def song_groups(songs: tuple[str, ...]) -> np.ndarray:
    """Return a number for each clip's song, [clips].

    Numbers stay what they are, so that a report's own ``clips.csv`` is folded as the report was; but
    of a report without byte-identical clips, whose Parts look incomplete here, the folds are songs.
    """
    if all(song.isascii() and song.isdecimal() and len(song) < 10 for song in songs):
        return np.array([int(song) for song in songs])
    return np.unique(songs, return_inverse=True)[1].reshape(-1)
