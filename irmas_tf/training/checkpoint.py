"""Resumable training state in one .npz file, whole or absent whenever the process is killed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.bounded_json import parse_json
from irmas_tf.process.bounded_npz import read_npz

_FORMAT = 1
_STATE = "state.json"
_NAME = re.compile(r"checkpoint-(\d{6,})\.npz")
_KEPT = 2  # the newest, and one more in case the disk spoils it


class CheckpointError(ValueError):
    """A checkpoint does not fit the model; the message names the file and the remedy."""


class CheckpointStore:
    """The checkpoints of one run: numbered files, of which the newest readable one counts.

    A file holds the values of groups of variables, and a JSON-ready dict for all that is not a variable.

    Args:
        folder: made at the first `save`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def paths(self) -> list[Path]:
        """Return the checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(p for p in self.folder.iterdir() if _NAME.fullmatch(p.name))

    def save(self, groups: Mapping[str, Sequence[Any]], state: dict[str, Any]) -> Path:
        """Write a new checkpoint, then drop old ones; the previous one stays until the new one is complete.

        Args:
            groups: name -> variables (anything with ``.numpy()``), whose order identifies them.
            state: JSON-ready; floats come back exactly.
        """
        arrays = {
            f"{group}/{index:05d}": np.asarray(variable.numpy())
            for group, variables in groups.items()
            for index, variable in enumerate(variables)
        }
        text = json.dumps({"format": _FORMAT, "state": state})
        arrays[_STATE] = np.frombuffer(text.encode(), np.uint8)
        old = self.paths()
        number = int(old[-1].stem.split("-")[1]) + 1 if old else 0
        path = self.folder / f"checkpoint-{number:06d}.npz"
        with atomic_path(path) as temporary:
            np.savez(temporary, **arrays)  # type: ignore[arg-type]
        for stale in old[: len(old) + 1 - _KEPT]:
            stale.unlink(missing_ok=True)
        return path

    def load(self) -> Checkpoint | None:
        """Return the newest checkpoint that can be read, or None; unreadable ones are named on stderr."""
        for path in reversed(self.paths()):
            try:
                arrays = read_npz(path)
                text = arrays.pop(_STATE).tobytes()  # as long as the data set is large
                content = parse_json(text, _STATE, most_bytes=len(text), most_items=len(text), with_nan=True)
                if content["format"] != _FORMAT:
                    raise ValueError(f"format {content['format']} is not {_FORMAT}")
                return Checkpoint(path, arrays, content["state"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                print(f"warning: {path} cannot be read ({error}); trying the one before it", file=sys.stderr)
        return None


class Checkpoint:
    """What `CheckpointStore.load` found: ``path``, ``state``, and the values of the variables."""

    def __init__(self, path: Path, arrays: dict[str, np.ndarray], state: dict[str, Any]) -> None:
        self.path = path
        self.state = state
        self._arrays = arrays

    def restore(self, groups: Mapping[str, Sequence[Any]]) -> None:
        """Assign the values to variables, given in the order of `CheckpointStore.save`; nothing changes on an error.

        Raises:
            CheckpointError: number, shape or type of the variables differ.
        """
        expected = {f"{group}/{i:05d}": v for group, variables in groups.items() for i, v in enumerate(variables)}
        same = expected.keys() == self._arrays.keys() and all(
            tuple(v.shape) == self._arrays[k].shape and np.dtype(_dtype_name(v)) == self._arrays[k].dtype
            for k, v in expected.items()
        )
        if not same:
            raise CheckpointError(
                f"{self.path}: holds other variables than this model and optimizer;"
                " was it written by another version? Start a new --run_dir"
            )
        for key, variable in expected.items():
            variable.assign(self._arrays[key])


def _dtype_name(variable: Any) -> str:
    return variable.dtype if isinstance(variable.dtype, str) else variable.dtype.name
