"""Reading the tensors of PyTorch checkpoints without PyTorch, and without running anything in them.

Both formats of ``torch.save``: the zip archive (since 1.6) and the sequence of pickles before it.
"""

from __future__ import annotations

import dataclasses
import io
import math
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from irmas_tf.models.weight_table import Array, WeightsError
from irmas_tf.process.bounded_zip import BoundedZipError, bounded_zip
from irmas_tf.weights.pickle_data import Maker, dictionary, empty, inert, read_pickle
from irmas_tf.weights.state_dicts import StateDict, find_state_dict

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_MAX_PICKLE_BYTES = 64 << 20
_MAX_AXES = 32
# Tensors may share their storage, as tied weights do, but a small file must not ask for much memory that way.
_MAX_SHARING = 4
_BFLOAT16 = "bfloat16"
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": _BFLOAT16,
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}
# Checkpoints also hold the state of samplers and optimisers, options and paths, which are skipped. A class is in this
# list because trainings write it (PyTorch Lightning, Hydra, timm, fairseq); nothing of it is imported either.
_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
_DTYPES = ("float16", "float32", "float64", "bfloat16", "uint8", "int8", "int16", "int32", "int64", "bool")
_ARRAYS = ("numpy.core.multiarray", "numpy._core.multiarray")
_BUILTINS = ("set", "frozenset", "slice", "complex", "range")
_SKIPPED = (
    *((module, name) for module in _ARRAYS for name in ("_reconstruct", "scalar")),
    *(("numpy", name) for name in ("ndarray", "dtype", "float32", "float64", "int32", "int64", "bool_")),
    *((module, name) for module in ("pathlib", "pathlib._local") for name in _PATHS),
    *((module, name) for module in ("builtins", "__builtin__") for name in _BUILTINS),
    *(("torch", name) for name in ("device", "Size", *_DTYPES)),
    *(("datetime", name) for name in ("datetime", "date", "timedelta")),
    *(("omegaconf.base", name) for name in ("ContainerMetadata", "Metadata")),
    *(("omegaconf.nodes", f"{name}Node") for name in ("Any", "Boolean", "Bytes", "Float", "Integer", "Path", "String")),
    ("omegaconf.dictconfig", "DictConfig"),
    ("omegaconf.listconfig", "ListConfig"),
    ("typing", "Any"),
    ("argparse", "Namespace"),
    ("uuid", "UUID"),
    ("_codecs", "encode"),
)  # fmt: skip
_DICTIONARIES = (
    ("collections", "defaultdict"),
    ("collections", "Counter"),
    ("lightning.fabric.utilities.data", "AttributeDict"),
    ("lightning_fabric.utilities.data", "AttributeDict"),
    ("pytorch_lightning.utilities.parsing", "AttributeDict"),
)


@dataclasses.dataclass(frozen=True)
class _Storage:
    """A one-dimensional block of numbers somewhere in the file."""

    dtype: str
    key: str
    length: int

    @property
    def item_bytes(self) -> int:
        """Bytes of one number."""
        return 2 if self.dtype == _BFLOAT16 else np.dtype(self.dtype).itemsize


@dataclasses.dataclass(frozen=True)
class _Tensor:
    """A view of a storage; offset and strides in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _storage(identifier: object) -> _Storage:
    """Return the storage that a persistent id names: ("storage", type, key, device, length, ...)."""
    if not isinstance(identifier, tuple) or len(identifier) < 5 or identifier[0] != "storage":
        raise WeightsError("refers to data that is not a storage")
    _, kind, key, _, length = identifier[:5]
    if not isinstance(key, str):
        raise WeightsError("refers to a storage by what is not text")
    name = getattr(kind, "name", None)
    if name not in _STORAGES:
        raise WeightsError(f"holds a storage of unknown type {name}")
    if not isinstance(length, int) or length < 0:
        raise WeightsError("holds a storage of no valid length")
    return _Storage(_STORAGES[name], key, length)


def _tensor(storage: object, offset: object, shape: object, strides: object, *_: object) -> _Tensor:
    """Stand for ``torch._utils._rebuild_tensor_v2``: note what was wanted, after checking that it lies in the file."""
    if not isinstance(storage, _Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise WeightsError("has a tensor without a storage")
    if len(shape) > _MAX_AXES:
        raise WeightsError(f"has a tensor of {len(shape)} axes")
    numbers = (offset, *shape, *strides)
    if len(shape) != len(strides) or any(not isinstance(n, int) or isinstance(n, bool) or n < 0 for n in numbers):
        raise WeightsError("has a tensor of no valid shape")
    tensor = _Tensor(storage, int(str(offset)), shape, strides)
    last = tensor.offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if math.prod(shape) and last >= storage.length:
        raise WeightsError("has a tensor that reaches beyond its storage")
    if math.prod(shape) > storage.length:
        raise WeightsError("has a tensor larger than its storage")
    return tensor


def _parameter(data: object, *_: object) -> object:
    return data


_MAKERS: dict[tuple[str, str], Maker] = {
    ("collections", "OrderedDict"): dictionary,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    **{("torch", name): inert for name in _STORAGES},
    **dict.fromkeys(_SKIPPED, inert),
    **dict.fromkeys(_DICTIONARIES, empty),
}


def _array(tensor: _Tensor, read: Callable[[_Storage], bytes]) -> Array:
    """Return a copy of a tensor's numbers."""
    data = read(tensor.storage)
    if tensor.storage.dtype == _BFLOAT16:
        flat: Array = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        flat = np.frombuffer(data, tensor.storage.dtype)
    if len(flat) != tensor.storage.length:
        raise WeightsError(f"storage {tensor.storage.key} is cut off")
    strides = tuple(stride * flat.itemsize for stride in tensor.strides)
    # Bounds were checked when the tensor was read.
    view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, strides, writeable=False)
    return np.array(view)


