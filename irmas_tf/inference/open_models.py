"""Opening the model that answers: whatever kind of artefact is at a path, a name, or the run of a command's flags."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.artefacts import BUILT_IN, recognise
from irmas_tf.inference.named_models import DEFAULT_MODEL, load_named, quality_of
from irmas_tf.inference.window_model import AUTO, ClassModel, ModelError
from irmas_tf.weights.model_files import describe, kind_of_model


def load_model(path: str | os.PathLike[str], engine: str = AUTO) -> ClassModel:
    """Return the model at a path, whatever its kind, or of a name.

    Args:
        path: a run folder, a SavedModel's version folder, a .tflite file, what else is registered, or a name that
            `irmas_tf.inference.named_models` knows; what is there as a file or folder goes before a name.
        engine: one of `irmas_tf.inference.window_model.ENGINES`; only a run folder has a choice.

    Raises:
        ModelError: there is none, no kind knows it, or a run has no usable file for the engine.
        ConfigError: this kind of model does not run in the engine.
        ValueError: it is damaged; the message names it and the remedy.
    """
    if (named := load_named(os.fspath(path), engine)) is not None:
        return named
    name, kind = recognise(path)
    target = Path(path).expanduser()
    if name in BUILT_IN and target.is_file() and (content := kind_of_model(target)).name == "other":
        raise ModelError(f"{target}: {describe(target, content)}")  # a page, a pointer, an archive under a good name
    if engine != AUTO and name == "run":
        from irmas_tf.inference.lite_run import open_run  # a .tflite file needs none of it

        return open_run(target, engine)
    runs_in = getattr(kind, "engine", name)
    if engine not in (AUTO, runs_in):
        raise ConfigError(f"--engine={engine}: {target} is {kind.description}, which runs in {runs_in}; leave it out")
    return kind.load(target)


def open_model(run_dir: str, model: str, engine: str) -> ClassModel:
    """Return the model that a command's flags choose.

    Args:
        run_dir: the folder of a run, or empty.
        model: a path of any kind of model, or a name; where both are empty, the model of the package answers.
        engine: as for `load_model`.

    Raises:
        RunDirError, ModelError: there is none.
        ConfigError: it does not run in the engine.
    """
    if model or not run_dir:
        return load_model(model or DEFAULT_MODEL, engine)
    from irmas_tf.inference.lite_run import open_run

    return open_run(run_dir, engine)


def origin_of(model: ClassModel, path: str) -> dict[str, Any]:
    """Return what the JSON of an answer says about where it comes from.

    Args:
        model: the model that answered.
        path: what the user called it; empty: nothing was named.

    Returns:
        ``model``: the path; ``model_sha256``: checksum of the run's ``model.keras``, which every export of it names
        (None if the model does not say); ``engine``: what computed; ``quality``: how good the model is and on what, by
        its own account (None if it does not say).
    """
    engine = getattr(model, "engine", type(model).__name__)
    sha256, quality = model.source.get("model_sha256"), quality_of(model.source) or None
    return {"model": path or DEFAULT_MODEL, "model_sha256": sha256, "engine": engine, "quality": quality}
