"""A folder of noise recordings, decoded once into one array that the training step cuts its pieces from.

The array never holds more than 2^24 samples (64 MiB; 12 minutes at 22,050 Hz), so that it fits on any device and
places in it are exact in float32. A folder with more is used from the beginnings of its files, in equal shares, what a
short file leaves going to the others. The same files give the same array, in whatever order they are decoded.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from irmas_tf.audio.decode import AudioError, audio_info, iter_blocks
from irmas_tf.audio.sound_file import unusable
from irmas_tf.audio.walk import noun_of_other
from irmas_tf.datasets.irmas_layout import DataError, display, walk_files
from irmas_tf.process.ordered_threads import shared_threads

MAX_SAMPLES = 1 << 24
_KEPT_FOLDERS = 2  # of noise, and of backing


@dataclasses.dataclass(frozen=True)
class NoiseBank:
    """Recordings one after the other.

    Attributes:
        samples: float32 [n], mono at the model's rate.
        starts, lengths: float32 [recordings], whole numbers.
        names: path of each recording below the folder, sorted.
    """

    samples: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    names: tuple[str, ...]


_kept: dict[tuple[object, ...], NoiseBank] = {}


def load_noise_folder(
    folder: str | os.PathLike[str], sample_rate_hz: int, *, threads: int = 0, flag: str = "noise_dir"
) -> NoiseBank:
    """Return the recordings of a folder and its subfolders; the last folders' are kept for the next call.

    Recordings of nothing but zeros are left out.

    Args:
        folder: where the audio files are.
        sample_rate_hz: rate they are resampled to.
        threads: parallel decodes; 0 is one for each CPU.
        flag: which gave the folder, for messages.

    Raises:
        DataError: not a folder that can be read, no audio in it, or files that cannot be used; the message names them.
    """
    root = Path(folder)
    shown = f"--{flag}={display(root)}"
    paths = _audio_files(root, shown)
    statuses = [os.stat(path) for path in paths]
    key = (sample_rate_hz, *((str(p), s.st_size, s.st_mtime_ns) for p, s in zip(paths, statuses, strict=True)))
    if key not in _kept:
        bank = _load(root, paths, sample_rate_hz, threads, shown)
        while len(_kept) >= _KEPT_FOLDERS:
            del _kept[next(iter(_kept))]
        _kept[key] = bank
    return _kept[key]


def _audio_files(root: Path, shown: str) -> list[Path]:
    if not root.is_dir():
        problem = "is not a folder" if root.exists() else "does not exist"
        raise DataError(f"{shown}: {problem}; give a folder of audio files")
    if not os.access(root, os.R_OK | os.X_OK):
        raise DataError(f"{shown}: cannot be read (permission denied)")
    paths = sorted(path for path in walk_files(root) if not noun_of_other(path))
    if not paths:
        raise DataError(f"{shown}: holds no audio files, nor do its subfolders")
    return paths


def _load(root: Path, paths: Sequence[Path], sample_rate_hz: int, threads: int, shown: str) -> NoiseBank:
    pool, errors = shared_threads(threads), []

    def expected_samples(path: Path) -> int | AudioError:
        try:
            return max(1, round(audio_info(path).duration_seconds * sample_rate_hz))
        except AudioError as error:
            return error

    def decode_beginning(task: tuple[Path, int]) -> np.ndarray | AudioError:
        try:
            return _beginning(task[0], sample_rate_hz, task[1])
        except AudioError as error:
            return error

    lengths: list[int] = []
    for length in pool.map(expected_samples, paths):
        if isinstance(length, AudioError):
            errors.append(length)
        else:
            lengths.append(length)
    recordings: list[np.ndarray] = []
    if not errors:
        tasks = zip(paths, equal_shares(lengths, MAX_SAMPLES), strict=True)
        for recording in pool.map(decode_beginning, tasks):
            if isinstance(recording, AudioError):
                errors.append(recording)
            else:
                recordings.append(recording)
    if errors:
        raise DataError(f"{shown}: {unusable(errors, len(paths))}")
    heard = [(path, recording) for path, recording in zip(paths, recordings, strict=True) if np.any(recording)]
    if not heard:
        raise DataError(f"{shown}: all {len(paths)} files are silent; give recordings that can be heard")
    sizes = np.array([len(recording) for _, recording in heard])
    return NoiseBank(
        samples=np.concatenate([recording for _, recording in heard]),
        starts=(np.cumsum(sizes) - sizes).astype(np.float32),
        lengths=sizes.astype(np.float32),
        names=tuple(path.relative_to(root).as_posix() for path, _ in heard),
    )


def _beginning(path: Path, sample_rate_hz: int, samples: int) -> np.ndarray:
    """Return at most the first ``samples`` samples; what follows is not decoded."""
    blocks: list[np.ndarray] = []
    missing = samples
    for block in iter_blocks(path, sample_rate_hz):
        blocks.append(block[:missing])
        missing -= len(blocks[-1])
        if missing == 0:
            break
    return np.concatenate(blocks)


def equal_shares(lengths: Sequence[int], total: int) -> list[int]:
    """Return how much to take of each length so that it is no more than ``total``, as equally as the lengths allow."""
    shares = [0] * len(lengths)
    for position, index in enumerate(sorted(range(len(lengths)), key=lambda i: lengths[i])):
        shares[index] = min(lengths[index], total // (len(lengths) - position))
        total -= shares[index]
    return shares
