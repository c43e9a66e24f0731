"""What a folder holds, file by file, told apart from what differs between two undisturbed runs of a command.

A fingerprint is a checksum of what a file says: arrays and not the time stamps of the archive around them, JSON without
seconds and dates. A file that its reader cannot read to the end is `HALF`.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HALF = "half"
# Measured times, names made at random, checksums of .keras files, which hold the time they were written at.
_VOLATILE = re.compile(
    r"seconds$|^excerpts_per_second|time|date|created|^versions?$|uuid|host|^model_sha256|^keras_sha"
)
_DATES = re.compile(rb"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?")
_APPENDED = ("train.log",)  # grow line by line, so that any beginning is whole
_TABLES_OF_TIMES = ("history.csv",)


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name below ``folder``, path) of every file, and of every empty folder with a / after its name.

    TensorBoard's files, whose names hold the time, share one.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if "tfevents" in path.name:
            name = f"{path.parent.relative_to(folder).as_posix()}/tfevents"
        if path.is_symlink() or path.is_file():
            yield name, path
        elif path.is_dir() and not any(path.iterdir()):
            yield name + "/", path


def fingerprints(folder: Path, room: Path) -> dict[str, str]:
    """Return the fingerprint of every file below a folder, by name.

    Args:
        folder: need not exist.
        room: a path that is another one in every attempt, and may be part of what files say.
    """
    return {name: "" if name.endswith("/") else fingerprint(path, str(room)) for name, path in files_in(folder)}


def fingerprint(path: Path, room: str = "") -> str:
    """Return a checksum of what a file says, or `HALF` if it cannot be read to the end."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "gone"
    try:
        if "tfevents" in path.name or path.name in _APPENDED:
            return "appended"
        if path.name == "model.keras":
            return _digest(content)  # the same weights are the same file
        if path.suffix == ".keras":
            return _of_keras(content)
        if path.suffix == ".npz":
            return _of_npz(content)
        if path.suffix == ".json":
            return _of_json(content.replace(room.encode(), b""))
        if path.name in _TABLES_OF_TIMES:
            return _of_table(content)
        if path.suffix in (".tflite", ".onnx", ".zip") or content[:4] == b"PK\3\4":
            return _of_archive_behind(content, room)
        if path.name == "variables.index":
            return _of_variables(path)
        if path.name.startswith("variables.data"):
            return "with its index" if content else HALF
        if path.name in ("saved_model.pb", "fingerprint.pb", "keras_metadata.pb"):
            return "graph" if content else HALF  # numbered anew in every process; the check after it opens it
        if path.suffix in (".html", ".svg", ".txt", ".csv", ".md"):
            return _digest(_DATES.sub(b"", content.replace(room.encode(), b"")))
        return _digest(content) if content or path.suffix in ("", ".lock") else HALF
    except Exception:
        return HALF


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]


def _of_arrays(arrays: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        value = np.asarray(arrays[name])
        digest.update(f"{name} {value.dtype} {value.shape}".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()[:24]


def _of_npz(content: bytes) -> str:
    with np.load(io.BytesIO(content)) as file:
        arrays = {name: file[name] for name in file.files}
    for name, value in arrays.items():
        if name == "state.json" or (value.ndim == 0 and value.dtype.kind == "U"):
            text = value.tobytes().decode() if value.dtype.kind != "U" else str(value)
            arrays[name] = np.array(json.dumps(_steady(json.loads(text), name)))
    return _of_arrays(arrays)


def weights_of(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a .keras file by name."""
    import h5py

    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.testzip() is not None:
            raise ValueError("damaged")
        json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:

            def visit(name: str, item: Any) -> None:
                if isinstance(item, h5py.Dataset):
                    arrays[name] = item[()]

            file.visititems(visit)
    return arrays


def _of_keras(content: bytes) -> str:
    return _of_arrays(weights_of(content))


def _of_json(content: bytes) -> str:
    """Of JSON, or of a file with an object per line."""
    try:
        values = [json.loads(content)]
    except ValueError:
        values = [json.loads(line) for line in content.splitlines()]
    return _digest(json.dumps([_steady(value) for value in values]).encode()) if values else HALF


def _of_variables(path: Path) -> str:
    """Of a SavedModel's variables, which TensorFlow's reader reads without computing anything."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(path).removesuffix(".index"))
    names = [name for name in reader.get_variable_to_shape_map() if not name.startswith("_")]
    return _of_arrays({name: reader.get_tensor(name) for name in names})


def _of_table(content: bytes) -> str:
    rows = [line.split(",") for line in content.decode().splitlines()]
    kept = [index for index, name in enumerate(rows[0]) if not _VOLATILE.search(name)]
    if any(len(row) != len(rows[0]) for row in rows):
        return HALF
    return _digest(repr([[row[index] for index in kept] for row in rows]).encode())


def _of_archive_behind(content: bytes, room: str) -> str:
    """Of a file with a zip archive in or after it: the bytes before, and what the members say."""
    if b"PK\5\6" not in content[-70000:]:
        return _digest(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.testzip() is not None:
            return HALF
        start = min((info.header_offset for info in archive.infolist()), default=0)
        digest = hashlib.sha256(content[:start])
        for info in archive.infolist():
            inner = archive.read(info)
            if info.filename.endswith(".json"):
                inner = _of_json(inner.replace(room.encode(), b"")).encode()
            digest.update(info.filename.encode() + inner)
    return digest.hexdigest()[:24]


def _steady(value: Any, name: str = "") -> Any:
    """Return JSON without what is measured anew in every run.

    What is kept of the model before the present one depends on where a training was interrupted, and is left out.
    """
    if isinstance(value, dict):
        earlier = {"before"} if "model_sha256" in value else set()
        kept = {key: item for key, item in value.items() if key not in earlier and not _VOLATILE.search(str(key))}
        return {key: _steady(item[:1] if key == "models" else item, key) for key, item in kept.items()}
    if isinstance(value, list):
        return [_steady(item, name) for item in value]
    return value
