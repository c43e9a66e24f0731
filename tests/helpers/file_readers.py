"""A reader of files that a user may give: how to make a good one, and the call that reads it."""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

LITERT, KERAS = "litert", "keras"


@dataclasses.dataclass(frozen=True)
class Reader:
    """A reader.

    Attributes:
        make: writes a good file, and what belongs beside it, into an empty folder; returns the file.
        read: reads it; raises a `ValueError` of the package's own, or an `OSError` of the file.
        needs: what has to be imported, which is slow: "", `LITERT` or `KERAS`.
        says: what a refusal may name in place of the file.
        refuses: the good file, too, is an error to tell.
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], Any]
    needs: str = ""
    says: tuple[str, ...] = ()
    refuses: bool = False


def text_file(name: str, content: str) -> Callable[[Path], Path]:
    """Return what writes such a file into a folder."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    return make


def json_file(name: str, value: Any) -> Callable[[Path], Path]:
    """Return what writes such a JSON file into a folder."""
    return text_file(name, json.dumps(value, indent=1, ensure_ascii=False))


def calling(place: str, *arguments: Any) -> Callable[[Path], Any]:
    """Return what imports a function, ``module:name``, and calls it with a path and further arguments."""
    module, name = place.split(":")
    return lambda path: getattr(importlib.import_module(module), name)(path, *arguments)
