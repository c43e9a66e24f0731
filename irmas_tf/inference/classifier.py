"""The face of a model: sound in, answer out, whatever the model is stored as."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from typing import Any

import numpy as np

from irmas_tf.audio.decode import AudioError
from irmas_tf.audio.heard import Heard
from irmas_tf.audio.walk import AudioFiles, Failure
from irmas_tf.inference.activity import Activity
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.clip_means import WindowSum, clip_means
from irmas_tf.inference.clip_windows import NOT_A_NUMBER
from irmas_tf.inference.named_models import DEFAULT_MODEL
from irmas_tf.inference.naming import named_codes
from irmas_tf.inference.notes import Note, clip_notes, is_silent
from irmas_tf.inference.open_models import load_model
from irmas_tf.inference.prediction import predict_files
from irmas_tf.inference.samples import SamplesError, WindowValues, mono_waveform, window_values
from irmas_tf.inference.window_model import EMBEDDING, PROBABILITIES, ClassModel, require_output, silence_dbfs


class Classifier:
    """A model in use, for any sound: paths of audio files, or samples that are in memory.

    A window slides over the sound as it does in ``irmas_tf.predict``, probabilities are the mean over the windows, and
    classes are named by the model's thresholds (or the most probable class, of a model that answers with one).

    Args:
        model: the model, of any kind.
    """

    def __init__(self, model: ClassModel) -> None:
        self.model = model
        self._thresholds = model.thresholds

    def __repr__(self) -> str:
        classes, seconds = len(self.classes), self.model.audio.window_seconds
        return f"Classifier({classes} classes, windows of {seconds:g} s at {self.sample_rate_hz:,} Hz)"

    @property
    def classes(self) -> tuple[str, ...]:
        """Codes of the classes, in the order of the probabilities."""
        return self.model.scheme.codes

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, in the same order."""
        return self.model.scheme.names

    @property
    def sample_rate_hz(self) -> int:
        """The rate that all sound is resampled to."""
        return self.model.audio.sample_rate_hz

    @property
    def thresholds(self) -> dict[str, float] | None:
        """Class code -> probability from which the class is named; None: the most probable class is named."""
        if self._thresholds is None:
            return None
        return dict(zip(self.classes, self._thresholds.tolist(), strict=True))

    def classify(self, sound: Any, sample_rate_hz: float | None = None) -> Answer:
        """Return what is heard in a sound.

        Args:
            sound: path of an audio file, or samples: [samples] or [samples, channels], floats with full scale 1.0 or
                PCM integers (int16, int32, uint8).
            sample_rate_hz: rate of the samples; not for a file, which knows its own.

        Raises:
            AudioError: the file cannot be read.
            SamplesError: the samples cannot be used; the message says why.
        """
        if _is_path(sound, sample_rate_hz):
            return self._of_file(sound, with_activity=False)
        heard = Heard()
        waveform = mono_waveform(sound, sample_rate_hz, self.sample_rate_hz, heard)
        windows = window_values(self.model, waveform, [PROBABILITIES])
        mean, notes = _mean(windows, PROBABILITIES), self._notes(heard, waveform, windows)
        labels = () if is_silent(notes) else named_codes(mean, self._thresholds, self.classes)
        return Answer("", len(waveform) / self.sample_rate_hz, self.model.scheme, mean, labels, notes=notes)

    def activity(self, sound: Any, sample_rate_hz: float | None = None) -> Activity:
        """Return who plays when: the probabilities of every window; arguments and errors as for `classify`."""
        if _is_path(sound, sample_rate_hz):
            activity = self._of_file(sound, with_activity=True).activity
            assert activity is not None
            return activity
        heard = Heard()
        waveform = mono_waveform(sound, sample_rate_hz, self.sample_rate_hz, heard)
        windows = window_values(self.model, waveform, [PROBABILITIES])
        probabilities = _finite(windows.values[PROBABILITIES])
        audio, seconds = self.model.audio, len(waveform) / self.sample_rate_hz
        starts = windows.starts / audio.sample_rate_hz
        return Activity(
            "",
            seconds,
            audio.window_seconds,
            starts,
            probabilities,
            self.model.scheme,
            self._thresholds,
            windows.silent,
            self._notes(heard, waveform, windows),
        )

    def embed(self, sound: Any, sample_rate_hz: float | None = None) -> np.ndarray:
        """Return the embedding of a sound, [width] float32: the mean over its windows; arguments as for `classify`.

        Raises:
            ModelError: the model has no embedding (a .tflite file of an earlier version).
            AudioError, SamplesError: as for `classify`.
        """
        require_output(self.model, EMBEDDING)
        if _is_path(sound, sample_rate_hz):
            (result,) = clip_means(self.model, [os.fspath(sound)], EMBEDDING)
            if isinstance(result, Failure):
                raise AudioError(result.path, result.reason)
            return result.mean.astype(np.float32)
        waveform = mono_waveform(sound, sample_rate_hz, self.sample_rate_hz)
        return _mean(window_values(self.model, waveform, [EMBEDDING]), EMBEDDING).astype(np.float32)

    def classify_files(
        self, paths: Iterable[str | os.PathLike[str]], *, batch_size: int = 16, with_activity: bool = False
    ) -> Generator[Answer | Failure, None, None]:
        """Yield an answer for every audio file in order, or a `Failure` (path, reason) for one that has none.

        Files are decoded ahead of the model and their windows share batches; memory depends neither on the number of
        files nor, without activity, on their length.

        Args:
            paths: files and folders; folders are searched for audio files.
            batch_size: most windows the model sees at once.
            with_activity: whether answers hold their activity over time.
        """
        files = AudioFiles([os.fspath(path) for path in paths])
        return predict_files(
            self.model, files, batch_size=batch_size, levels=self._thresholds, with_activity=with_activity
        )

    def _notes(self, heard: Heard, waveform: np.ndarray, windows: WindowValues) -> tuple[Note, ...]:
        seconds, dbfs = len(waveform) / self.sample_rate_hz, silence_dbfs(self.model)
        return clip_notes(heard, seconds, windows.silent, self.model.audio, dbfs)

    def _of_file(self, path: str | os.PathLike[str], with_activity: bool) -> Answer:
        (answer,) = predict_files(self.model, [os.fspath(path)], levels=self._thresholds, with_activity=with_activity)
        if isinstance(answer, Failure):
            raise AudioError(answer.path, answer.reason)
        return answer


