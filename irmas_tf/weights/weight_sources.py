"""Reading published weights, whatever their format, as tensors by their published names. Nothing in a file is run."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
from pathlib import Path

from irmas_tf.config.backbone_spec import BackboneSpec
from irmas_tf.models.weight_table import Array, WeightsError
from irmas_tf.process.bounded_npz import BoundedNpzError, read_npz
from irmas_tf.process.checksums import checksum_of
from irmas_tf.process.quiet_tensorflow import import_tensorflow
from irmas_tf.weights.model_files import ModelKind, describe, kind_of_model
from irmas_tf.weights.state_dicts import StateDict, without_prefix
from irmas_tf.weights.torch_checkpoint import read_torch_state
from irmas_tf.weights.weight_file import check_weight_file

FORMATS = {
    "keras_h5": "a Keras 2 weight file (.h5)",
    "saved_model": "a TensorFlow SavedModel (folder, or handle of TensorFlow Hub)",
    "folded_npz": "an .npz with batch normalisation folded into the convolutions",
    "torch": "a PyTorch checkpoint (.pt, .pth)",
    "npz": "an .npz of arrays",
}
_TO_TORCH = "torch.save(safetensors.torch.load_file({!r}), {!r})"
_CLASS_MAP = Path("assets", "yamnet_class_map.csv")


@dataclasses.dataclass(frozen=True)
class PublishedWeights:
    """What a weight file held.

    Attributes:
        tensors: by the keys of `WeightEntry.source`.
        source: name of the file, or the handle.
        format: a key of `FORMATS`.
        sha256: of the file; of a folder, of its files' names and contents in order.
        class_map: the file with the names of the classes that came with the weights, if there was one.
        notes: where in the file they were, and what of it was left out.
    """

    tensors: dict[str, Array]
    source: str
    format: str
    sha256: str
    class_map: Path | None = None
    notes: tuple[str, ...] = ()


def is_handle(source: str | os.PathLike[str]) -> bool:
    """Return whether a source is an address instead of a file."""
    return re.match(r"https?://", str(source)) is not None


def where_published(spec: BackboneSpec, path: str | os.PathLike[str]) -> str:
    """Return where a network's weights come from, their checksum, and that they belong at ``path``."""
    return f"{_publication(spec)} put it at {path} (or anywhere) and give its path as --weights"


def _publication(spec: BackboneSpec) -> str:
    checksum = f"sha256 {spec.sha256}" if spec.sha256 else "no checksum is known"
    return (
        f"The weights of {spec.name} are published as {spec.published_file} at {spec.url} ({checksum}; licence"
        f" {spec.licence}). Nothing is downloaded by itself: fetch that file,"
    )


def missing_weights(spec: BackboneSpec, path: str | os.PathLike[str], flag: str) -> str:
    """Return what to say when the converted weights of a network are not at ``path``, which ``flag`` gave."""
    return f"--{flag}={path}: no such file. {_conversion(spec, path)}"


def require_weights(spec: BackboneSpec, path: str | os.PathLike[str], flag: str) -> None:
    """Refuse what is no weight file, before it is read.

    Args:
        spec: the network that it is for.
        path: the file.
        flag: which flag gave it.

    Raises:
        WeightsError: there is no such file, or it is of another kind; the message says what makes one.
    """
    if not Path(path).expanduser().exists():
        raise WeightsError(missing_weights(spec, path, flag))
    check_weight_file(path, spec.name)


def needed_weights(spec: BackboneSpec) -> str:
    """Return what to say when a network needs its published weights and no file was named."""
    path = f"{spec.name}.npz"
    return f"{_conversion(spec, path)}, and give --pretrained_weights={path}"


def _conversion(spec: BackboneSpec, path: str | os.PathLike[str]) -> str:
    return (
        f"{_publication(spec)} then irmas convert --backbone={spec.name} --weights={spec.published_file} --out={path}"
    )


def _format_of(spec: BackboneSpec, path: Path, source: str | os.PathLike[str]) -> str:
    """Return the format of what lies at ``path``, judged by its content; an .npz is of the network's kind.

    Raises:
        WeightsError: the network is not published in such files; the message says what the file is.
    """
    kind = kind_of_model(path)
    format = "folded_npz" if kind.name == "npz" and "npz" not in spec.formats else kind.name
    # A reader of the network's own may know files that nobody else does.
    if format in spec.formats:
        return format
    if kind.name == "unknown" and spec.reader("torch"):
        return "torch"
    raise WeightsError(f"{source}: {_unfit(spec, path, kind)}")


