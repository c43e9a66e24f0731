"""Which Keras wrote a model file, told without Keras."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from irmas_tf.process.bounded_json import MOST_BYTES, BoundedJsonError, parse_json
from irmas_tf.process.bounded_zip import bounded_zip, read_member

_VERSIONS_FILE = "versions.json"


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version ("3.15.1" -> (3, 15, 1))."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, match.group().split("."))) if match else ()


def _value(text: bytes, key: str) -> str | None:
    """Return a string of a JSON object, or None."""
    try:
        facts: Any = parse_json(text, key)
    except BoundedJsonError:
        return None
    value = facts.get(key) if isinstance(facts, dict) else None
    return value if isinstance(value, str) else None


def written_by_keras(model_path: str | os.PathLike[str]) -> str | None:
    """Return the version of Keras that wrote a ``.keras`` file; None if neither it nor its run's versions.json says."""
    path = Path(model_path)
    try:
        with bounded_zip(path) as archive:
            version = _value(read_member(archive, "metadata.json", MOST_BYTES), "keras_version")
    except (OSError, KeyError, ValueError):
        version = None
    if version is None:
        try:
            version = _value((path.parent / _VERSIONS_FILE).read_bytes(), "keras")
        except OSError:
            return None
    return version


def newer_keras(model_path: str | os.PathLike[str]) -> str | None:
    """Return what to tell a user whose ``.keras`` file cannot be loaded because a newer Keras wrote it; else None.

    Args:
        model_path: the file; the run's versions.json lies beside it.
    """
    version = written_by_keras(model_path)
    if version is None:
        return None
    import importlib.metadata

    try:
        installed = importlib.metadata.version("keras")
    except importlib.metadata.PackageNotFoundError:
        return None
    if _release(version) <= _release(installed):
        return None
    return f"Keras {version} wrote it and {installed} is installed; pip install 'keras>={version}'"
