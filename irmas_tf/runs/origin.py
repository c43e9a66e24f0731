"""What a run began with and learns from beside its data set, and where it was continued: origin.json of its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from irmas_tf.config.run_config import Config
from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.process.bounded_json import read_json, reason_of
from irmas_tf.runs.run_dir import RunDir, RunDirError

INIT_FROM, EXTRA_DATA, CONTINUED = "init_from", "extra_data", "continued"


def origin_path(run: RunDir) -> Path:
    """Return the file; a run that began by itself, with one data set, and was not continued has none."""
    return run.path / "origin.json"


def read_origin(run: RunDir) -> dict[str, Any]:
    """Return what origin.json says; nothing if there is none.

    ``init_from`` has path, sha256, layers, classes and licences of the model that the weights come from, ``extra_data``
    folder, kind and licence of the second data set, ``continued`` a stage of the training for each time that
    ``--epochs`` was raised.

    Raises:
        RunDirError: it is damaged; without the licences nothing may leave the house.
    """
    try:
        origin = read_json(origin_path(run))
        if not isinstance(origin, dict):
            raise ValueError("not an object")
        if not all(isinstance(text, str) for text in _licences_in(origin)):
            raise ValueError("a licence is no text")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = reason_of(error)
        raise RunDirError(f"{origin_path(run)}: is damaged ({reason}); restore it, it names a licence") from error
    return origin


def write_origin(run: RunDir, **facts: Any) -> None:
    """Write down facts beside those that are there."""
    write_json_atomic(origin_path(run), {**read_origin(run), **facts})


def licences_of(run: RunDir, config: Config) -> list[str]:
    """Return what may be done with a run's weights: the terms of its data, then of what they began with.

    Raises:
        RunDirError: origin.json is damaged.
    """
    return list(dict.fromkeys([config.dataset.licence, *_licences_in(read_origin(run))]))


def _licences_in(origin: dict[str, Any]) -> list[str]:
    others = [origin[EXTRA_DATA]["licence"]] if EXTRA_DATA in origin else []
    return [*others, *origin.get(INIT_FROM, {}).get("licences", [])]
