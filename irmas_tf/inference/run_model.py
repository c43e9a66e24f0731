"""A trained run, opened for use: config.json and model.keras are read once each, whatever is asked of it."""

from __future__ import annotations

import functools
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.datasets import IRMAS
from irmas_tf.config.labels import MULTI_LABEL, LabelScheme
from irmas_tf.config.run_config import Config
from irmas_tf.inference.window_model import EMBEDDING, LOGITS, OUTPUTS, PROBABILITIES, TENSORFLOW, ModelError
from irmas_tf.process.bounded_json import MOST_BYTES, BoundedJsonError, parse_json
from irmas_tf.process.bounded_zip import BoundedZipError, bounded_zip, check_unpacked, read_member
from irmas_tf.process.checksums import checksum_of
from irmas_tf.process.full_disks import disk_error, naming_file
from irmas_tf.process.quiet_tensorflow import import_tensorflow
from irmas_tf.runs.identity import check_model
from irmas_tf.runs.keras_version import newer_keras
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds

_DESCRIPTION = "config.json"
"""Of the layers, in a ``.keras`` file."""


def check_keras_file(path: Path) -> None:
    """Refuse what is no Keras model, by its first bytes and without TensorFlow.

    Raises:
        ModelError: there is no such file, or it is of another kind; the message says of which.
    """
    if not path.exists():
        raise ModelError(f"{path}: no model yet; train the run first (irmas train)")
    if path.is_dir() or not zipfile.is_zipfile(path):
        from irmas_tf.weights.model_files import kind_of_model

        raise ModelError(f"{path}: is {kind_of_model(path).title}, not a Keras model; train again or restore the file")


def check_keras_archive(path: Path) -> None:
    """Refuse a ``.keras`` file that is damaged or absurd, before Keras and HDF5 believe what it says.

    Raises:
        ModelError: a member has another checksum than the archive says, the description is no JSON or beyond bounds, or
            the members unpack to far more than the file has.
    """
    try:
        with bounded_zip(path) as archive:
            check_unpacked(archive, path.stat().st_size)
            parse_json(read_member(archive, _DESCRIPTION, MOST_BYTES), _DESCRIPTION, with_nan=True)
            if damaged := archive.testzip():
                raise BoundedZipError(os.fspath(path), f"{damaged} is damaged")
    except (BoundedZipError, BoundedJsonError, KeyError) as error:
        reason = error.reason if isinstance(error, BoundedZipError) else error.args[0]
        raise ModelError(f"{path}: is damaged ({reason}); train again or restore the file") from error


def load_keras_model(path: Path, config: Config) -> Any:
    """Return the Keras model in a file, not compiled.

    Args:
        path: the file.
        config: the configuration it was made from, which says which layers of other packages it may hold.

    Raises:
        ModelError: there is no such file, or it cannot be read.
        ConfigError: a layer of another package cannot be imported.
        OSError: the folder of temporary files is on a full disk.
    """
    check_keras_file(path)
    check_keras_archive(path)
    import tempfile

    import_tensorflow(f"reading {path}")
    import keras

    from irmas_tf.models.factory import register_layers

    register_layers(config)
    try:
        with naming_file(tempfile.gettempdir()):  # Keras unpacks the file there
            return keras.models.load_model(path, compile=False)
    except Exception as error:  # of a description that is none, Keras raises what it comes across
        if disk_error(error):
            raise
        if newer := newer_keras(path):
            raise ModelError(f"{path}: cannot be loaded; {newer}") from error
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"{path}: cannot be loaded ({reason}); train again or restore the file") from error


def refuse_no_numbers(path: Path, model: Any) -> None:
    """Refuse a Keras model with weights that are NaN or infinite, whose answers would be none.

    Raises:
        ModelError: it has such weights; the message names the first.
    """
    for variable in model.variables:
        values = np.asarray(variable)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ModelError(
                f"{path}: {variable.path} holds weights that are no numbers (NaN or infinite); train again with a lower"
                " --learning_rate, or restore the file"
            )


