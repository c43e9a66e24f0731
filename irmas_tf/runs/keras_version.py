"""Which Keras wrote a model file, told without Keras."""

from __future__ import annotations

import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

_VERSIONS_FILE = "versions.json"


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version ("3.15.1" -> (3, 15, 1))."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, match.group().split("."))) if match else ()


def _value(text: str | bytes, key: str) -> str | None:
    """Return a string of a JSON object, or None."""
    try:
        facts: Any = json.loads(text)
    except ValueError:
        return None
    value = facts.get(key) if isinstance(facts, dict) else None
    return value if isinstance(value, str) else None


def written_by_keras(model_path: str | os.PathLike[str]) -> str | None:
    """Return the version of Keras that wrote a ``.keras`` file; None if neither it nor its run's versions.json says."""
    path = Path(model_path)
    try:
        with zipfile.ZipFile(path) as archive:
            version = _value(archive.read("metadata.json"), "keras_version")
    except (OSError, KeyError, zipfile.BadZipFile):
        version = None
    if version is None:
        try:
            version = _value((path.parent / _VERSIONS_FILE).read_text(encoding="utf-8"), "keras")
        except (OSError, UnicodeDecodeError):
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
