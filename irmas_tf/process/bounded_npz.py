"""Reading .npz archives of unknown origin: an entry must hold what it announces, before memory is asked for it."""

from __future__ import annotations

import math
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.process.bounded_zip import BoundedZipError, bounded_zip

_SUFFIX = ".npy"
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class BoundedNpzError(ValueError):
    """A file is no .npz archive that can be used; the message is a reason, without the path."""


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray[Any, Any]:
    """Return one array.

    Raises:
        BoundedNpzError: the entry is no array of numbers or text, or not of the size that it announces.
    """
    if not info.filename.endswith(_SUFFIX):
        raise BoundedNpzError(f"{info.filename} is not an array")
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise BoundedNpzError(f"{info.filename} has a header of version {version}")
        shape, _, dtype = _HEADERS[version](stream)
        if dtype.hasobject:
            raise BoundedNpzError(f"{info.filename} holds objects")
        announced, found = math.prod(shape) * dtype.itemsize, info.file_size - stream.tell()
        if announced != found:
            raise BoundedNpzError(f"{info.filename} announces {announced} bytes and has {found}")
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)


def read_npz(path: str | os.PathLike[str], *, max_bytes: int | None = None) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of an archive by their names, in its order.

    Args:
        path: the archive.
        max_bytes: most that its entries may hold together. None: as many as the archive has itself, not compressed.

    Raises:
        BoundedNpzError: it is damaged, holds something else than arrays of numbers or text, or too much.
    """
    try:
        with bounded_zip(path) as archive:
            entries = archive.infolist()
            if max_bytes is None:
                max_bytes = Path(path).stat().st_size
                if any(info.compress_type != zipfile.ZIP_STORED for info in entries):
                    raise BoundedNpzError("it is compressed")
            total = sum(info.file_size for info in entries)
            if total > max_bytes:
                raise BoundedNpzError(f"it holds {total} bytes, {max_bytes} at most are read")
            return {info.filename.removesuffix(_SUFFIX): _read_array(archive, info) for info in entries}
    except BoundedNpzError:
        raise
    except BoundedZipError as error:
        raise BoundedNpzError(error.reason) from error
    except Exception as error:  # damaged entries raise what tokenize and NumPy come up with
        raise BoundedNpzError(str(error) or type(error).__name__) from error
