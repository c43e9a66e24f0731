"""What a file is that was given as weights or as a model: which tool's model, or what lies in its place.

Judged by content, never by the name, so that a message can say what is there and what makes of it what was wanted.
Nothing is unpacked, let alone run. What is no model at all is recognised by `irmas_tf.kinds.file_kinds`.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
from pathlib import Path

from irmas_tf.kinds.file_kinds import kind_of_file

_HEAD_BYTES = 4096
_AGAIN = "its download did not end; fetch it again"
# What `irmas_tf.kinds.file_kinds` names -> remedy; {} is the quoted path.
_REMEDIES = {
    "empty file": _AGAIN,
    "file of zeros": _AGAIN,
    "HTML page": "a page was saved in place of the file; fetch what its download button points to",
    "XML document": "a server's error was saved in place of the file; it says why",
    "JSON document": "a server's answer may have been saved in place of the file",
    "git-lfs pointer": "it only stands for the file; run git lfs pull in its repository, or fetch the file itself",
    "macOS attribute file": "name the file without ._",
    "gzip archive": "unpack it: gunzip {} (tar -xzf for a .tar.gz)",
    "bzip2 archive": "unpack it: bunzip2 {} (tar -xjf for a .tar.bz2)",
    "xz archive": "unpack it: unxz {} (tar -xJf for a .tar.xz)",
    "zstd archive": "unpack it: unzstd {}",
    "zip archive": "unpack it: unzip {}",
    "7z archive": "unpack it: 7z x {}",
    "RAR archive": "unpack it: unrar x {}",
    "tar archive": "unpack it: tar -xf {}",
}


@dataclasses.dataclass(frozen=True)
class ModelKind:
    """What a file or folder is.

    Attributes:
        name: of the kind, for programs: "torch", "keras_h5", "onnx"; "other" for what is no model, "unknown".
        title: with its article: "a PyTorch checkpoint".
        remedy: what makes of it what was meant, if that is the same whatever was meant, or "".
    """

    name: str
    title: str
    remedy: str = ""


UNKNOWN = ModelKind("unknown", "a file of an unknown kind")
_TORCH = ModelKind("torch", "a PyTorch checkpoint")
_TORCH_SCRIPT = ModelKind("torchscript", "a TorchScript program", "save the model's state_dict() in PyTorch instead")
_KERAS = ModelKind("keras", "a Keras model (.keras)")
_KERAS3_WEIGHTS = ModelKind("keras3_h5", "a weight file of Keras 3 (.weights.h5)")
_HDF5 = ModelKind("keras_h5", "a Keras 2 weight file (.h5)")
_NPZ = ModelKind("npz", "a NumPy archive (.npz)")
_NPY = ModelKind("npy", "a NumPy array (.npy)")
_CONVERTED = ModelKind("converted", "a weight file that irmas convert wrote")
_SAFETENSORS = ModelKind("safetensors", "a safetensors file")
_TFLITE = ModelKind("tflite", "a .tflite model")
_ONNX = ModelKind("onnx", "an ONNX model")
_GGUF = ModelKind("gguf", "a GGUF model")
_PICKLE = ModelKind("pickle", "a Python pickle")
_MATLAB = ModelKind("matlab", "a MATLAB file (.mat)")
_SAVED_MODEL = ModelKind("saved_model", "a TensorFlow SavedModel (folder)")
_SAVED_MODEL_GRAPH = ModelKind("saved_model_graph", "the graph of a TensorFlow SavedModel", "name the folder it is in")
_CHECKPOINT = ModelKind("tensorflow_checkpoint", "a part of a TensorFlow checkpoint")
_CHECKPOINT_FOLDER = ModelKind("tensorflow_checkpoint", "a folder with a TensorFlow checkpoint")
_TORCH_FOLDER = ModelKind("torch_folder", "an unpacked PyTorch checkpoint", "fetch it again and leave it packed")
_FOLDER = ModelKind("folder", "a folder", "name the file")

_LEGACY_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # a pickled number
_TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"  # of LevelDB's tables; TensorFlow's .index files are such
_MARKS = (
    (0, _LEGACY_TORCH, _TORCH),
    (0, b"\x93NUMPY", _NPY),
    (4, b"TFL3", _TFLITE),
    (0, b"GGUF", _GGUF),
    (0, b"MATLAB 5.0 MAT-file", _MATLAB),
)
_HDF5_MARK = b"\x89HDF\r\n\x1a\n"
_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")


def kind_of_model(path: str | os.PathLike[str]) -> ModelKind:
    """Return what a file or folder is.

    Raises:
        OSError: it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return _kind_of_folder(path)
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        size = os.fstat(stream.fileno()).st_size
        stream.seek(max(0, size - len(_TABLE_END)))
        tail = stream.read(len(_TABLE_END))
    for offset, mark, kind in _MARKS:
        if head.startswith(mark, offset):
            return kind
    if head.startswith(_HDF5_MARK):
        return _kind_of_hdf5(path)
    if head.startswith(_ZIP_MARKS):
        return _kind_of_zip(path)
    if _is_safetensors(head, size):
        return _SAFETENSORS
    if tail == _TABLE_END or re.search(r"\.data-\d{5}-of-\d{5}$", path.name):
        return _CHECKPOINT
    if re.match(rb"\x80[\x02-\x05]", head):
        return _PICKLE
    return _kind_of_protobuf(head, size) or _no_model(path)


