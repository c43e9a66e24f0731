"""Writing a SavedModel as TF Serving polls it: ``FOLDER/NAME/VERSION/``, which appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from irmas_tf.config.run_config import Config
from irmas_tf.deploy.places import ExportError, choose_version
from irmas_tf.deploy.signatures import SILENT, WINDOW_SILENT, Signatures
from irmas_tf.deploy.warmup import WARMUP_NAME, warmup_requests, write_warmup
from irmas_tf.process.atomic_folders import new_folder
from irmas_tf.process.bounded_json import read_json, reason_of
from irmas_tf.process.held_temporary import made_folder, remove_leftovers, temporary_name
from irmas_tf.process.locks import exclusive

FACTS_NAME = "signature.json"
EXTRA_ASSETS = "assets.extra"  # the name that TensorFlow reserves for what others put beside the graph


def export_saved_model(
    model: keras.Model,
    config: Config,
    facts: dict[str, Any],
    base: Path,
    *,
    version: int = 0,
    overwrite: bool = False,
    check: Callable[[Path], None] | None = None,
) -> Path:
    """Write a version of a model and return its folder.

    It is written under a name that TF Serving ignores, checked, flushed to the disk and then renamed: a reader sees
    all of it or nothing, also if this process is killed. Where a version is overwritten, the two swap names at one
    moment on Linux; elsewhere there is a moment without it.

    Args:
        model: waveform [batch, samples] -> logits [batch, classes].
        config: the run's configuration.
        facts: of `irmas_tf.deploy.metadata.describe`; go into ``signature.json`` with the signatures.
        base: FOLDER/NAME.
        version: number of the version; 0 is the one after the highest.
        overwrite: replace the version if it is there.
        check: called with the folder before it gets its name; what it raises ends the export without a trace.

    Raises:
        ExportError: the version is there, or another process is exporting to the same place.
    """
    refusal = ExportError(f"{base}: another process is exporting here; wait for it, or choose another --out")
    with made_folder(base), exclusive(base, refusal):
        remove_leftovers(base)  # a version that a killed export was about to replace gets its name back
        target = base / str(choose_version(base, version, overwrite))
        with new_folder(target) as temporary:
            write_saved_model(model, config, facts, temporary, base.name)
            if check is not None:
                check(temporary)
            _flush(temporary)
    return target


def write_saved_model(
    model: keras.Model, config: Config, facts: dict[str, Any], folder: Path, name: str = "irmas"
) -> None:
    """Write the SavedModel into ``folder``, which is new; ``name`` is the model's, see `export_saved_model`."""
    signatures = Signatures(model, config)
    # The archive finds the variables itself; model.track() would save every one twice.
    archive = keras.export.ExportArchive()
    for signature, (function, inputs) in signatures.endpoints().items():
        add_endpoint(archive, signature, function, inputs)
    archive.write_out(str(folder), verbose=False)
    text = json.dumps({**facts, "signatures": describe_signatures(signatures)}, indent=2, ensure_ascii=False) + "\n"
    (folder / EXTRA_ASSETS).mkdir()
    for path in (folder / FACTS_NAME, folder / EXTRA_ASSETS / FACTS_NAME):
        path.write_text(text, encoding="utf-8")
    write_warmup(folder / EXTRA_ASSETS / WARMUP_NAME, warmup_requests(config), name)


def add_endpoint(
    archive: keras.export.ExportArchive,
    name: str,
    function: Callable[[tf.Tensor], dict[str, tf.Tensor]],
    inputs: list[tf.TensorSpec],
) -> None:
    """Add a function of one tensor to what an archive writes, and trace it only once.

    Keras traces a function to find its variables, and TensorFlow does so again to write it; for a large network each
    takes many seconds. What they get is a call of the function that was traced before.
    """
    traced = tf.function(function, input_signature=inputs, autograph=False).get_concrete_function()
    archive.add_endpoint(name, lambda value: traced(value), inputs)


def describe_signatures(signatures: Signatures) -> dict[str, Any]:
    """Return what goes into and comes out of every signature; None is an axis of any length."""
    clip: dict[str, Any] = {
        name: {"dtype": "float32", "shape": [None, width]} for name, width in signatures.widths.items()
    }
    clip[SILENT] = {"dtype": "bool", "shape": [None]}
    times: dict[str, Any] = {"dtype": "float32", "shape": [None, None], "unit": "s"}
    outputs: dict[str, dict[str, Any]] = {
        "serving_default": clip,
        "classify_audio": {**clip, "duration_seconds": {"dtype": "float32", "shape": [None], "unit": "s"}},
        "activity": {
            "window_probabilities": {"dtype": "float32", "shape": [None, None, signatures.widths["probabilities"]]},
            "window_start_seconds": times,
            "window_end_seconds": times,
            WINDOW_SILENT: {"dtype": "bool", "shape": [None, None]},
        },
    }
    return {
        name: {
            "inputs": {spec.name: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()} for spec in inputs},
            "outputs": outputs[name],
        }
        for name, (_, inputs) in signatures.endpoints().items()
    }


def read_facts(folder: Path) -> dict[str, Any]:
    """Return the content of a SavedModel's ``signature.json``.

    Raises:
        ExportError: it is missing or damaged.
    """
    path = folder / FACTS_NAME
    try:
        facts = read_json(path)
    except OSError as error:
        raise ExportError(f"{path}: cannot be read ({error.strerror}); is this an exported SavedModel?") from error
    except ValueError as error:
        raise ExportError(f"{path}: is damaged ({reason_of(error)}); export the model again") from error
    if not isinstance(facts, dict):
        raise ExportError(f"{path}: is damaged (not an object); export the model again")
    return facts


def remove_version(folder: Path) -> None:
    """Delete a version at once for those who look, and then from the disk."""
    hidden = folder.with_name(temporary_name())
    os.rename(folder, hidden)
    shutil.rmtree(hidden)


def _flush(folder: Path) -> None:
    """Have all files on the disk before the folder gets its name, or a power cut could leave empty ones under it."""
    if os.name == "nt":  # which opens no folders
        return
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
