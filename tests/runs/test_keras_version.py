from __future__ import annotations

import importlib.metadata
import json
import zipfile

import pytest

from irmas_tf.runs.keras_version import newer_keras, written_by_keras


@pytest.fixture
def model(tmp_path):
    """Return a function that writes a model file with the metadata of a version of Keras."""

    def write(version):
        with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
            archive.writestr("metadata.json", json.dumps({"keras_version": version, "date_saved": "2030-01-01"}))
        return tmp_path / "model.keras"

    return write


def test_a_newer_keras_is_named_with_the_remedy(model, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "3.15.1")
    told = newer_keras(model("3.20.0"))
    assert told == "Keras 3.20.0 wrote it and 3.15.1 is installed; pip install 'keras>=3.20.0'"
    for version in ("3.15.1", "3.9.2", "2.15.0", "nightly"):
        assert newer_keras(model(version)) is None, version


def test_the_run_knows_where_the_file_does_not(tmp_path, model):
    (tmp_path / "versions.json").write_text(json.dumps({"keras": "99.1.0"}))
    (tmp_path / "model.keras").write_bytes(b"damaged")
    assert written_by_keras(tmp_path / "model.keras") == "99.1.0"
    assert "99.1.0" in newer_keras(tmp_path / "model.keras")
    assert written_by_keras(model("3.12.0")) == "3.12.0", "the file's own word comes first"


@pytest.mark.parametrize("text", ["", "[]", '{"keras": null}'])
def test_nothing_is_said_of_what_nobody_knows(tmp_path, text):
    (tmp_path / "versions.json").write_text(text)
    assert newer_keras(tmp_path / "model.keras") is None
