"""Content identifiers of files (SHA-1 of the bytes), with a cache so that a large data set is read only once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.process.atomic_files import write_text_atomic
from irmas_tf.process.cache_folder import cache_folder
from irmas_tf.process.checksums import new_digest
from irmas_tf.process.garbage import no_collection
from irmas_tf.process.ordered_threads import shared_threads
from irmas_tf.process.threads_where_slow import map_shares

_THREADS = 4
_BYTES_AT_ONCE = 1 << 20  # of a thread: handing over small files one by one would take longer than reading them
_FILES_AT_ONCE = 64
_PIECE_BYTES = 1 << 16
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)


def _cache_path(root: str) -> Path:
    # One small file per data set, so that data sets neither slow each other down nor evict each other.
    return cache_folder() / f"content_ids-{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}.json"


def hash_file(path: Path) -> str:
    """Return the SHA-1 of a file's bytes, in hexadecimal.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        descriptor = os.open(path, _READ)  # of small files, making a file object and its buffer took half of the time
        try:
            digest = new_digest("sha1")
            while piece := os.read(descriptor, _PIECE_BYTES):
                digest.update(piece)
            return digest.hexdigest()
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DataError(
            f"{display(path)}: cannot be read ({error.strerror}); restore the file or remove it from the data directory"
        ) from error


def _real_paths(paths: Sequence[Path]) -> list[str]:
    """Return absolute paths whose folders are no links; each folder is looked at once."""
    real: dict[str, str] = {}  # with a separator at its end
    keys = []
    for path in paths:
        folder, separator, name = os.fspath(path).rpartition(os.sep)
        if folder not in real:
            real[folder] = os.path.join(os.path.realpath(folder or separator or os.curdir), "")
        keys.append(real[folder] + name)
    return keys


def _shares(indices: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """Return the indices of files in pieces of few files or few bytes, in order."""
    shares: list[list[int]] = []
    room = 0
    for index in indices:
        if not shares or len(shares[-1]) == _FILES_AT_ONCE or sizes[index] > room:
            shares.append([])
            room = _BYTES_AT_ONCE
        shares[-1].append(index)
        room -= sizes[index]
    return shares


def _load(path: Path) -> dict[str, list[object]]:
    try:
        stored = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _save(path: Path, cache: dict[str, list[object]]) -> None:
    """Write atomically; a cache folder that cannot be written only costs time, so failures are not errors."""
    with contextlib.suppress(OSError, RuntimeError):
        write_text_atomic(path, json.dumps(cache))


@no_collection()
def content_ids(paths: Sequence[Path], *, root: Path, progress: bool = True) -> list[str]:
    """Return the content identifier of every file, reading only those that changed since the last call.

    Two files have the same identifier exactly if their bytes are the same (the identifier says nothing about audio
    that was re-encoded). A file counts as unchanged if its path, size and modification time in nanoseconds are.

    Args:
        paths: files.
        root: folder the cache is kept for.
        progress: show a bar on stderr when it takes longer than a second.

    Raises:
        DataError: a file cannot be read.
    """
    cache_path = _cache_path(os.path.realpath(root))
    cache = _load(cache_path)
    keys = _real_paths(paths)
    stamps: list[list[int]] = []
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError as error:
            raise DataError(
                f"{display(path)}: cannot be read ({error.strerror}); restore the file or remove the broken link"
            ) from error
        stamps.append([stat.st_size, stat.st_mtime_ns])

    def is_fresh(entry: object, stamp: list[int]) -> bool:
        return isinstance(entry, list) and len(entry) == 3 and entry[:2] == stamp and isinstance(entry[2], str)

    stale = [i for i in range(len(paths)) if not is_fresh(cache.get(keys[i]), stamps[i])]
    if stale:
        from tqdm import tqdm

        shares = _shares(stale, [stamp[0] for stamp in stamps])
        hashes = map_shares(lambda i: hash_file(paths[i]), shares, shared_threads(_THREADS))
        bar = tqdm(desc="hashing", total=len(stale), unit="file", delay=1.0, disable=None if progress else True)
        with bar:
            for share, digests in zip(shares, hashes, strict=True):
                for i, digest in zip(share, digests, strict=True):
                    cache[keys[i]] = [*stamps[i], digest]
                bar.update(len(share))
        # Files that are gone are forgotten here, where the cache is written anyway.
        known = set(keys)
        _save(cache_path, {k: v for k, v in cache.items() if k in known or os.path.exists(k)})
    return [str(cache[key][2]) for key in keys]