def load(path: str | os.PathLike[str] = DEFAULT_MODEL) -> Classifier:
    """Return a model, ready to answer.

    Args:
        path: a run folder, a SavedModel's version folder, a .tflite file, or the name of a model: ``composed``, which
            comes with the package and is the default, or ``mn04``, after ``irmas download mn04``.

    Other packages can add kinds (`irmas_tf.register_artefact`).

    Raises:
        ModelError: there is no model, or no kind knows it.
        ValueError: it is damaged; the message names it and the remedy.
    """
    return Classifier(load_model(path))


def _is_path(sound: Any, sample_rate_hz: float | None) -> bool:
    """Return whether a sound is a path.

    Raises:
        SamplesError: it is one, and a rate is given.
    """
    is_path = isinstance(sound, (str, os.PathLike))
    if is_path and sample_rate_hz is not None:
        raise SamplesError(f"sample_rate_hz={sample_rate_hz}: is for samples; the file {os.fspath(sound)} has its own")
    return is_path


def _mean(windows: WindowValues, output: str) -> np.ndarray:
    """Return the mean over the windows that count, [width] float64, summed as `clip_means` does."""
    total = WindowSum()
    for values, is_silent_window in zip(windows.values[output], windows.silent.tolist(), strict=True):
        total.add(values, is_silent_window)
    return _finite(total.mean)


def _finite(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise SamplesError(NOT_A_NUMBER)
    return values
