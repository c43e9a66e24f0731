"""What the client and the pipeline do with it is in their tests; these cover files that go wrong in odd ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from irmas_tf.audio.decode import AudioError
from irmas_tf.audio.heard import Heard
from irmas_tf.audio.walk import Failure
from irmas_tf.client.batch_answers import BatchAnswers
from irmas_tf.client.server_errors import RefusedError
from irmas_tf.client.transport import ClipOutputs
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.exported_labels import ExportedLabels

LABELS = ExportedLabels.from_words(("x", "y"))


def read(path: str, heard: Heard) -> bytes:
    heard.loudest = 0.1
    if path == "audio":
        raise AudioError("audio", "is cut")
    if path == "system":
        raise PermissionError(13, "Permission denied", "system")
    if path == "strange":
        raise ZeroDivisionError("by zero")
    return path.encode()


def test_every_file_has_its_own_end_and_place() -> None:
    calls = []

    def classify(contents: Sequence[bytes]) -> ClipOutputs:
        calls.append(list(contents))
        if b"refused" in contents:
            raise RefusedError("not this one")
        return ClipOutputs(np.array([[0.25, 0.75]] * len(contents)), np.ones(len(contents)), len(contents))

    answers = BatchAnswers(read, classify, LABELS, max_bytes=12)
    paths = ["a", "audio", "refused", "system", Failure("gone", "away"), "strange", "b", "a long name", "c"]
    found = answers(paths)
    assert [getattr(one, "reason", None) for one in found] == [
        None, "is cut", "not this one", "Permission denied", "away", "ZeroDivisionError: by zero", None, None, None,
    ]  # fmt: skip
    assert [one.path for one in found] == [*paths[:4], "gone", *paths[5:]]
    assert isinstance(found[0], Answer) and found[0].labels == ("y",)
    together = [[b"a", b"refused", b"b"], [b"a"], [b"refused"], [b"b"], [b"a long name", b"c"]]
    assert calls == together, "refused ones are tried one by one, and requests are limited in bytes"


def test_silence_names_nothing_whether_the_model_says_so_or_not() -> None:
    def listen(path: str, heard: Heard) -> bytes:
        heard.loudest, heard.rate_hz = (0.0, 8000) if path == "silent" else (0.1, 44_100)
        heard.loudest_cancelled = 0.5 if path == "silent" else 0.0
        return path.encode()

    for told in (np.array([True, False]), None):  # None: of a model that was exported before the rule

        def classify(contents: Sequence[bytes], told: np.ndarray | None = told) -> ClipOutputs:
            return ClipOutputs(np.array([[0.25, 0.75]] * 2), np.ones(2), 2, told)

        facts = {"labels": ["x", "y"], "label_names": ["x", "y"], "sample_rate_hz": 22_050}
        labels = ExportedLabels.from_facts({**facts, "window_samples": 66_150, "window_hop_samples": 33_075}, "facts")
        silent, other = BatchAnswers(listen, classify, labels, max_bytes=100)(["silent", "other"])
        assert isinstance(silent, Answer) and silent.labels == () and silent.vector.tolist() == [0.25, 0.75]
        assert [note.code for note in silent.notes] == ["silent_in_mono", "narrow_band"]
        assert isinstance(other, Answer) and other.labels == ("y",) and other.notes == ()
        (unknown,) = BatchAnswers(listen, lambda _: ClipOutputs(np.array([[0.2, 0.8]]), np.ones(1), 1), LABELS, 100)(
            ["silent"]
        )
        assert isinstance(unknown, Answer) and [note.code for note in unknown.notes] == ["silent_in_mono"]
