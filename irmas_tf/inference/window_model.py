"""The one protocol of a model in use: a function of windows, and what its numbers mean.

A run folder (`irmas_tf.inference.run_model`), a pretrained network (`irmas_tf.inference.embedding`) and every exported
form (`irmas_tf.inference.artefacts`) are such models; clips, answers, activity, embeddings, evaluation and the
acceptance check know nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from irmas_tf.audio.silence import SILENCE_DBFS
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.labels import LabelScheme

PROBABILITIES, LOGITS, EMBEDDING = "probabilities", "logits", "embedding"
OUTPUTS = (PROBABILITIES, LOGITS, EMBEDDING)
"""What a model may give for a window, by the names of the signatures."""
AUTO, TENSORFLOW, LITERT = ENGINES = ("auto", "tensorflow", "litert")
"""What computes; ``auto`` is what starts fastest."""


class ModelError(ValueError):
    """A model cannot be used; the message names its file and the remedy."""


class WindowModel(Protocol):
    """A function of windows, and the audio it wants."""

    @property
    def audio(self) -> AudioConfig:
        """Rate, window and hop."""
        ...

    @property
    def outputs(self) -> Sequence[str]:
        """Those of `OUTPUTS` that it gives."""
        ...

    @property
    def source(self) -> Mapping[str, Any]:
        """Where it comes from, JSON-ready; two models that differ have different sources."""
        ...

    def values(self, windows: np.ndarray, output: str) -> np.ndarray:
        """Return an output [n, width] float32 for windows [n, window_samples] float32 in [-1, 1]."""
        ...


class ClassModel(WindowModel, Protocol):
    """A model that gives probabilities of classes."""

    @property
    def scheme(self) -> LabelScheme:
        """The classes: codes and names in the order of the probabilities."""
        ...

    @property
    def thresholds(self) -> np.ndarray | None:
        """Level from which a class is named, [classes]; None: the most probable class is the answer.

        Raises:
            ThresholdsError: the model needs levels of its own, and they are missing or damaged.
        """
        ...


def silence_dbfs(model: WindowModel) -> float:
    """Return the level below which a window is silent: the one that was exported with a model, or the package's."""
    return float(getattr(model, "silence_dbfs", SILENCE_DBFS))


def require_output(model: WindowModel, output: str, path: str = "") -> None:
    """Refuse a model without an output.

    Args:
        model: the model.
        output: one of `OUTPUTS`.
        path: what the message calls the model; by default what its source says.

    Raises:
        ModelError: the message says what it has, and what has the output.
    """
    if output not in model.outputs:
        source = model.source.get("run") or model.source.get("backbone")
        name = path or (f"the model of {source!r}" if source else "the model")
        raise ModelError(
            f"{name}: has no {output}, only {', '.join(model.outputs)}; export it again, or take the run folder"
        )
