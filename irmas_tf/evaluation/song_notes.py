"""Songs of anyone's clips: as numbers, and what is to be said of them before figures are believed."""

from __future__ import annotations

import numpy as np


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


def song_groups(songs: tuple[str, ...]) -> np.ndarray:
    """Return a number for each clip's song, [clips].

    Numbers stay what they are, so that a report's own ``clips.csv`` is bootstrapped and folded as the report was; but
    of a report without byte-identical clips, whose Parts look incomplete here, the folds are songs.
    """
    if all(song.isascii() and song.isdecimal() and len(song) < 10 for song in songs):
        return np.array([int(song) for song in songs])
    return np.unique(songs, return_inverse=True)[1].reshape(-1)
