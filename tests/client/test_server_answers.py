from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.walk import Failure
from irmas_tf.client.server_answers import MAX_LOST_REQUESTS, Sending, server_answers
from irmas_tf.client.server_errors import RefusedError, ServerError, UnavailableError
from irmas_tf.client.transport import ClipOutputs
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.exported_labels import ExportedLabels, LabelsError
from irmas_tf.process.retry import Retry

LABELS = ExportedLabels.from_words(("loud", "quiet"))
BAD = 7.0  # a level that the server refuses


class Server:
    """A transport that answers with the level of a clip, and refuses those of one level."""

    def __init__(self, unavailable: int = 0, classes: int = 2) -> None:
        self.requests: list[int] = []
        self.unavailable = unavailable
        self.classes = classes

    def num_classes(self) -> int:
        return self.classes

    def classify(self, contents: Sequence[bytes]) -> ClipOutputs:
        self.requests.append(len(contents))
        if self.unavailable:
            self.unavailable -= 1
            raise UnavailableError("busy")
        levels = [float(np.frombuffer(content[44:], "<f4")[0]) for content in contents]
        if BAD in levels:
            raise RefusedError("too loud; turn it down")
        probabilities = np.array([[level, 1 - level] + [0.0] * (self.classes - 2) for level in levels])
        return ClipOutputs(probabilities, np.array([len(content) / 1e3 for content in contents]), len(contents))

    def close(self) -> None:
        pass


@pytest.fixture
def files(tmp_path: Path):
    def make(*levels: float) -> list[str]:
        paths = [str(tmp_path / f"{index:02}.wav") for index in range(len(levels))]
        for path, level in zip(paths, levels, strict=True):
            sound = np.full(100, level)
            sound[1::2] += 0.1  # a constant would be silence
            soundfile.write(path, sound, 8000, "FLOAT")
        return paths

    return make


def run(server: Any, paths: Sequence[str | Failure], retries: int = 0, **sending: int) -> list[Answer | Failure]:
    retry = Retry(retries, first_pause_seconds=0.001)
    found = list(server_answers(server, paths, LABELS, retry, Sending(**{"concurrency": 2, **sending})))
    assert [one.path for one in found] == [getattr(path, "path", path) for path in paths]
    return found


def test_answers_are_in_order_and_in_batches(files: Any) -> None:
    server = Server()
    found = run(server, files(*np.linspace(0, 1, 11)), batch_size=4)
    assert [answer.vector[0] for answer in found] == pytest.approx(np.linspace(0, 1, 11))
    assert [one.labels for one in found] == [("quiet",)] * 5 + [("loud",)] + [("loud",)] * 5
    assert sorted(server.requests) == [3, 4, 4]


def test_one_refused_file_costs_only_its_own_answer(files: Any) -> None:
    server = Server()
    found = run(server, files(0.1, 0.2, BAD, 0.3), batch_size=4)
    assert [type(one) for one in found] == [Answer, Answer, Failure, Answer]
    assert found[2].reason == "too loud; turn it down"
    assert server.requests == [4, 1, 1, 1, 1]


def test_unreadable_files_are_not_sent(files: Any, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")
    server = Server()
    paths = [*files(0.5), str(tmp_path / "text.wav"), Failure("gone", "No such file"), str(tmp_path / "none.wav")]
    found = run(server, paths)
    assert isinstance(found[0], Answer) and server.requests == [1]
    assert "not audio" in found[1].reason and found[2].reason == "No such file"
    assert "No such file" in found[3].reason


def test_requests_are_limited_in_size(files: Any) -> None:
    server = Server()
    run(server, files(0.1, 0.2, 0.3, 0.4, 0.5), batch_size=5, max_request_bytes=2 * 444)
    assert server.requests == [2, 2, 1]
    (found,) = run(server, files(0.1), max_request_bytes=443)
    assert "too long to be sent" in found.reason


def test_a_busy_server_is_asked_again(files: Any) -> None:
    server = Server(unavailable=2)
    assert all(isinstance(one, Answer) for one in run(server, files(0.1, 0.2), retries=2))
    assert server.requests == [2, 2, 2]


def test_a_lost_request_costs_its_files_and_a_lost_server_ends_it(files: Any) -> None:
    found = run(Server(unavailable=2), files(0.1, 0.2, 0.3), batch_size=1, concurrency=1)
    assert [type(one) for one in found] == [Failure, Failure, Answer]
    assert found[0].reason == "busy"
    server = Server(unavailable=100)
    with pytest.raises(ServerError, match=f"busy; gave up after {MAX_LOST_REQUESTS} requests in a row"):
        run(server, files(*[0.1] * 20), batch_size=1, concurrency=1)
    assert len(server.requests) < 6


def test_an_answer_that_is_not_a_number_is_none(files: Any) -> None:
    found = run(Server(), files(np.nan, 0.5), batch_size=2)
    assert "NaN" in found[0].reason and isinstance(found[1], Answer)  # found while reading

    class NotANumber(Server):
        def classify(self, contents: Sequence[bytes]) -> ClipOutputs:
            outputs = super().classify(contents)
            outputs.probabilities[0] = np.nan
            return outputs

    found = run(NotANumber(), files(0.1, 0.5), batch_size=2)
    assert "not a number" in found[0].reason and isinstance(found[1], Answer)


def test_a_new_version_with_other_classes_ends_it(files: Any) -> None:
    with pytest.raises(LabelsError, match="answers with 3 classes"):
        run(Server(classes=3), files(0.1))


def test_who_stops_reading_stops_the_sending(files: Any) -> None:
    server, retry = Server(), Retry()
    results = server_answers(server, files(*[0.1] * 50), LABELS, retry, Sending(1, 2))
    next(results)
    results.close()
    assert retry.stop.is_set() and len(server.requests) <= 6
