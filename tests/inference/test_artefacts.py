"""Finding the kind of an artefact; tests/extension/test_artefact.py brings one from outside, from export to answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from irmas_tf.inference.artefacts import ARTEFACTS, recognise, register_artefact
from irmas_tf.inference.open_models import load_model
from irmas_tf.inference.window_model import ModelError


@pytest.fixture
def note():
    """Register a kind of artefact: a text file with the word model."""

    @register_artefact("note")
    class Note:
        description = "a note"

        def recognises(self, path: Path) -> bool:
            return path.is_file() and "model" in path.read_text()

        def load(self, path: Path):
            return path.read_text()

    yield Note
    ARTEFACTS.unregister("note")


def test_every_kind_knows_its_own_and_no_other(tiny_export, tmp_path, note):
    (tmp_path / "a.tflite").write_bytes(bytes(20))
    (tmp_path / "b").write_bytes(bytes(4) + b"TFL3")
    (tmp_path / "c.txt").write_text("a model")
    kinds = {
        tiny_export.parents[2] / "run": "run",
        tiny_export: "saved_model",
        tmp_path / "a.tflite": "tflite",
        tmp_path / "b": "tflite",
        tmp_path / "c.txt": "note",
    }
    for path, wanted in kinds.items():
        assert recognise(path)[0] == wanted
        others = [name for name in ARTEFACTS.names() if name not in (wanted, "note")]
        assert not any(ARTEFACTS.get(name).recognises(path) for name in others)
    assert isinstance(ARTEFACTS.get("note"), note) and load_model(str(tmp_path / "c.txt")) == "a model"


def test_of_two_kinds_that_know_a_path_the_registered_one_is_asked(tmp_path, note):
    (tmp_path / "a.tflite").write_text("model")
    assert recognise(tmp_path / "a.tflite")[0] == "note"


def test_what_no_kind_knows_is_refused_with_the_kinds_or_the_versions(tiny_export, tmp_path):
    kinds = r"the folder of a run, the folder of a SavedModel's version, an \.onnx file or a \.tflite file"
    names = ", or one of the models composed, mn04"
    with pytest.raises(ModelError, match=f"none: no such file or folder; name {kinds}{names}$"):
        load_model(tmp_path / "none")
    with pytest.raises(ModelError, match=f"is not a model that irmas_tf knows; name {kinds}$"):
        load_model(tmp_path)
    with pytest.raises(ModelError, match=rf"its versions are 1: name {tiny_export}$"):
        load_model(tiny_export.parent)