def describe(path: str | os.PathLike[str], kind: ModelKind | None = None, wanted: str = "") -> str:
    """Return ``is a ...``, with a remedy if it is the same whatever was wanted.

    Args:
        path: the file or folder.
        kind: what it is, if that is known already.
        wanted: what it should have been, with its article.
    """
    kind = kind or kind_of_model(path)
    return f"is {kind.title}{f', not {wanted}' if wanted else ''}{f'; {kind.remedy}' if kind.remedy else ''}"


def _no_model(path: Path) -> ModelKind:
    """Return what a file is that is no model."""
    kind = kind_of_file(path)
    if kind.content == "unknown":
        return UNKNOWN
    title = "empty" if kind.name == "empty file" else kind.described
    remedy = _REMEDIES.get(kind.name, "" if kind.has_sound else kind.remedy)
    return ModelKind("other", title, remedy.replace("{}", shlex.quote(os.fspath(path))))


def _kind_of_folder(folder: Path) -> ModelKind:
    if (folder / "saved_model.pb").is_file():
        return _SAVED_MODEL
    if (folder / "data.pkl").is_file():  # some browsers unpack what they download
        return _TORCH_FOLDER
    return _CHECKPOINT_FOLDER if next(folder.glob("*.index"), None) else _FOLDER


def _kind_of_hdf5(path: Path) -> ModelKind:
    """Tell Keras 3 from Keras 2, which lists its layers' names beside them."""
    try:
        import h5py

        with h5py.File(path, "r") as file:
            is_keras3 = "layers" in file and "layer_names" not in file.attrs and "model_weights" not in file
    except (ImportError, OSError, RuntimeError, ValueError, KeyError):
        return _HDF5
    return _KERAS3_WEIGHTS if is_keras3 else _HDF5


def _kind_of_zip(path: Path) -> ModelKind:
    from irmas_tf.process.bounded_zip import bounded_zip

    try:
        with bounded_zip(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError):
        return ModelKind("other", "a zip archive that is cut off or damaged", _AGAIN)
    if any(name.endswith("/data.pkl") for name in names):
        return _TORCH_SCRIPT if any(name.endswith("/constants.pkl") for name in names) else _TORCH
    if {"config.json", "model.weights.h5"} <= set(names):
        return _KERAS
    if "metadata.npy" in names and any(name.startswith("weights/") for name in names):
        return _CONVERTED
    if any(name.endswith(".npy") for name in names):
        return _NPZ
    return _no_model(path)


def _is_safetensors(head: bytes, size: int) -> bool:
    """Return whether a file is the length of a JSON header and such a header."""
    length = int.from_bytes(head[:8], "little")
    return re.match(rb'\{\s*["}]', head[8:]) is not None and 2 <= length <= size - 8


def _protobuf_fields(head: bytes) -> list[tuple[int, int | None]]:
    """Return (number, value) of the first fields of a protocol buffer; no value for what is not a number.

    Nothing if it is not one of numbers and texts only.
    """
    fields: list[tuple[int, int | None]] = []
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while shift < 64:
            value |= (head[place] & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if head[place - 1] < 0x80:
                break
        return value

    try:
        while place < len(head):
            number, wire = divmod(varint(), 8)
            if number == 0 or wire not in (0, 2):
                return []
            value = varint()
            place += value if wire else 0
            fields.append((number, None if wire else value))
    except IndexError:  # the head ends within a number
        pass
    return fields


def _kind_of_protobuf(head: bytes, size: int) -> ModelKind | None:
    """Return whether a protocol buffer is an ONNX model or a SavedModel's graph, whose first fields are versions."""
    fields = _protobuf_fields(head)
    if len(fields) < 2 or fields[0][0] != 1 or fields[0][1] is None:
        return None
    version, numbers = fields[0][1], {number for number, _ in fields[1:]}
    if version == 1 and numbers == {2} and fields[1][1] is None and size > 64:
        return _SAVED_MODEL_GRAPH
    # Producer, domain, graph (7), operators' versions (8), metadata, training and functions, in any order.
    return _ONNX if 2 < version < 100 and numbers <= {*range(2, 9), 14, 20, 25, 26} else None
