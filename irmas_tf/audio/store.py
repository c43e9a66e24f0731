"""Decoded excerpts kept between epochs: 16-bit samples at the model's rate, in memory or in one file on disk.

Every excerpt is scaled so that its peak is 32767, and its scale is kept beside it: rounding stays 90 dB or more below
the peak whatever the level, and nothing clips. 6,705 excerpts of 3 s at 22.05 kHz take 0.89 GB.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from irmas_tf.audio.decoders import Decoder
from irmas_tf.audio.sound_file import AudioError, unusable
from irmas_tf.process.atomic_files import atomic_path, write_text_atomic
from irmas_tf.process.bounded_json import read_json
from irmas_tf.process.held_temporary import remove_leftovers
from irmas_tf.process.ordered_threads import OrderedThreads

_FORMAT_VERSION = 2  # part of the key of a disk store: raise it when decoded samples change
_KEPT_DISK_STORES = 4  # in one folder: the sides of two splits


@dataclasses.dataclass(frozen=True)
class StoredAudio:
    """One decoded excerpt: samples int16 [samples] and their factor to full scale 1.0."""

    samples: np.ndarray
    scale: np.float32

    def __len__(self) -> int:
        return len(self.samples)

    def read_into(self, out: np.ndarray, start: int = 0) -> None:
        """Fill float32 ``out`` with the samples from ``start`` on, and zeros after the end."""
        samples = self.samples[start : start + len(out)]
        np.copyto(out[: len(samples)], samples)
        out[: len(samples)] *= self.scale
        out[len(samples) :] = 0.0


def quantize(waveform: np.ndarray) -> StoredAudio:
    """Return float32 [samples] as 16-bit samples with a scale."""
    peak = np.float32(max(waveform.max(initial=0.0), -waveform.min(initial=0.0)))
    if peak < np.finfo(np.float32).tiny * 65536:  # silence, or so close to it that the division would overflow
        return StoredAudio(np.zeros(len(waveform), np.int16), np.float32(1.0))
    scaled = waveform * (np.float32(32767.0) / peak)
    return StoredAudio(np.rint(scaled, out=scaled).astype(np.int16), peak / np.float32(32767.0))


DecodeAll = Callable[[Sequence[str]], Iterable[StoredAudio | AudioError]]
"""Takes files, and gives each as it is to be kept, or what is wrong with it, in order."""


def decode_or_error(path: str, decoder: Decoder) -> StoredAudio | AudioError:
    """Return a file as it is to be kept, or what is wrong with it."""
    try:
        return quantize(decoder(path))
    except AudioError as error:
        return error


def decode_on_threads(decoder: Decoder, pool: OrderedThreads) -> DecodeAll:
    """Return what decodes any number of files on threads."""
    return lambda paths: pool.map(lambda path: decode_or_error(path, decoder), paths)


class AudioStore:
    """Decoded excerpts by index. Build one with `in_memory` or `on_disk`.

    Args:
        items: the excerpts, in the order of the paths.
    """

    def __init__(self, items: Sequence[StoredAudio]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> StoredAudio:
        return self._items[index]

    @property
    def nbytes(self) -> int:
        """Bytes of all samples."""
        return sum(item.samples.nbytes for item in self._items)

    @classmethod
    def in_memory(cls, paths: Sequence[str], decode_all: DecodeAll) -> AudioStore:
        """Decode the files and keep them in memory.

        Raises:
            AudioError: files cannot be decoded; the message names up to ten of them.
        """
        items: list[StoredAudio] = []
        _keep_all(paths, decode_all, items.append)
        return cls(items)

    @classmethod
    def on_disk(
        cls,
        paths: Sequence[str],
        sample_rate_hz: int,
        decoder_name: str,
        decode_all: DecodeAll,
        folder: str,
    ) -> AudioStore:
        """Decode the files into one file in ``folder``, or use the one that is there, and map it into memory.

        The key of a store is each file's path, size and time of change, the rate and the decoder; a store is written
        under a temporary name and only gets its own when it is complete. The folder keeps the four stores used last;
        others are deleted when a new one has been written, and what killed processes left at any time.

        Raises:
            AudioError: files cannot be decoded, or the store cannot be written (disk full, no permission).
        """
        key = _store_key(paths, sample_rate_hz, decoder_name)
        data_path = Path(folder) / f"audio-{key}.int16"
        index_path = data_path.with_suffix(".json")
        remove_leftovers(data_path.parent)
        if not (index_path.exists() and data_path.exists()):
            try:
                Path(folder).mkdir(parents=True, exist_ok=True)
                _write_store(paths, decode_all, data_path, index_path)
                _delete_old_stores(index_path)
            except OSError as error:
                raise AudioError(
                    folder,
                    f"the cache of decoded audio cannot be written ({error.strerror or error}); free some space, choose"
                    " another --cache_dir, or use --cache=memory",
                ) from error
        try:
            index = read_json(index_path)
            with contextlib.suppress(OSError):  # a cache that may only be read
                os.utime(index_path)
            samples = np.memmap(data_path, np.int16, "r") if index["samples"] else np.zeros(0, np.int16)
            lengths = index["lengths"]
            if len(samples) != index["samples"] or len(lengths) != len(paths):
                raise ValueError("sizes do not match")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AudioError(index_path, f"is not a usable cache ({error}); delete it, it will be rebuilt") from error
        ends = np.cumsum(lengths)
        return cls(
            [
                StoredAudio(samples[end - length : end], np.float32(scale))
                for end, length, scale in zip(ends.tolist(), lengths, index["scales"], strict=True)
            ]
        )


def _keep_all(paths: Sequence[str], decode_all: DecodeAll, keep: Callable[[StoredAudio], None]) -> None:
    """Decode the files and hand each to ``keep`` in order; all are tried before the errors are reported."""
    errors: list[AudioError] = []
    # Without a terminal a bar would only fill a log.
    with tqdm(total=len(paths), desc="decoding", unit="file", disable=None if len(paths) > 100 else True) as bar:
        for item in decode_all(paths):
            if isinstance(item, AudioError):
                errors.append(item)
            else:
                keep(item)
            bar.update()
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise AudioError(errors[0].path, f"{errors[0].problem}\n{unusable(errors, len(paths))}")


def _store_key(paths: Sequence[str], sample_rate_hz: int, decoder_name: str) -> str:
    digest = hashlib.sha256(f"{_FORMAT_VERSION} {sample_rate_hz} {decoder_name}".encode())
    for path in paths:
        try:
            status = os.stat(path)
        except OSError as error:
            raise AudioError(path, f"cannot be opened ({error.strerror})") from error
        digest.update(os.fsencode(os.path.abspath(path)) + f"\0{status.st_size} {status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:20]


def _delete_old_stores(newest: Path) -> None:
    """Delete all stores of the folder but the ones used last; a process that has one open keeps its data."""
    indices = [path for path in newest.parent.glob("audio-*.json") if path != newest]
    for index in sorted(indices, key=lambda path: path.stat().st_mtime)[: 1 - _KEPT_DISK_STORES]:
        index.unlink(missing_ok=True)
        index.with_suffix(".int16").unlink(missing_ok=True)


def _write_store(paths: Sequence[str], decode_all: DecodeAll, data_path: Path, index_path: Path) -> None:
    """Write the samples and then the index, whose presence says that both are complete."""
    lengths: list[int] = []
    scales: list[float] = []
    with atomic_path(data_path) as temporary, open(temporary, "wb") as file:

        def keep(item: StoredAudio) -> None:
            file.write(item.samples.tobytes())
            lengths.append(len(item))
            scales.append(float(item.scale))

        _keep_all(paths, decode_all, keep)
    write_text_atomic(index_path, json.dumps({"samples": sum(lengths), "lengths": lengths, "scales": scales}))