def _tensors(checkpoint: object, total_bytes: int) -> StateDict:
    """Return the state dict in a checkpoint, its tensors as `_Tensor`, in a file of ``total_bytes``."""
    state = find_state_dict(checkpoint, lambda value: isinstance(value, _Tensor))
    if sum(math.prod(x.shape) * x.storage.item_bytes for x in state.tensors.values()) > _MAX_SHARING * total_bytes:
        raise WeightsError("has tensors that are together much larger than the file")
    return state


def _read_zip(path: Path, total_bytes: int) -> StateDict:
    with bounded_zip(path) as archive:
        # PyTorch does not compress; a small file that asks for much memory is none of its.
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            raise WeightsError("is a compressed archive, which PyTorch does not write")
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        pickles = [name for name in sizes if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise WeightsError("is a zip archive but not a PyTorch checkpoint: it has no data.pkl")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}constants.pkl" in sizes:
            raise WeightsError("is a TorchScript program, not a checkpoint; save the model's state_dict() instead")
        if sizes[pickles[0]] > _MAX_PICKLE_BYTES:
            raise WeightsError("has an index too large to be one of weights")
        order = f"{root}byteorder"
        if order in sizes and sizes[order] < 16 and archive.read(order).strip() != b"little":
            raise WeightsError("was written on a big-endian machine, which is not supported")

        def read(storage: _Storage) -> bytes:
            name = f"{root}data/{storage.key}"
            if sizes.get(name) != storage.length * storage.item_bytes:
                raise WeightsError(f"storage {storage.key} is missing or has another size than announced")
            return archive.read(name)

        state = _tensors(read_pickle(io.BytesIO(archive.read(pickles[0])), _MAKERS, _storage), total_bytes)
        return StateDict({key: _array(tensor, read) for key, tensor in state.tensors.items()}, state.notes)


def _read_legacy(stream: BinaryIO, total_bytes: int) -> StateDict:
    if read_pickle(stream, {}) != _LEGACY_MAGIC or read_pickle(stream, {}) != _LEGACY_PROTOCOL:
        raise WeightsError("is not a PyTorch checkpoint")
    system = read_pickle(stream, {})
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise WeightsError("was written on a big-endian machine, which is not supported")
    used: dict[str, _Storage] = {}

    def persistent(identifier: object) -> _Storage:
        storage = _storage(identifier)
        used[storage.key] = storage
        return storage

    state = _tensors(read_pickle(stream, _MAKERS, persistent), total_bytes)
    keys = read_pickle(stream, {})
    if not isinstance(keys, list):
        raise WeightsError("has no list of storages")
    data: dict[str, bytes] = {}
    for key in keys:
        if not isinstance(key, str) or key not in used:
            raise WeightsError("has a storage that it does not describe")
        storage = used[key]
        size = storage.length * storage.item_bytes
        header = stream.read(8)
        if len(header) != 8 or struct.unpack("<q", header)[0] != storage.length or size > total_bytes:
            raise WeightsError(f"storage {key} is cut off or has another size than announced")
        data[key] = stream.read(size)

    def read(storage: _Storage) -> bytes:
        if storage.key not in data:
            raise WeightsError(f"storage {storage.key} is missing")
        return data[storage.key]

    return StateDict({key: _array(tensor, read) for key, tensor in state.tensors.items()}, state.notes)


def read_torch_state(path: str | os.PathLike[str]) -> StateDict:
    """Return the named tensors of a PyTorch checkpoint as arrays of their stored types (bfloat16 as float32).

    The file is a state dict, or has one in its dictionaries (`find_state_dict`). What else is in it is skipped.
    PyTorch is not needed, and names in the file other than tensors and what trainings note are refused.

    Raises:
        WeightsError: the file is damaged, no checkpoint, or contains something that could run code.
        OSError: it cannot be read.
    """
    with Path(path).open("rb") as stream:
        total_bytes = os.fstat(stream.fileno()).st_size
        try:
            if zipfile.is_zipfile(stream):
                return _read_zip(Path(path), total_bytes)
            stream.seek(0)
            return _read_legacy(stream, total_bytes)
        except WeightsError as error:
            raise WeightsError(f"{path}: {error}") from error
        except BoundedZipError as error:
            raise WeightsError(f"{path}: {error.reason}") from error
        except (OSError, EOFError, RuntimeError, ValueError, TypeError, KeyError) as error:
            raise WeightsError(f"{path}: is damaged ({error})") from error


def read_torch_checkpoint(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Return the named tensors of a PyTorch checkpoint (arguments and errors as `read_torch_state`)."""
    return read_torch_state(path).tensors
