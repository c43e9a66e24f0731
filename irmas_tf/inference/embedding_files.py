"""From a network and a list of paths to a file of embeddings: the work of the embed command."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from irmas_tf import __version__
from irmas_tf.audio.walk import AudioFiles, Failure
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.answers import printable
from irmas_tf.inference.clip_means import ClipMean, clip_means
from irmas_tf.inference.embedding import WindowEmbedder
from irmas_tf.process.atomic_files import atomic_path

SUFFIXES = (".npz", ".csv")


@dataclasses.dataclass(frozen=True)
class Tally:
    """How many files got an embedding, and how many did not."""

    embedded: int
    failed: int


def check_output(output: str) -> Path:
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


def embed_clips(
    embedder: WindowEmbedder, paths: Iterable[str | Failure], *, batch_size: int = 16, total: int | None = None
) -> tuple[list[ClipMean], list[Failure]]:
    """Return the embeddings of clips, the mean over their windows, in the order of the paths; and what failed.

    Args:
        embedder: the network.
        paths: audio files.
        batch_size: windows the network sees at once.
        total: number of paths for the progress bar, if it is known.
    """
    found: list[ClipMean] = []
    failures: list[Failure] = []
    with contextlib.closing(clip_means(embedder, paths, batch_size=batch_size)) as results:
        for result in tqdm(results, desc="embedding", unit="file", total=total, disable=None):
            if isinstance(result, Failure):
                failures.append(result)
                tqdm.write(f"error: {printable(result.path)}: {printable(result.reason)}", file=sys.stderr)
            else:
                found.append(result)
    return found, failures


def embed_files(embedder: WindowEmbedder, paths: list[str], output: str, *, batch_size: int = 16) -> Tally:
    """Write the embeddings of audio files and folders; the file appears when it is complete.

    An ``.npz`` holds ``files`` [n] (text), ``duration_seconds`` [n], ``embeddings`` float32 [n, width] and ``metadata``
    (JSON: network, source of its weights, window). A ``.csv`` has a row per file: file, duration_seconds, e0, e1, ...

    Args:
        embedder: the network.
        paths: files and folders; see `AudioFiles`.
        output: file to write.
        batch_size: windows the network sees at once.

    Raises:
        ConfigError: the output cannot be written.
    """
    target = check_output(output)
    files = AudioFiles(paths)
    clips, failures = embed_clips(embedder, files, batch_size=batch_size, total=files.total)
    if clips:
        write_embeddings(target, clips, embedder)
    return Tally(len(clips), len(failures))


def write_embeddings(target: Path, clips: list[ClipMean], embedder: WindowEmbedder) -> None:
    """Write embeddings as `embed_files` says."""
    embeddings = np.stack([clip.mean for clip in clips]).astype(np.float32)
    with atomic_path(target) as temporary:
        if target.suffix == ".csv":
            with open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(["file", "duration_seconds", *(f"e{k}" for k in range(embedder.width))])
                for clip, row in zip(clips, embeddings.tolist(), strict=True):
                    writer.writerow([clip.path, f"{clip.duration_seconds:.3f}", *(f"{value:.8g}" for value in row)])
            return
        metadata = {
            **embedder.source,
            "sample_rate_hz": embedder.audio.sample_rate_hz,
            "window_seconds": embedder.audio.window_seconds,
            "window_hop_seconds": embedder.audio.window_hop_seconds,
            "irmas_tf": __version__,
        }
        with open(temporary, "wb") as binary:
            np.savez(
                binary,
                files=np.array([clip.path for clip in clips]),
                duration_seconds=np.array([clip.duration_seconds for clip in clips]),
                embeddings=embeddings,
                metadata=np.array(json.dumps(metadata)),
            )
