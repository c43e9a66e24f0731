"""What somebody means who gives one kind of data set's place as another's: the remedy to name."""

from __future__ import annotations

import os
from pathlib import Path

from irmas_tf.datasets.irmas_layout import display
from irmas_tf.kinds.data_layouts import FOLDER, IRMAS, MANIFEST, OPENMIC, layout_of

_REMEDIES = {
    IRMAS: "holds IRMAS, whose songs and test clips --dataset=irmas knows; use that",
    OPENMIC: "holds OpenMIC-2018: use --dataset=openmic",
    MANIFEST: "is a manifest: use --dataset=manifest",
    FOLDER: "is a folder of classes: use --dataset=folder",
}


def manifest_remedy(data_dir: str | os.PathLike[str]) -> str:
    """Return what is wrong with a place that is to be a manifest, or "" if it may be one."""
    place = Path(data_dir).expanduser()
    if not os.fspath(data_dir):
        return "--data_dir is empty: give the CSV file that lists the data, with columns path and labels"
    if not place.exists():
        return f"{display(place)}: no such file; give --data_dir the CSV file that lists the data"
    if not place.is_dir():
        return ""
    try:
        files = sorted(path for path in place.iterdir() if path.suffix.lower() in (".csv", ".tsv"))
    except OSError as error:
        return f"{display(place)}: cannot be listed ({error.strerror}); check its permissions"
    manifests = [path for path in files if layout_of(path) == MANIFEST]
    if manifests:
        return f"{display(place)}: is a folder; give the manifest itself: --data_dir={display(manifests[0])}"
    layout = layout_of(place)
    remedy = _REMEDIES.get(layout, "give --data_dir the CSV file that lists the data, with columns path and labels")
    return (
        f"{display(place)}: is a folder, not a manifest; it {remedy}"
        if layout
        else (f"{display(place)}: is a folder, not a manifest; {remedy}")
    )


def folder_remedy(data_dir: str | os.PathLike[str]) -> str:
    """Return what is wrong with a place that is to be a folder of classes, or "" if it may be one."""
    place = Path(data_dir).expanduser()
    if not os.fspath(data_dir):
        return "--data_dir is empty: give the folder that holds a folder for each class"
    if not place.exists():
        return f"{display(place)}: no such folder; give --data_dir the folder that holds a folder for each class"
    layout = layout_of(place)
    if not place.is_dir():
        remedy = _REMEDIES[MANIFEST] if layout == MANIFEST else "is a file; give the folder that holds class folders"
        return f"{display(place)}: {remedy}"
    return f"{display(place)}: {_REMEDIES[layout]}" if layout in (IRMAS, OPENMIC) else ""
