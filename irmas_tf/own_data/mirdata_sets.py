"""Data sets of mirdata with labels of instruments for whole clips: how each says label, group and part."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple


class TrackFacts(NamedTuple):
    """What a track says: classes that are heard, those known not to be (None: all others), group, part."""

    present: tuple[str, ...]
    absent: tuple[str, ...] | None
    group: str
    part: str = ""


@dataclasses.dataclass(frozen=True)
class MirdataSet:
    """A data set of mirdata.

    Attributes:
        read: what a track says.
        groups: what its groups are, for the check.
        licence: of the data set.
    """

    read: Callable[[Any], TrackFacts]
    groups: str
    licence: str


def _medley_solos(track: Any) -> TrackFacts:
    part = {"training": "train", "train": "train", "validation": "validation", "test": "test"}[track.subset]
    return TrackFacts((track.instrument,), None, f"{part} {track.song_id}", part)


def _tinysol(track: Any) -> TrackFacts:
    return TrackFacts((track.instrument_full,), None, f"{track.instrument_full}, fold {track.split}")


def _good_sounds(track: Any) -> TrackFacts:
    return TrackFacts((track.instrument,), None, f"pack {track.sound_info['pack_id']}")


def _openmic(track: Any) -> TrackFacts:
    known = track.instruments
    present = tuple(name for name, relevance in known.items() if relevance >= 0.5)
    part = {"split01_train": "", "split01_test": "test"}[track.split]
    artist = track.artist if isinstance(track.artist, str) and track.artist else track.track_id
    return TrackFacts(present, tuple(name for name in known if name not in present), f"{part} {artist}".strip(), part)


SETS = {
    "good_sounds": MirdataSet(_good_sounds, "sessions (packs)", "CC BY-SA 4.0"),
    "medley_solos_db": MirdataSet(_medley_solos, "songs", "CC BY 4.0"),
    "openmic2018": MirdataSet(_openmic, "artists", "CC BY 4.0"),
    "tinysol": MirdataSet(_tinysol, "folds of an instrument", "CC BY 4.0"),
}
"""Name in mirdata -> how it is read. TinySOL has no recordings to group by, so its folds are not cut."""
