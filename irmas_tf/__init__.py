"""Predominant instrument recognition on IRMAS with TensorFlow.

    import irmas_tf

    model = irmas_tf.load()                # the package's own; or a name, a run folder, a SavedModel, a .tflite file
    print(model.classify("song.mp3"))      # or samples: model.classify(samples, 44100)

Importing the package loads nothing heavy; every name below is imported when it is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from irmas_tf.augment.augmentation import register_augmentation
    from irmas_tf.config.backbones import register_backbone
    from irmas_tf.config.branches import register_front_end
    from irmas_tf.config.run_config import Config
    from irmas_tf.datasets.dataset import register_dataset
    from irmas_tf.evaluation.evaluate_arrays import evaluate
    from irmas_tf.inference.answers import Answer
    from irmas_tf.inference.artefacts import register_artefact
    from irmas_tf.inference.classifier import Classifier, load
    from irmas_tf.layers.morlet import MorletScalogram
    from irmas_tf.layers.spectrogram import Spectrogram
    from irmas_tf.models.factory import build_model

__all__ = [
    "Answer",
    "Classifier",
    "Config",
    "MorletScalogram",
    "Spectrogram",
    "__version__",
    "build_model",
    "evaluate",
    "load",
    "register_artefact",
    "register_augmentation",
    "register_backbone",
    "register_dataset",
    "register_front_end",
]

_PLACES = {
    "Answer": "irmas_tf.inference.answers",
    "Classifier": "irmas_tf.inference.classifier",
    "Config": "irmas_tf.config.run_config",
    "MorletScalogram": "irmas_tf.layers.morlet",
    "Spectrogram": "irmas_tf.layers.spectrogram",
    "build_model": "irmas_tf.models.factory",
    "load": "irmas_tf.inference.classifier",
    "register_artefact": "irmas_tf.inference.artefacts",
    "register_augmentation": "irmas_tf.augment.augmentation",
    "register_backbone": "irmas_tf.config.backbones",
    "register_dataset": "irmas_tf.datasets.dataset",
    "register_front_end": "irmas_tf.config.branches",
}
_WITH_TENSORFLOW = ("MorletScalogram", "Spectrogram", "build_model")


def __getattr__(name: str) -> Any:
    """Import what is asked for (PEP 562)."""
    if name == "evaluate":  # a command and a function at once: the module can be called
        return importlib.import_module("irmas_tf.evaluate")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _WITH_TENSORFLOW:
        importlib.import_module("irmas_tf.process.quiet_tensorflow").import_tensorflow(f"irmas_tf.{name}")
    value = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names above as well, whether imported yet or not."""
    return sorted({*globals(), *__all__})
