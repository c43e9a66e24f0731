"""Kinds of files and folders that hold a model: run folders, SavedModels, .tflite files, and what others register.

An artefact is a writer and a reader behind the one model protocol (`irmas_tf.inference.window_model`). Registered, it
is loaded by `irmas_tf.load`, answers in ``irmas_tf.predict --artefact``, and is compared with its run by
``irmas_tf.check_export``, number by number:

    @register_artefact("numpy")
    class NumpyArtefact:
        description = "an .npz file of weights"

        def recognises(self, path): return path.suffix == ".npz"
        def load(self, path): return NumpyModel(path)
        def read_facts(self, path): return NumpyModel(path).source
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from irmas_tf.config.registry import Registry
from irmas_tf.inference.named_models import NAMED_MODELS
from irmas_tf.inference.window_model import ClassModel, ModelError
from irmas_tf.weights.model_files import describe, kind_of_model


class Artefact(Protocol):
    """A kind of file or folder that holds a model.

    Attributes:
        description: what it is, with its article, for messages: "a .tflite file".

    It may have an attribute ``engine``, and so may the models that it loads: what computes, ``tensorflow`` or
    ``litert``; otherwise a name is taken, that of the kind or of the model's class.
    """

    description: str

    def recognises(self, path: Path) -> bool:
        """Return whether a path is of this kind; a look at names and first bytes, nothing heavy."""
        ...

    def load(self, path: Path) -> ClassModel:
        """Return the model, ready to answer.

        Raises:
            ValueError: it is damaged; the message names the path and the remedy.
        """
        ...

    def read_facts(self, path: Path) -> Mapping[str, Any]:
        """Return what it says about itself, without loading it if that can be had.

        The acceptance check wants ``config_hash`` and ``model_sha256`` of its run, and compares whatever else of
        `irmas_tf.deploy.metadata.describe` is there.

        Raises:
            ValueError: it says nothing; the message names the path and the remedy.
        """
        ...


@runtime_checkable
class Writable(Protocol):
    """A kind of artefact that `irmas_tf.deploy.export_run.export_artefact` writes."""

    def write(self, model: Any, config: Any, facts: Mapping[str, Any], path: Path) -> None:
        """Write a model under a path that is not there yet.

        Args:
            model: Keras model, waveform [batch, window_samples] -> logits [batch, classes].
            config: the run's configuration.
            facts: of `irmas_tf.deploy.metadata.describe`, to be read again by `Artefact.read_facts`.
            path: file or folder to write.
        """
        ...


BUILT_IN = {  # in the order in which they are asked: what starts fastest comes first
    "tflite": "irmas_tf.deploy.tflite_artefact:TFLITE",
    "onnx": "irmas_tf.runtimes.onnx_artefact:ONNX",
    "saved_model": "irmas_tf.deploy.saved_model_artefact:SAVED_MODEL",
    "run": "irmas_tf.inference.run_folder:RUN_FOLDER",
}
ARTEFACTS: Registry[Artefact] = Registry("artefact", BUILT_IN, extensible=True)
"""Name -> kind. The built-in ones are imported when a path is looked at."""

ArtefactT = TypeVar("ArtefactT", bound="type[Any] | Artefact")


def register_artefact(name: str) -> Callable[[ArtefactT], ArtefactT]:
    """Return a decorator that registers a kind of artefact, an `Artefact` or a class of one, under a name.

    Raises:
        ValueError: the name is taken.
    """

    def decorate(kind: ArtefactT) -> ArtefactT:
        ARTEFACTS.register(name)(kind() if isinstance(kind, type) else kind)
        return kind

    return decorate


def recognise(path: str | os.PathLike[str]) -> tuple[str, Artefact]:
    """Return (name, kind) of the artefact at a path; of kinds that both know it, the one registered by others.

    Raises:
        ModelError: there is nothing, or nothing that any kind knows; the message lists the kinds.
    """
    target = Path(path).expanduser()
    if not target.exists():
        names = ", ".join(NAMED_MODELS.names())
        raise ModelError(f"{target}: no such file or folder; name {_kinds()}, or one of the models {names}")
    others = [name for name in ARTEFACTS.names() if name not in BUILT_IN]
    for name in (*others, *BUILT_IN):
        kind = ARTEFACTS.get(name)
        if kind.recognises(target):
            return name, kind
    versions = sorted(p.parent.name for p in target.glob("*/saved_model.pb")) if target.is_dir() else []
    if versions:
        hint = f"its versions are {', '.join(versions)}: name {target / versions[-1]}"
        raise ModelError(f"{target}: is not a model that irmas_tf knows; {hint}")
    content = kind_of_model(target)
    if content.name == "keras" and (target.parent / "config.json").is_file():
        raise ModelError(f"{target}: is {content.title} in a run; name the run: {target.parent}")
    wanted = "a model that irmas_tf knows"
    what = f"is not {wanted}" if content.name == "folder" else describe(target, content, wanted)
    raise ModelError(f"{target}: {what}; name {_kinds()}")


def _kinds() -> str:
    names = [*reversed(BUILT_IN), *(name for name in ARTEFACTS.names() if name not in BUILT_IN)]
    *others, last = [ARTEFACTS.get(name).description for name in names]
    return f"{', '.join(others)} or {last}"
