"""Models that go by a name in place of a path: the one that comes with the package, and those that can be fetched.

``--model=NAME`` and ``irmas_tf.load("NAME")`` know them; NAME may have an argument behind a colon. A file or folder
that is there goes before a name.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from irmas_tf.config.registry import Registry
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.window_model import AUTO, LITERT, ClassModel

DEFAULT_MODEL = "composed"
"""What answers where no model is named."""


@dataclasses.dataclass(frozen=True)
class ModelRow:
    """What is to be said of a model before it is loaded.

    Attributes:
        name: as for ``--model``.
        title: what it is, in a few words.
        state: "comes with the package", "fetched" or what else.
        is_present: whether it can answer now.
        licence: of its weights, in a sentence.
        quality: how good it is and on what; empty if that is not known.
        path: its file, if it is present.
        remedy: how to get it, if it is not.
    """

    name: str
    title: str
    state: str
    is_present: bool
    licence: str
    quality: str
    path: Path | None = None
    remedy: str = ""


class NamedModel(Protocol):
    """A model that goes by a name."""

    def file(self, argument: str) -> Path:
        """Return the .tflite file that answers, made if need be.

        Raises:
            ModelError: it is not there; the message says how to get it.
            ConfigError: the argument means nothing, or no single file answers for it.
        """
        ...

    def load(self, argument: str) -> ClassModel:
        """Return the model, ready to answer; errors as for `file`."""
        ...

    def rows(self) -> list[ModelRow]:
        """Return what is to be said of it, and of it with arguments."""
        ...


BUILT_IN = {"composed": "irmas_tf.shipped.composed:COMPOSED", "mn04": "irmas_tf.shipped.mn04:MN04"}
NAMED_MODELS: Registry[NamedModel] = Registry("model", BUILT_IN, extensible=True)
"""Name -> model; imported when it is named."""


def split_name(text: str | os.PathLike[str]) -> tuple[str, str] | None:
    """Return (name, argument) of what may be a name, or None if it is a path."""
    name, _, argument = os.fspath(text).partition(":")
    # Unlike pathlib's, this exists() bears text that is too long for a file's name: many classes.
    if name not in NAMED_MODELS or os.path.exists(os.path.expanduser(text)):
        return None
    return name, argument


def load_named(text: str, engine: str = AUTO) -> ClassModel | None:
    """Return the model of a name, or None if there is none of it.

    Raises:
        ModelError, ConfigError: as for `NamedModel.file`; or it does not run in the engine.
    """
    if (parts := split_name(text)) is None:
        return None
    if engine not in (AUTO, LITERT):
        raise ConfigError(f"--engine={engine}: the model {text} runs in {LITERT}; leave it out")
    name, argument = parts
    return NAMED_MODELS.get(name).load(argument)


def file_of(text: str) -> Path | None:
    """Return the .tflite file of a named model, or None if there is no such name; errors as for `NamedModel.file`."""
    if (parts := split_name(text)) is None:
        return None
    name, argument = parts
    return NAMED_MODELS.get(name).file(argument)


def quality_of(facts: Mapping[str, Any]) -> str:
    """Return how good a model is and on what, from what it says about itself; empty if it does not say.

    Args:
        facts: in the model's file. ``figures`` is such a text; ``metrics`` are those of ``evaluate``, on the validation
            songs of the run.
    """
    figures, metrics = facts.get("figures"), facts.get("metrics")
    if isinstance(figures, str) and figures:
        return figures
    if not isinstance(metrics, Mapping):
        return ""
    for key, title in (("accuracy", "accuracy"), ("lrap", "LRAP")):
        figure = metrics.get(key)
        value = figure.get("value") if isinstance(figure, Mapping) else figure
        if isinstance(value, (int, float)):
            count = metrics.get("excerpts") or metrics.get("clips")
            songs = f" of {metrics['songs']} songs" if metrics.get("songs") else ""
            return f"{title} {value:.3f} on {count} excerpts{songs} kept out of its own training data"
    return ""


def about_line(name: str, facts: Mapping[str, Any]) -> str:
    """Return the line that says which model answers and how good it is.

    Args:
        name: what the user called it; empty: nothing was named.
        facts: in the model's file.
    """
    quality = quality_of(facts) or "how good it is was not measured"
    return f"model {name or DEFAULT_MODEL}: {quality}"
