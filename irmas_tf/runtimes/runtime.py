"""What a runtime is here: packages, the ways in which it can be set up, and a function of windows."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from irmas_tf.config.registry import Registry

if TYPE_CHECKING:
    import numpy as np  # the command's help lists the names below

ALL = "all"
AS_IT_COMES = "as it comes"


class RefusedFileError(ValueError):
    """A runtime does not take a file; the message is its reason."""


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A .tflite file, and what a runtime must know to ask it.

    Attributes:
        path: of the file.
        codes: of the classes, in the order of the probabilities.
        sample_rate_hz: of the windows.
        output_name: name of the tensor that holds the probabilities.
        output_index: its place among the file's outputs.
    """

    path: Path
    codes: tuple[str, ...]
    sample_rate_hz: int
    output_name: str
    output_index: int


Answer: TypeAlias = "Callable[[np.ndarray], np.ndarray]"
"""Windows [n, window_samples] float32 -> probabilities [n, classes]."""


@dataclasses.dataclass(frozen=True)
class Setup:
    """One way to set a runtime up.

    Attributes:
        name: what was set, for people.
        options: of the runtime's ``load``.
    """

    name: str = AS_IT_COMES
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Runtime:
    """A runtime for .tflite files.

    Attributes:
        title: for people.
        packages: (distribution, module) of what it needs; the first is the runtime.
        load: (file, **options of a `Setup`) -> (answer, what had to be found out while setting up, or "").
        setups: ways to try, the plain one first.
    """

    title: str
    packages: tuple[tuple[str, str], ...]
    load: Callable[..., tuple[Answer, str]]
    setups: tuple[Setup, ...] = (Setup(),)

    @property
    def install(self) -> str:
        """Return the command that installs it."""
        return f"pip install {' '.join(distribution for distribution, _ in self.packages)}"

    def is_installed(self) -> bool:
        """Return whether everything that it needs can be imported; nothing is."""
        return all(importlib.util.find_spec(module) is not None for _, module in self.packages)

    def version(self) -> str:
        """Return the version of the runtime, or "" if it is not known."""
        try:
            return importlib.metadata.version(self.packages[0][0])
        except importlib.metadata.PackageNotFoundError:
            return ""


_HERE = "irmas_tf.runtimes.known_runtimes"
RUNTIMES: Registry[Runtime] = Registry(
    "runtime",
    {
        "litert": f"{_HERE}:LITERT",
        "litert_compiled": f"{_HERE}:LITERT_COMPILED",
        "mediapipe": f"{_HERE}:MEDIAPIPE",
        "onnxruntime": f"{_HERE}:ONNX_RUNTIME",
        "openvino": f"{_HERE}:OPENVINO",
        "tflite_micro": f"{_HERE}:TFLITE_MICRO",
        "tflite_runtime": f"{_HERE}:TFLITE_RUNTIME",
    },
)
"""Name -> runtime. None of their packages is imported before a file is loaded."""
