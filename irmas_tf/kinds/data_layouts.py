"""Which kind of data set a place looks like, by names alone, so that a message can name the right ``--dataset``."""

from __future__ import annotations

import itertools
import os

from irmas_tf.kinds.suffixes import AUDIO_SUFFIXES, VIDEO_SUFFIXES

IRMAS, OPENMIC, MANIFEST, FOLDER = "irmas", "openmic", "manifest", "folder"
_OPENMIC_FILES = ("openmic-2018.npz", "openmic-2018-aggregated-labels.csv")
_SOUND = (*AUDIO_SUFFIXES, *VIDEO_SUFFIXES)
_LOOKED_AT = 200  # entries of a folder, so that a hint costs nothing
_HEADER_BYTES = 4096


def layout_of(place: str | os.PathLike[str]) -> str:
    """Return "irmas", "openmic", "manifest" or "folder" (of classes), or "" for nothing that is known.

    It is for hints only: nothing is read as something else because of it.
    """
    if os.path.isfile(place):
        return MANIFEST if _has_columns(place) else ""
    names = _names(place)
    if any(name in _OPENMIC_FILES for name in names):
        return OPENMIC
    below = {name: _names(os.path.join(place, name)) for name in names if os.path.isdir(os.path.join(place, name))}
    if any("irmas" in name.casefold() and "data" in name.casefold() for name in below):
        return IRMAS
    with_sound = [name for name, inner in below.items() if any(n.lower().endswith(_SOUND) for n in inner)]
    return FOLDER if len(with_sound) > 1 else ""


def _names(folder: str | os.PathLike[str]) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in itertools.islice(entries, _LOOKED_AT) if not entry.name.startswith(".")]
    except OSError:
        return []


def _has_columns(path: str | os.PathLike[str]) -> bool:
    """Return whether the first line of a file names the columns of a manifest."""
    try:
        with open(path, "rb") as file:
            start = file.read(_HEADER_BYTES)
    except OSError:
        return False
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = start.decode(encoding, "replace").splitlines()
    header = lines[0].replace(";", ",").replace("\t", ",") if lines else ""
    cells = {cell.strip().strip('"').casefold() for cell in header.split(",")}
    return {"path", "labels"} <= cells