class RunModel:
    """The best model of a run; a `irmas_tf.inference.window_model.ClassModel`, traced once for any batch size.

    Args:
        run: the run folder.
        config: its configuration.
        model: Keras model, waveform [batch, window_samples] float32 -> logits [batch, classes]; by default that of the
            run, which is read when it is needed for the first time.

    Attributes:
        engine: what computes.
        engine_note: what is to be said about the choice of the engine, if anything.
    """

    engine = TENSORFLOW
    engine_note = ""

    def __init__(self, run: RunDir, config: Config, model: Any = None) -> None:
        self.run = run
        self.config = config
        if model is not None:
            self.model = model

    @classmethod
    def open(cls, run_dir: str | os.PathLike[str]) -> RunModel:
        """Return a run with its configuration; the model is not read yet.

        Raises:
            RunDirError: no such run, or its configuration is unreadable.
        """
        run = RunDir.open(run_dir)
        return cls(run, run.load_config())

    def check_files(self) -> None:
        """Refuse a run whose files cannot be those of a trained model, without TensorFlow.

        Raises:
            ModelError: there is no model yet, or a file of another kind in its place.
            RunDirError: the model is another run's.
            ThresholdsError: a multi-label run's file of levels is missing or damaged.
        """
        check_keras_file(self.run.model_path)
        check_model(self.run, self.config)
        _ = self.thresholds

    @functools.cached_property
    def model(self) -> Any:
        """The Keras model.

        Raises:
            ModelError: the run has no model yet, its file cannot be read, or its classes are not those of the
                configuration's label scheme.
            RunDirError: the model is another run's.
        """
        check_model(self.run, self.config)
        model = load_keras_model(self.run.model_path, self.config)
        if model.output_shape[-1] != self.scheme.num_classes:
            raise ModelError(
                f"{self.run.model_path}: the model answers with {model.output_shape[-1]} classes,"
                f" {self._classes_from()} has {self.scheme.num_classes}; the run folder mixes two trainings, train"
                " again into a new one"
            )
        refuse_no_numbers(self.run.model_path, model)
        return model

    def _classes_from(self) -> str:
        """Return what says which classes there are, in words."""
        data = self.config.data
        return f"--label_scheme={data.label_scheme}" if data.dataset == IRMAS else self.run.config_path.name

    @property
    def audio(self) -> AudioConfig:
        """Rate, window and hop."""
        return self.config.audio

    @property
    def scheme(self) -> LabelScheme:
        """The classes."""
        return self.config.labels

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the model gives; of a model without a layer called embedding no embedding."""
        has_embedding = any(layer.name == EMBEDDING for layer in self.model.layers)
        return OUTPUTS if has_embedding else (PROBABILITIES, LOGITS)

    @functools.cached_property
    def source(self) -> dict[str, Any]:
        """Name of the run, hash of its configuration, SHA-256 of its model."""
        # The same folder and configuration can hold another model tomorrow.
        sha256 = checksum_of(self.run.model_path)
        return {"run": self.run.path.name, "configuration": self.config.hash, "model_sha256": sha256}

    @functools.cached_property
    def thresholds(self) -> np.ndarray | None:
        """The levels that a multi-label run chose, [classes]; a single-label run has none.

        Raises:
            ThresholdsError: a multi-label run's file of levels is missing or damaged.
        """
        codes = self.scheme.codes
        if self.config.model.task != MULTI_LABEL:
            return None
        try:
            model_sha256 = self.source["model_sha256"]
        except FileNotFoundError:
            model_sha256 = ""  # who wants the model itself is told
        return Thresholds.load(self.run.thresholds_path, codes, model_sha256).vector(codes)

    def warm_up(self) -> None:
        """Trace and run the model once, so that the first answer takes no longer than the others."""
        self.values(np.zeros([1, self.audio.window_samples], np.float32))

    def values(self, windows: Any, output: str = PROBABILITIES) -> np.ndarray:
        """Return an output [n, width] float32 of windows [n, window_samples] float32 in [-1, 1]."""
        function = self._embedding if output == EMBEDDING else self._logits  # comes with TensorFlow, quietly
        import tensorflow as tf

        from irmas_tf.models.probabilities import probabilities_of

        outputs = function(tf.convert_to_tensor(windows, tf.float32))
        return (probabilities_of(outputs, self.config) if output == PROBABILITIES else outputs).numpy()

    @functools.cached_property
    def _logits(self) -> Any:
        return window_function(self.model, self.audio.window_samples)

    @functools.cached_property
    def _embedding(self) -> Any:
        from irmas_tf.models.factory import embedding_model

        return window_function(embedding_model(self.model), self.audio.window_samples)


def window_function(model: Any, window_samples: int) -> Any:
    """Return a Keras model as a TensorFlow function of windows [n, window_samples], float32.

    Its signature has a free batch axis: the last, shorter batch neither retraces nor computes padding.
    """
    import tensorflow as tf

    signature = [tf.TensorSpec([None, window_samples], tf.float32)]
    return tf.function(lambda waveform: tf.cast(model(waveform, training=False), tf.float32), signature)