def _unfit(spec: BackboneSpec, path: Path, kind: ModelKind) -> str:
    """Return what a file is that holds no weights of a network, and what to do."""
    if kind.name == "converted":
        return f"is converted already; use it as it is: irmas embed --backbone={spec.name} --weights={path} ..."
    formats = " or ".join(FORMATS.get(name, name) for name in spec.formats)
    wanted = f"the weights of {spec.name} come as {formats}: {spec.published_file} at {spec.url}"
    if kind.name == "safetensors" and "torch" in spec.formats:
        rewrite = shlex.quote(f"import torch, safetensors.torch; {_TO_TORCH.format(str(path), f'{path.stem}.pt')}")
        return f"{describe(path, kind)}; {wanted}; PyTorch makes one of it: python -c {rewrite}"
    return f"{describe(path, kind)}; {wanted}"


def _read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of an .npz that is not compressed."""
    try:
        tensors = read_npz(path)
    except BoundedNpzError as error:
        raise WeightsError(f"{path}: is a damaged .npz file or holds more than weights ({error})") from error
    return tensors


def _read(spec: BackboneSpec, kind: str, path: Path) -> StateDict:
    """Return the tensors at ``path``, which is of the format ``kind``."""
    import_tensorflow()  # the network's module knows its layers
    if reader := spec.reader(kind):
        return StateDict(reader(path), ())
    if kind not in ("torch", "npz"):
        raise WeightsError(f"{path}: is {FORMATS.get(kind, kind)}, for which {spec.name} names no reader")
    state = read_torch_state(path) if kind == "torch" else StateDict(_read_arrays(path), ())
    try:
        bare = without_prefix(state.tensors, {entry.source for entry in spec.weight_table()})
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
    return StateDict(bare.tensors, (*state.notes, *bare.notes))


def _resolve(spec: BackboneSpec, handle: str) -> Path:
    """Return the folder that TensorFlow Hub keeps for a handle, downloaded if it is not there."""
    if "saved_model" not in spec.formats:
        raise WeightsError(
            f"{handle}: addresses are for TensorFlow Hub, which has no {spec.name}."
            f" {where_published(spec, f'weights/{spec.published_file}')}"
        )
    try:
        import tensorflow_hub
    except ImportError as error:
        raise WeightsError(
            f"{handle}: reading from TensorFlow Hub needs tensorflow-hub: pip install 'irmas_tf[hub]' ({error}),"
            " or give a local folder"
        ) from error
    try:
        return Path(tensorflow_hub.resolve(handle))
    except Exception as error:  # whatever the network, the server or the archive comes up with
        raise WeightsError(
            f"{handle}: cannot be fetched ({error}); give a local folder or file instead."
            f" {where_published(spec, f'weights/{spec.published_file}')}"
        ) from error


def require_model_file(spec: BackboneSpec, source: str | os.PathLike[str]) -> None:
    """Refuse what is missing or no model at all, by its first bytes; the rest is judged where it is read.

    Raises:
        WeightsError: the message says what is there, or where the weights are published.
    """
    path = Path(source).expanduser()
    if not path.exists():
        raise WeightsError(f"{source}: no such file. {where_published(spec, source)}")
    if (kind := kind_of_model(path)).name == "other":
        raise WeightsError(f"{source}: {_unfit(spec, path, kind)}")


def read_published(spec: BackboneSpec, source: str | os.PathLike[str]) -> PublishedWeights:
    """Read a network's weights as they were published.

    Args:
        spec: the network.
        source: a file, a SavedModel's folder, or a handle of TensorFlow Hub (https://...), which is the only case in
            which something may be downloaded.

    Raises:
        WeightsError: there is no such file (the message says where it is published), or it is damaged, unsafe, of a
            format that this network is not published in, or by its name of another front-end.
    """
    path = _resolve(spec, str(source)) if is_handle(source) else Path(source).expanduser()
    if not path.exists():
        raise WeightsError(f"{source}: no such file. {where_published(spec, source)}")
    for name in dict.fromkeys((path.name, path.resolve().name)):  # a link may be called otherwise
        spec.check_file_name(name)
    kind = _format_of(spec, path, source)
    state = _read(spec, kind, path)
    class_map = path / _CLASS_MAP if path.is_dir() and (path / _CLASS_MAP).is_file() else None
    name = str(source) if is_handle(source) else path.resolve().name
    return PublishedWeights(state.tensors, name, kind, checksum_of(path), class_map, state.notes)
