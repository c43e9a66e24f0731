"""A table of scores, a row per clip and a column per class, and the formats that it is written in."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Sequence
from typing import TextIO

import numpy as np

from irmas_tf.config.settings import ConfigError
from irmas_tf.process.atomic_files import atomic_path

CSV, TSV, JSON, NPZ = FORMATS = ("csv", "tsv", "json", "npz")
PATH, NAME, STEM = IDS = ("path", "name", "stem")


@dataclasses.dataclass(frozen=True)
class ScoreTable:
    """Scores of clips.

    Attributes:
        ids: what the clips are called, all different.
        columns: what the classes are called.
        scores: float64 [clips, columns] in [0, 1].
    """

    ids: tuple[str, ...]
    columns: tuple[str, ...]
    scores: np.ndarray


def id_of(path: str, kind: str) -> str:
    """Return what a clip is called.

    Args:
        path: its file.
        kind: "path" as it is, "name" of the file, or "stem", the name without its last suffix.
    """
    if kind == PATH:
        return path
    name = path.replace("\\", "/").rpartition("/")[2]
    stem, dot, _ = name.rpartition(".")
    return stem if kind == STEM and dot and stem else name


def write_text_table(
    stream: TextIO, table: ScoreTable, format: str, *, decimals: int = 6, header: bool = True, id_column: str = "file"
) -> None:
    """Write a table as text.

    ``csv`` and ``tsv``: the identifier, then the scores; the first row names the columns if ``header`` is given.
    ``json``: ``{"columns": [...], "clips": [{"id": ..., "scores": [...]}, ...]}``.

    Args:
        stream: where to.
        table: what.
        format: "csv", "tsv" or "json".
        decimals: of the scores.
        header: whether the first row names the columns.
        id_column: what it calls the column of identifiers.
    """
    if format == JSON:
        clips = [
            {"id": name, "scores": [round(score, decimals) for score in row]}
            for name, row in zip(table.ids, table.scores.tolist(), strict=True)
        ]
        stream.write(json.dumps({"columns": list(table.columns), "clips": clips}, indent=1) + "\n")
        return
    writer = csv.writer(stream, delimiter="\t" if format == TSV else ",", lineterminator="\n")
    if header:
        writer.writerow([id_column, *table.columns])
    for name, row in zip(table.ids, table.scores.tolist(), strict=True):
        writer.writerow([name, *(f"{score:.{decimals}f}" for score in row)])


def write_arrays(path: str, table: ScoreTable) -> None:
    """Write a table as an .npz file, atomically: ids and columns (text), scores float32 [clips, columns]."""
    with atomic_path(path) as temporary:
        with open(temporary, "wb") as file:
            np.savez(
                file,
                ids=np.array(table.ids, np.str_),
                columns=np.array(table.columns, np.str_),
                scores=table.scores.astype(np.float32),
            )


def repeated_id(ids: Sequence[str], kind: str) -> ConfigError:
    """Return the error for two clips that are called the same; the last of ``ids`` is the second."""
    remedy = "leave one out" if kind == PATH else f"--ids={PATH} tells them apart"
    return ConfigError(f"--ids={kind}: two clips are called {ids[-1]!r}; {remedy}")
