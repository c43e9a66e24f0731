"""The package's own weight files: an .npz of arrays beside the facts about where they come from. Never a pickle.

The archive holds ``metadata`` (JSON as bytes) and one array per variable under ``weights/LAYER/VARIABLE``. The same
weights always give the same bytes.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.models.weight_table import Array, WeightsError
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.bounded_json import BoundedJsonError, parse_json
from irmas_tf.process.bounded_npz import BoundedNpzError, read_npz
from irmas_tf.weights.model_files import ModelKind, describe, kind_of_model

FORMAT = "irmas_tf pretrained weights"
VERSION = 1
SUFFIX = ".npz"
_METADATA = "metadata"
_PREFIX = "weights/"
# Kinds of `irmas_tf.weights.model_files` in which weights are published.
_PUBLISHED = ("torch", "keras_h5", "npz", "saved_model")
_REQUIRED = ("backbone", "front_end", "labels", "source", "licence")


@dataclasses.dataclass(frozen=True)
class WeightFile:
    """What a weight file holds.

    Attributes:
        metadata: ``backbone``, ``front_end`` (the identity of the front-end they were trained with),
            ``front_end_verified`` (whether their file proved it: by the published checksum, or by containing the
            front-end's constants; not in every file), ``labels`` (set, count, names; no names if they were not given),
            ``source`` (file, format and sha256 of what was converted; url of the published file, null if it is
            another one; is_published_file, null if that cannot be told), ``licence``, ``converter``.
        tensors: by `WeightEntry.key`, in Keras's layout, float32.
    """

    metadata: dict[str, Any]
    tensors: dict[str, Array]


def check_name(path: str | os.PathLike[str]) -> Path:
    """Return the path of a weight file to write.

    Raises:
        WeightsError: the name does not end in .npz.
    """
    target = Path(path).expanduser()
    if target.suffix != SUFFIX:
        raise WeightsError(f"--out={path}: converted weights are .npz files; give a name that ends in {SUFFIX}")
    return target


def write_weight_file(path: str | os.PathLike[str], metadata: Mapping[str, Any], tensors: Mapping[str, Array]) -> Path:
    """Write a weight file and return its path.

    Raises:
        WeightsError: the name does not end in .npz.
        OSError: it cannot be written.
    """
    target = check_name(path)
    facts = {"format": FORMAT, "version": VERSION, **metadata}
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()
    arrays = {f"{_PREFIX}{key}": np.asarray(tensor, np.float32) for key, tensor in tensors.items()}
    with atomic_path(target) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **{_METADATA: np.frombuffer(text, np.uint8)}, **arrays)  # type: ignore[arg-type]
    return target


def _unfit(path: Path, kind: ModelKind, backbone: str) -> str:
    """Return what a file is that `write_weight_file` did not write, and what to do."""
    if kind.name in _PUBLISHED:
        out = path.with_name(f"{path.stem}_converted{SUFFIX}")
        return (
            f"is {kind.title}, which is not converted yet:"
            f" irmas convert --backbone={backbone} --weights={path} --out={out}"
        )
    if kind.name in ("keras", "tflite"):
        wanted = "the weights of a pretrained network"
        return f"{describe(path, kind, wanted)}; a trained run is named by --run_dir"
    return (
        f"{describe(path, kind, 'a weight file of irmas_tf')}. Make one from published weights:"
        f" irmas convert --backbone={backbone} --weights=FILE --out=FILE.npz"
    )


def check_weight_file(path: str | os.PathLike[str], backbone: str = "NAME") -> Path:
    """Return the path of a weight file, which is looked at but not read; arguments as for `read_weight_file`.

    Raises:
        WeightsError: there is no such file, or it is of another kind; the message says of which.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise WeightsError(
            f"{path}: is not a file. Make one from published weights:"
            f" irmas convert --backbone={backbone} --weights=FILE --out=FILE.npz"
        )
    kind = kind_of_model(path)
    if kind.name != "converted":
        raise WeightsError(f"{path}: {_unfit(path, kind, backbone)}")
    return path


def read_weight_file(path: str | os.PathLike[str], backbone: str = "NAME") -> WeightFile:
    """Read a weight file.

    Args:
        path: the file.
        backbone: the network it is for, if that is known, for messages.

    Raises:
        WeightsError: there is no such file, or it is not one that `write_weight_file` wrote; the message says what it
            is.
    """
    path = check_weight_file(path, backbone)
    remedy = "convert the published weights with irmas convert"
    try:
        arrays = read_npz(path)
        facts = arrays.pop(_METADATA, None)
        metadata = None if facts is None else parse_json(facts.tobytes(), _METADATA)
    except (BoundedNpzError, BoundedJsonError) as error:
        raise WeightsError(f"{path}: is damaged or not a weight file of irmas_tf ({error}); {remedy}") from error
    tensors = {key.removeprefix(_PREFIX): array for key, array in arrays.items() if key.startswith(_PREFIX)}
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise WeightsError(f"{path}: is not a weight file of irmas_tf; {remedy}")
    if metadata.get("version") != VERSION:
        raise WeightsError(
            f"{path}: has version {metadata.get('version')}, this irmas_tf reads version {VERSION}; {remedy}"
        )
    missing = [name for name in _REQUIRED if name not in metadata]
    if missing:
        raise WeightsError(f"{path}: does not say its {', '.join(missing)}; {remedy}")
    odd = [key for key, tensor in tensors.items() if tensor.dtype != np.float32]
    if odd:
        raise WeightsError(f"{path}: is damaged: {odd[0]} is not float32; {remedy}")
    return WeightFile(metadata, tensors)
