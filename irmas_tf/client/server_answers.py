"""Answers of a server for audio files, streamed: batches of files are read, sent and awaited side by side."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence

from irmas_tf.audio.heard import Heard
from irmas_tf.audio.walk import Failure
from irmas_tf.audio.wav_upload import wav_upload
from irmas_tf.client.batch_answers import BatchAnswers, Waiting
from irmas_tf.client.server_errors import ServerError, UnavailableError
from irmas_tf.client.transport import ClipOutputs, Transport
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.exported_labels import ExportedLabels
from irmas_tf.process.ordered_threads import OrderedThreads
from irmas_tf.process.retry import Retry

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
    threads = OrderedThreads(sending.concurrency, name="request", daemon=True)
    results = threads.map(sender, _batches(paths, sending.batch_size), lookahead=2 * sending.concurrency)
    try:
        with contextlib.closing(threads), contextlib.closing(results):
            for answers in results:
                yield from answers
    finally:
        retry.stop.set()


def _batches(paths: Iterable[str | Failure], size: int) -> Iterator[list[str | Failure]]:
    remaining = iter(paths)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


class _Sender(BatchAnswers):
    """Batches through a server that may be away for a while."""

    def __init__(self, transport: Transport, labels: ExportedLabels, retry: Retry, sending: Sending) -> None:
        def read(path: str, heard: Heard) -> bytes:
            return wav_upload(path, labels.sample_rate_hz, sending.max_request_bytes, heard)

        super().__init__(read, self._request, labels, sending.max_request_bytes)
        self._transport = transport
        self._retry = retry
        self._lost = 0
        self._lock = threading.Lock()

    def _request(self, contents: Sequence[bytes]) -> ClipOutputs:
        outputs = self._retry.call(lambda: self._transport.classify(contents))
        with self._lock:
            self._lost = 0
        return outputs

    def send(self, files: dict[int, Waiting]) -> dict[int, Answer | Failure]:
        """Return {index: answer} for {index: file}.

        Raises:
            ServerError: too many requests in a row got no answer; a catalogue would take days to fail file by file.
        """
        try:
            return super().send(files)
        except UnavailableError as error:
            with self._lock:
                self._lost += 1
                if self._lost >= MAX_LOST_REQUESTS:
                    raise ServerError(
                        f"{error}; gave up after {self._lost} requests in a row without an answer"
                    ) from error
            return {index: Failure(file.path, str(error)) for index, file in files.items()}
