"""What Keras will run on and how it lays out its numbers, told before Keras is imported, which takes seconds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from irmas_tf.process.bounded_json import read_json

# Settings of keras.json that the networks here need, and Keras's own values without the file.
_NEEDED = {"backend": "tensorflow", "image_data_format": "channels_last", "floatx": "float32"}


class KerasBackendError(ValueError):
    """Keras is set to another backend or layout; the message names the variable or file and the remedy."""


def keras_json() -> Path:
    """Return the path of Keras's settings: in KERAS_HOME, else in .keras of the home folder."""
    home = os.path.expanduser("~")
    # Where Keras looks for it, in this order (keras/src/backend/config.py).
    default = os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")
    folder = os.environ.get("KERAS_HOME", default)
    return Path(os.path.expanduser(folder)) / "keras.json"


def _settings(path: Path) -> dict[str, Any]:
    """Return the settings in keras.json; without a file, or with a damaged one, none, as Keras does."""
    try:
        settings: Any = read_json(path)
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def check_keras_backend() -> None:
    """Check that Keras runs, or would run, on TensorFlow with float32 and channels last; loads nothing.

    Raises:
        KerasBackendError: it would not.
    """
    keras = sys.modules.get("keras")
    if hasattr(keras, "config"):
        _check_loaded(keras)
        return
    path = keras_json()
    settings = _settings(path)
    variable = os.environ.get("KERAS_BACKEND")
    if variable:
        if variable != _NEEDED["backend"]:
            raise KerasBackendError(
                f"KERAS_BACKEND={variable}: irmas_tf runs on TensorFlow; unset the variable, or set it to tensorflow"
            )
        settings.pop("backend", None)  # the variable has the last word
    for name, needed in _NEEDED.items():
        value = settings.get(name, needed)
        if value != needed:
            override = " (or set KERAS_BACKEND=tensorflow)" if name == "backend" else ""
            raise KerasBackendError(
                f'{path}: "{name}" is "{value}", irmas_tf needs "{needed}"; correct the file{override}, or point'
                " KERAS_HOME to another folder"
            )


def _check_loaded(keras: object) -> None:
    """Check a Keras that is imported: its settings may have been changed by its functions."""
    config = keras.config  # type: ignore[attr-defined]
    for name, needed in _NEEDED.items():
        value = getattr(config, name)()
        if value != needed:
            remedy = (
                "set KERAS_BACKEND=tensorflow before Keras is imported"
                if name == "backend"
                else f'call keras.config.set_{name}("{needed}")'
            )
            raise KerasBackendError(f"Keras is set to {name} {value}, irmas_tf needs {needed}; {remedy}")
