"""The files of OpenMIC-2018 as they are distributed: labels, partitions, artists; nothing in them is run.

The archive's README speaks of ``partitions/train01.txt``; the archive has ``partitions/split01_train.csv``. Both are
read. ``sample_key`` in ``openmic-2018.npz`` is an array of objects, which NumPy reads with ``allow_pickle=True`` only;
here its texts are read off (`irmas_tf.own_data.object_strings`).
"""

from __future__ import annotations

import dataclasses
import io
import math
import os
import re
import tokenize
import zipfile
from pathlib import Path

import numpy as np

from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.kinds.data_layouts import OPENMIC, layout_of
from irmas_tf.own_data.csv_rows import read_csv
from irmas_tf.own_data.object_strings import texts_of_objects
from irmas_tf.own_data.openmic_classes import CLASSES
from irmas_tf.process.bounded_json import read_json, reason_of
from irmas_tf.process.bounded_text import read_bounded
from irmas_tf.process.bounded_zip import bounded_zip

FOLDER = "openmic-2018"
ARRAYS, TABLE = "openmic-2018.npz", "openmic-2018-aggregated-labels.csv"
METADATA, CLASS_MAP = "openmic-2018-metadata.csv", "class-map.json"
PARTITIONS = {
    "train": ("partitions/split01_train.csv", "partitions/train01.txt"),
    "test": ("partitions/split01_test.csv", "partitions/test01.txt"),
}
_AGAIN = "unpack the archive again"
_KEY = re.compile(r"\d{3,}_\d+", re.ASCII)
_MOST_BYTES = 64 << 20  # of an array that is read; the published ones hold 3 MB
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclasses.dataclass(frozen=True)
class Relevance:
    """What is known of the classes of clips.

    Attributes:
        keys: the clips, such as "000046_3840".
        values: float64 [clips, classes] in [0, 1]: .5 plus or minus half the annotators' confidence; .5 where nothing
            is known.
        known: bool [clips, classes].
        source: name of the file.
    """

    keys: tuple[str, ...]
    values: np.ndarray
    known: np.ndarray
    source: str


@dataclasses.dataclass(frozen=True)
class Recording:
    """Who made the recording that a clip was cut from, by the metadata, and under which licence; "" is not said."""

    artist_id: str
    artist: str
    licence: str


def find_root(data_dir: str | os.PathLike[str]) -> Path:
    """Return the folder that holds the data set: ``data_dir``, or ``openmic-2018`` in it, as the archive unpacks.

    Raises:
        DataError: neither does, or both; the message has the remedy.
    """
    if not os.fspath(data_dir):
        raise DataError(f"--data_dir is empty: give the folder {FOLDER}, or the one that it was unpacked into")
    place = Path(data_dir).expanduser()
    if not place.is_dir():
        what = "is a file" if place.exists() else "no such folder"
        raise DataError(f"{display(place)}: {what}; give the folder {FOLDER}, or fetch it: irmas download openmic")
    roots = [root for root in (place, place / FOLDER) if (root / ARRAYS).is_file() or (root / TABLE).is_file()]
    if len(roots) > 1:
        raise DataError(f"{display(place)}: holds OpenMIC-2018, and so does {FOLDER} in it; name one of the two")
    if not roots:
        layout = layout_of(place)
        remedy = f"it looks like --dataset={layout}" if layout not in ("", OPENMIC) else f"give the folder {FOLDER}"
        raise DataError(f"{display(place)}: holds neither {ARRAYS} nor {TABLE}; {remedy}, or irmas download openmic")
    return roots[0]


def check_class_map(root: Path) -> None:
    """Check that the data set's classes are the twenty that are known, if it says which they are.

    Raises:
        DataError: they are others, or in another order.
    """
    path = root / CLASS_MAP
    if not path.exists():
        return
    try:
        order = read_json(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{display(path)}: cannot be read ({reason_of(error)}); {_AGAIN}") from error
    if order != {code: index for index, code in enumerate(CLASSES)}:
        raise DataError(f"{display(path)}: names other classes than those of OpenMIC-2018, or another order; {_AGAIN}")


def read_relevance(root: Path) -> Relevance:
    """Return the labels: of the arrays, which published work is trained on, or where these are missing of the table.

    Raises:
        DataError: they are missing or damaged.
    """
    return read_arrays(root / ARRAYS) if (root / ARRAYS).is_file() else read_table(root / TABLE)


def read_arrays(path: Path) -> Relevance:
    """Return the labels in ``openmic-2018.npz``; the VGGish features in it are not read.

    Raises:
        DataError: it is damaged, of other shapes, or its keys are something else than texts.
    """
    try:
        with bounded_zip(path) as archive:
            values, known = _array(archive, "Y_true"), _array(archive, "Y_mask")
            keys = _keys(archive)
    except (OSError, ValueError, KeyError, tokenize.TokenError) as error:
        reason = error.args[0] if isinstance(error, KeyError) else getattr(error, "reason", error)
        raise DataError(f"{display(path)}: cannot be used: {reason}; {_AGAIN}") from error
    shape = (len(keys), len(CLASSES))
    if values.shape != shape or known.shape != shape or values.dtype.kind not in "fiu" or known.dtype.kind != "b":
        raise DataError(
            f"{display(path)}: has Y_true {values.dtype} {list(values.shape)} and Y_mask {known.dtype}"
            f" {list(known.shape)} for {len(keys)} keys and {len(CLASSES)} classes; {_AGAIN}"
        )
    return _checked(Relevance(tuple(keys), values.astype(np.float64), known, ARRAYS), path)


def _keys(archive: zipfile.ZipFile) -> list[str]:
    stream = _stream(archive, "sample_key")
    (count, *more), dtype = _header(stream, "sample_key")
    if more:
        raise ValueError("sample_key has more than one axis")
    if dtype.hasobject:
        return texts_of_objects(stream.read(), count)
    return [str(key) for key in _array(archive, "sample_key")]


def _stream(archive: zipfile.ZipFile, name: str) -> io.BytesIO:
    if f"{name}.npy" not in archive.namelist():
        raise ValueError(f"it has no array {name}")
    info = archive.getinfo(f"{name}.npy")
    if info.file_size > _MOST_BYTES:
        raise ValueError(f"{name} holds {info.file_size} bytes, {_MOST_BYTES} at most are read")
    return io.BytesIO(archive.read(info))


def _header(stream: io.BytesIO, name: str) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"{name} has a header of version {version}")
    shape, _, dtype = _HEADERS[version](stream)
    if not shape:
        raise ValueError(f"{name} is a single value")
    return shape, dtype


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    stream = _stream(archive, name)
    shape, dtype = _header(stream, name)
    has = len(stream.getbuffer()) - stream.tell()
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != has:  # before memory is asked for
        raise ValueError(f"{name} announces {dtype} {list(shape)} and has {has} bytes")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


