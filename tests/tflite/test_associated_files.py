from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest

from irmas_tf.tflite.associated_files import with_associated_files, without_associated_files

FACTS = {"labels": ["a", "b"], "label_names": ["Ä", "B"], "thresholds": None}


def test_files_lie_behind_the_model_and_come_off_again():
    model = b"\x1c\0\0\0TFL3" + bytes(range(256))
    content = with_associated_files(model, FACTS, embedding_width=2)
    assert content.startswith(model) and without_associated_files(content) == model
    assert content == with_associated_files(model, FACTS, embedding_width=2), "no date in it"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("labels_en.txt").decode() == "Ä\nB\n" and archive.read("embedding.txt") == b"e0\ne1\n"
        facts = json.loads(archive.read("irmas_tf.json"))
    assert facts == FACTS | {"content_sha256": hashlib.sha256(model).hexdigest()}


def test_a_model_without_files_is_an_error():
    with pytest.raises(ValueError, match="no archive lies behind the model"):
        without_associated_files(b"TFL3" * 30)
