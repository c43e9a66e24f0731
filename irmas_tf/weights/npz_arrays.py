"""Reading .npz archives of unknown origin: an entry must hold what it announces, before memory is asked for it."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np

from irmas_tf.models.weight_table import Array, WeightsError

_SUFFIX = ".npy"
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    """Return one array.

    Raises:
        WeightsError: the entry is no array of numbers or text, or not of the size that it announces.
    """
    if not info.filename.endswith(_SUFFIX):
        raise WeightsError(f"{info.filename} is not an array")
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise WeightsError(f"{info.filename} has a header of version {version}")
        shape, _, dtype = _HEADERS[version](stream)
        if dtype.hasobject:
            raise WeightsError(f"{info.filename} holds objects")
        announced, found = math.prod(shape) * dtype.itemsize, info.file_size - stream.tell()
        if announced != found:
            raise WeightsError(f"{info.filename} announces {announced} bytes and has {found}")
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)


def read_npz(path: Path, *, max_bytes: int | None = None) -> dict[str, Array]:
    """Return the arrays of an archive by their names, in its order.

    Args:
        path: the archive.
        max_bytes: most that its entries may hold together. None: as many as the archive has itself, not compressed.

    Raises:
        WeightsError: it is damaged, holds something else than arrays of numbers or text, or too much. The message is a
            reason, without the path.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if max_bytes is None:
                max_bytes = path.stat().st_size
                if any(info.compress_type != zipfile.ZIP_STORED for info in entries):
                    raise WeightsError("it is compressed")
            total = sum(info.file_size for info in entries)
            if total > max_bytes:
                raise WeightsError(f"it holds {total} bytes, {max_bytes} at most are read")
            return {info.filename.removesuffix(_SUFFIX): _read_array(archive, info) for info in entries}
    except WeightsError:
        raise
    except Exception as error:  # damaged archives raise what zipfile, zlib, tokenize and NumPy come up with
        raise WeightsError(str(error) or type(error).__name__) from error
