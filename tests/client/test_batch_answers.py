"""What the client and the pipeline do with it is in their tests; these cover files that go wrong in odd ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from irmas_tf.audio.decode import AudioError
from irmas_tf.audio.walk import Failure
from irmas_tf.client.batch_answers import BatchAnswers
from irmas_tf.client.server_errors import RefusedError
from irmas_tf.client.transport import ClipOutputs
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.exported_labels import ExportedLabels

LABELS = ExportedLabels.from_words(("x", "y"))


def read(path: str) -> bytes:
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