def read_table(path: Path) -> Relevance:
    """Return the labels in ``openmic-2018-aggregated-labels.csv``; of a pair that is named twice, the later row holds.

    Raises:
        DataError: it cannot be read, or names an unknown class or no relevance.
    """
    table = read_csv(path, ("sample_key", "instrument", "relevance"))
    at = [table.header.index(name) for name in ("sample_key", "instrument", "relevance")]
    column = {code: index for index, code in enumerate(CLASSES)}
    rows: dict[str, dict[int, float]] = {}
    for number, cells in table.rows:
        key, name, text = (cells[index].strip() for index in at)
        if (code := name.replace(" ", "_")) not in column:
            raise DataError(f"{display(path)}: row {number} names the class {name!r}; {_AGAIN}")
        try:
            rows.setdefault(key, {})[column[code]] = float(text)
        except ValueError as error:
            raise DataError(f"{display(path)}: row {number} has the relevance {text!r}; {_AGAIN}") from error
    keys = tuple(sorted(rows))
    values = np.full((len(keys), len(CLASSES)), 0.5)
    known = np.zeros(values.shape, bool)
    for index, key in enumerate(keys):
        for k, value in rows[key].items():
            values[index, k], known[index, k] = value, True
    return _checked(Relevance(keys, values, known, TABLE), path)


def _checked(labels: Relevance, path: Path) -> Relevance:
    if not labels.keys:
        raise DataError(f"{display(path)}: names no clip; {_AGAIN}")
    if bad := next((key for key in labels.keys if not _KEY.fullmatch(key)), ""):
        raise DataError(f"{display(path)}: {bad[:60]!r} is no clip, such as 000046_3840; {_AGAIN}")
    if not ((labels.values >= 0) & (labels.values <= 1))[labels.known].all():
        raise DataError(f"{display(path)}: has relevances that are not in 0 ... 1; {_AGAIN}")
    return labels


def read_parts(root: Path) -> dict[str, str]:
    """Return clip -> "train" or "test".

    Raises:
        DataError: a partition is missing, names what is no clip, or a clip is in both.
    """
    part_of: dict[str, str] = {}
    for part, names in PARTITIONS.items():
        paths = [root / name for name in names if (root / name).is_file()]
        if not paths:
            raise DataError(f"{display(root)}: holds no {' or '.join(names)}; {_AGAIN}")
        try:
            lines = read_bounded(paths[0]).decode("utf-8-sig").splitlines()
        except (OSError, ValueError) as error:
            raise DataError(f"{display(paths[0])}: cannot be read ({error}); {_AGAIN}") from error
        for number, line in enumerate(lines, 1):
            key = line.split(",")[0].strip().strip('"')
            if not key or (number == 1 and key == "sample_key"):
                continue
            if not _KEY.fullmatch(key):
                raise DataError(f"{display(paths[0])}: row {number} is {key[:60]!r}, not a clip such as 000046_3840")
            if part_of.setdefault(key, part) != part:
                raise DataError(f"{display(paths[0])}: row {number}, {key}, is in both partitions; {_AGAIN}")
    return part_of


def read_recordings(root: Path) -> dict[str, Recording]:
    """Return clip -> its recording; nothing where there is no metadata.

    Raises:
        DataError: the metadata cannot be read, or lacks a column.
    """
    path = root / METADATA
    if not path.is_file():
        return {}
    table = read_csv(path, ("sample_key", "artist_id", "artist_name"))
    at = [table.header.index(name) for name in ("sample_key", "artist_id", "artist_name")]
    licence = table.header.index("license_title") if "license_title" in table.header else None
    recordings = {}
    for _, cells in table.rows:
        key, artist_id, artist = (cells[index].strip() for index in at)
        recordings[key] = Recording(artist_id, artist, "" if licence is None else cells[licence].strip())
    return recordings
