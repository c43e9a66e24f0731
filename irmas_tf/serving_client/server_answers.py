"""Answers of a server for audio files, streamed: batches of files are read, sent and awaited side by side."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence

import numpy as np

from irmas_tf.data.audio_io import AudioError
from irmas_tf.data.wav_upload import wav_upload
from irmas_tf.evaluation.answers import Answer
from irmas_tf.evaluation.audio_files import Failure
from irmas_tf.evaluation.exported_labels import ExportedLabels
from irmas_tf.serving_client.ordered_calls import in_order
from irmas_tf.serving_client.retry import Retry
from irmas_tf.serving_client.server_errors import RefusedError, ServerError, UnavailableError
from irmas_tf.serving_client.transport import Transport

MAX_LOST_REQUESTS = 3
"""Requests in a row without an answer, all repetitions included, after which the server is given up."""


@dataclasses.dataclass(frozen=True)
class Sending:
    """How files go to the server.

    Attributes:
        batch_size: most files in a request.
        concurrency: requests under way at a time.
        max_request_bytes: most audio in a request; a file that is larger, decoded to the model's rate, is not sent.
    """

    batch_size: int = 8
    concurrency: int = 4
    max_request_bytes: int = 64 << 20


def server_answers(
    transport: Transport, paths: Iterable[str | Failure], labels: ExportedLabels, retry: Retry, sending: Sending
) -> Generator[Answer | Failure, None, None]:
    """Yield an answer, or the reason for none, for every path in order.

    A request that is refused is repeated file by file, so that one bad file costs only its own answer.

    Args:
        transport: the connection.
        paths: files; a `Failure` among them is passed on in its place.
        labels: what the probabilities are of.
        retry: how often a request is repeated.
        sending: how files are sent.

    Raises:
        ServerError: the server cannot be used, or has stopped answering.
    """
    sender = _Sender(transport, labels, retry, sending)
    results = in_order(sender.answers, _batches(paths, sending.batch_size), sending.concurrency)
    try:
        with contextlib.closing(results):
            for answers in results:
                yield from answers
    finally:
        retry.stop.set()


def _batches(paths: Iterable[str | Failure], size: int) -> Iterator[list[str | Failure]]:
    remaining = iter(paths)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


class _Sender:
    """Turns batches of paths into answers; called from several threads."""

    def __init__(self, transport: Transport, labels: ExportedLabels, retry: Retry, sending: Sending) -> None:
        self._transport = transport
        self._labels = labels
        self._retry = retry
        self._sending = sending
        self._lost = 0
        self._lock = threading.Lock()

    def answers(self, paths: Sequence[str | Failure]) -> list[Answer | Failure]:
        """Return the answers for paths, in their order."""
        found: dict[int, Answer | Failure] = {}
        waiting: dict[int, tuple[str, bytes]] = {}
        size = 0
        for index, path in enumerate(paths):
            content = path if isinstance(path, Failure) else self._read(path)
            if isinstance(content, Failure):
                found[index] = content
                continue
            if waiting and size + len(content) > self._sending.max_request_bytes:
                found |= self._send(waiting)
                waiting, size = {}, 0
            waiting[index] = (str(path), content)
            size += len(content)
        if waiting:
            found |= self._send(waiting)
        return [found[index] for index in range(len(paths))]

    def _read(self, path: str) -> bytes | Failure:
        try:
            return wav_upload(path, self._labels.sample_rate_hz, self._sending.max_request_bytes)
        except AudioError as error:
            return Failure(path, error.problem)
        except OSError as error:
            return Failure(path, error.strerror or str(error))
        except Exception as error:  # one strange file must not cost the others their answer
            return Failure(path, f"{type(error).__name__}: {error}")

    def _send(self, files: dict[int, tuple[str, bytes]]) -> dict[int, Answer | Failure]:
        """Return {index: answer} for {index: (path, content)}."""
        contents = [content for _, content in files.values()]
        try:
            outputs = self._retry.call(lambda: self._transport.classify(contents))
        except RefusedError as error:
            if len(files) == 1:
                return {index: Failure(path, str(error)) for index, (path, _) in files.items()}
            found: dict[int, Answer | Failure] = {}
            for index, file in files.items():
                found |= self._send({index: file})
            return found
        except UnavailableError as error:
            self._count_lost(error)
            return {index: Failure(path, str(error)) for index, (path, _) in files.items()}
        with self._lock:
            self._lost = 0
        self._labels.check_width(outputs.probabilities.shape[1], "the server")
        rows = zip(files.items(), outputs.probabilities, outputs.duration_seconds, strict=True)
        return {index: self._answer(path, row, float(seconds)) for (index, (path, _)), row, seconds in rows}

    def _answer(self, path: str, probabilities: np.ndarray, seconds: float) -> Answer | Failure:
        if not np.isfinite(probabilities).all():
            return Failure(path, "the model's answer is not a number; samples should be within -1 and 1")
        return Answer(path, seconds, probabilities, self._labels.named(probabilities))

    def _count_lost(self, error: UnavailableError) -> None:
        """Give up a server that does not come back: a catalogue would take days to fail file by file."""
        with self._lock:
            self._lost += 1
            if self._lost >= MAX_LOST_REQUESTS:
                raise ServerError(f"{error}; gave up after {self._lost} requests in a row without an answer") from error
