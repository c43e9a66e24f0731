"""Answers for batches of files from anything that answers for the bytes of WAV files, and may refuse some."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from irmas_tf.audio.decode import AudioError
from irmas_tf.audio.heard import Heard
from irmas_tf.audio.silence import amplitude
from irmas_tf.audio.walk import Failure
from irmas_tf.client.server_errors import RefusedError
from irmas_tf.client.transport import ClipOutputs
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.exported_labels import ExportedLabels
from irmas_tf.inference.notes import silence_notes, sound_notes

Classify = Callable[[Sequence[bytes]], ClipOutputs]
ReadWav = Callable[[str, Heard], bytes]


@dataclasses.dataclass(frozen=True)
class Waiting:
    """A file that has been read.

    Attributes:
        path: of the file.
        content: the bytes of a WAV file with its sound.
        heard: what was met while it was read.
    """

    path: str
    content: bytes
    heard: Heard


class BatchAnswers:
    """Turns batches of paths into answers; may be called from several threads.

    Args:
        read: (path, what is told about the sound) -> bytes of a WAV file; what it raises is the reason why a file gets
            no answer.
        classify: bytes of WAV files -> outputs; raises `RefusedError` if it does not want one of them.
        labels: what the probabilities are of.
        max_bytes: most bytes that ``classify`` gets at once, if it is more than one file.
    """

    def __init__(self, read: ReadWav, classify: Classify, labels: ExportedLabels, max_bytes: int) -> None:
        self._read_wav = read
        self._classify = classify
        self._labels = labels
        self._max_bytes = max_bytes

    def __call__(self, paths: Sequence[str | Failure]) -> list[Answer | Failure]:
        """Return the answers for paths, in their order; a `Failure` among them is passed on in its place."""
        answers: dict[int, Answer | Failure] = {}
        waiting: dict[int, Waiting] = {}
        size = 0
        for index, path in enumerate(paths):
            heard = Heard()
            content = path if isinstance(path, Failure) else self._read(path, heard)
            if isinstance(content, Failure):
                answers[index] = content
                continue
            if waiting and size + len(content) > self._max_bytes:
                answers |= self.send(waiting)
                waiting, size = {}, 0
            waiting[index] = Waiting(str(path), content, heard)
            size += len(content)
        if waiting:
            answers |= self.send(waiting)
        return [answers[index] for index in range(len(paths))]

    def _read(self, path: str, heard: Heard) -> bytes | Failure:
        try:
            return self._read_wav(path, heard)
        except AudioError as error:
            return Failure(path, error.problem)
        except OSError as error:
            return Failure(path, error.strerror or str(error))
        except Exception as error:  # one strange file must not cost the others their answer
            return Failure(path, f"{type(error).__name__}: {error}")

    def send(self, files: dict[int, Waiting]) -> dict[int, Answer | Failure]:
        """Return {index: answer} for {index: file}; what is refused together is tried one by one."""
        try:
            outputs = self._classify([file.content for file in files.values()])
        except RefusedError as error:
            if len(files) == 1:
                return {index: Failure(file.path, str(error)) for index, file in files.items()}
            answers: dict[int, Answer | Failure] = {}
            for index, file in files.items():
                answers |= self.send({index: file})
            return answers
        self._labels.check_width(outputs.probabilities.shape[1], "the model")
        return {index: self._answer(file, outputs, row) for row, (index, file) in enumerate(files.items())}

    def _answer(self, file: Waiting, outputs: ClipOutputs, row: int) -> Answer | Failure:
        probabilities, seconds = outputs.probabilities[row], float(outputs.duration_seconds[row])
        if not np.isfinite(probabilities).all():
            return Failure(file.path, "the model's answer is not a number; samples should be within -1 and 1")
        labels, heard = self._labels, file.heard
        # A model that was exported before there was a rule of silence does not say what is silent.
        silent = heard.loudest < amplitude(labels.silence_dbfs) if outputs.silent is None else outputs.silent[row]
        notes = (
            *silence_notes(heard, np.array([silent]), labels.silence_dbfs),
            *sound_notes(heard, seconds, labels.audio),
        )
        named = () if silent else labels.named(probabilities)
        return Answer(file.path, seconds, labels.scheme, probabilities, named, notes=notes)
