"""Answers for batches of files from anything that answers for the bytes of WAV files, and may refuse some."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from irmas_tf.audio.decode import AudioError
from irmas_tf.audio.walk import Failure
from irmas_tf.client.server_errors import RefusedError
from irmas_tf.client.transport import ClipOutputs
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.exported_labels import ExportedLabels

Classify = Callable[[Sequence[bytes]], ClipOutputs]
ReadWav = Callable[[str], bytes]


class BatchAnswers:
    """Turns batches of paths into answers; may be called from several threads.

    Args:
        read: path -> bytes of a WAV file; what it raises is the reason why a file gets no answer.
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
        waiting: dict[int, tuple[str, bytes]] = {}
        size = 0
        for index, path in enumerate(paths):
            content = path if isinstance(path, Failure) else self._read(path)
            if isinstance(content, Failure):
                answers[index] = content
                continue
            if waiting and size + len(content) > self._max_bytes:
                answers |= self.send(waiting)
                waiting, size = {}, 0
            waiting[index] = (str(path), content)
            size += len(content)
        if waiting:
            answers |= self.send(waiting)
        return [answers[index] for index in range(len(paths))]

    def _read(self, path: str) -> bytes | Failure:
        try:
            return self._read_wav(path)
        except AudioError as error:
            return Failure(path, error.problem)
        except OSError as error:
            return Failure(path, error.strerror or str(error))
        except Exception as error:  # one strange file must not cost the others their answer
            return Failure(path, f"{type(error).__name__}: {error}")

    def send(self, files: dict[int, tuple[str, bytes]]) -> dict[int, Answer | Failure]:
        """Return {index: answer} for {index: (path, content)}; what is refused together is tried one by one."""
        try:
            outputs = self._classify([content for _, content in files.values()])
        except RefusedError as error:
            if len(files) == 1:
                return {index: Failure(path, str(error)) for index, (path, _) in files.items()}
            answers: dict[int, Answer | Failure] = {}
            for index, file in files.items():
                answers |= self.send({index: file})
            return answers
        self._labels.check_width(outputs.probabilities.shape[1], "the model")
        rows = zip(files.items(), outputs.probabilities, outputs.duration_seconds, strict=True)
        return {index: self._answer(path, row, float(seconds)) for (index, (path, _)), row, seconds in rows}

    def _answer(self, path: str, probabilities: np.ndarray, seconds: float) -> Answer | Failure:
        if not np.isfinite(probabilities).all():
            return Failure(path, "the model's answer is not a number; samples should be within -1 and 1")
        return Answer(path, seconds, self._labels.scheme, probabilities, self._labels.named(probabilities))
