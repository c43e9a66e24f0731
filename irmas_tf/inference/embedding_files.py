"""Embeddings of audio files, and a file that keeps them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf import __version__
from irmas_tf.audio.walk import Failure
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.clip_means import ClipMean, clip_means
from irmas_tf.inference.window_model import EMBEDDING, WindowModel, require_output
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.csv_cells import ESCAPE, CsvWriter

SUFFIXES = (".npz", ".csv")

Progress = Callable[[Iterable[Any], int | None], Iterable[Any]]
"""Called with results and their number, if it is known; returns them, and shows that time passes."""


@dataclasses.dataclass(frozen=True)
class Embeddings:
    """The embeddings of files, in their order, and what failed.

    Attributes:
        clips: of the files that have one: path, duration, mean over the windows.
        failures: the others, with the reason.
    """

    clips: tuple[ClipMean, ...]
    failures: tuple[Failure, ...]

    @property
    def matrix(self) -> np.ndarray:
        """The embeddings, [clips, width] float32; at least one is needed."""
        return np.stack([clip.mean for clip in self.clips]).astype(np.float32)


def embeddings_file(output: str) -> Path:
    """Return the path of the file to write.

    Raises:
        ConfigError: the name does not say which format, or the folder is not there.
    """
    target = Path(output).expanduser()
    if target.suffix not in SUFFIXES:
        raise ConfigError(f"--output={output}: end the name in .npz (NumPy) or .csv")
    if not target.parent.is_dir():
        raise ConfigError(f"--output={output}: the folder {target.parent} does not exist; make it first")
    return target


def embed_files(
    model: WindowModel,
    paths: Iterable[str | Failure],
    *,
    batch_size: int = 16,
    total: int | None = None,
    progress: Progress | None = None,
) -> Embeddings:
    """Return the embeddings of files, each the mean over its windows.

    Args:
        model: gives embeddings.
        paths: audio files; `irmas_tf.audio.walk.AudioFiles` finds those in folders.
        batch_size: windows the model sees at once.
        total: number of paths, if it is known.
        progress: called with the results and their number, returns them.

    Raises:
        ModelError: the model has no embedding.
    """
    require_output(model, EMBEDDING)
    clips: list[ClipMean] = []
    failures: list[Failure] = []
    with contextlib.closing(clip_means(model, paths, EMBEDDING, batch_size=batch_size)) as results:
        for result in progress(results, total) if progress else results:
            if isinstance(result, Failure):
                failures.append(result)
            else:
                clips.append(result)
    return Embeddings(tuple(clips), tuple(failures))


def write_embeddings(target: Path, embeddings: Embeddings, model: WindowModel, csv_formulas: str = ESCAPE) -> None:
    """Write embeddings, at least one; the file appears when it is complete.

    An ``.npz`` holds ``files`` [n] (text), ``duration_seconds`` [n], ``embeddings`` float32 [n, width] and ``metadata``
    (JSON: network, source of its weights, window). A ``.csv`` has a row per file: file, duration_seconds, e0, e1, ...

    Args:
        target: file to write, of `embeddings_file`.
        embeddings: what to write.
        model: what they are of.
        csv_formulas: one of `irmas_tf.process.csv_cells.FORMULAS`.
    """
    matrix, clips = embeddings.matrix, embeddings.clips
    with atomic_path(target) as temporary:
        if target.suffix == ".csv":
            with open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
                writer = CsvWriter(stream, csv_formulas, line_end="\r\n")
                writer.writerow(["file", "duration_seconds", *(f"e{k}" for k in range(matrix.shape[1]))])
                for clip, row in zip(clips, matrix.tolist(), strict=True):
                    writer.writerow([clip.path, f"{clip.duration_seconds:.3f}", *(f"{value:.8g}" for value in row)])
            return
        metadata = {
            **model.source,
            "sample_rate_hz": model.audio.sample_rate_hz,
            "window_seconds": model.audio.window_seconds,
            "window_hop_seconds": model.audio.window_hop_seconds,
            "irmas_tf": __version__,
        }
        with open(temporary, "wb") as binary:
            np.savez(
                binary,
                files=np.array([clip.path for clip in clips]),
                duration_seconds=np.array([clip.duration_seconds for clip in clips]),
                embeddings=matrix,
                metadata=np.array(json.dumps(metadata)),
            )
