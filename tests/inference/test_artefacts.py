"""Finding the kind of an artefact; tests/extension/test_artefact.py brings one from outside, from export to answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from irmas_tf.inference.artefacts import ARTEFACTS, load_model, recognise, register_artefact
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.window_model import ModelError
from tests.helpers.tiny_run import make_tiny_run


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


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("page.tflite", b"<!doctype html><html>", "is an HTML page; a page was saved"),
        ("pointer.tflite", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("empty.tflite", b"", "is empty; "),
        (
            "array.npy",
            b"\x93NUMPY\x01\0",
            r"is a NumPy array \(\.npy\), not a model that irmas_tf knows; name the folder of a run",
        ),
    ],
)
def test_what_lies_in_a_models_place_is_named(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=words):
        load_model(tmp_path / name)


def test_a_run_is_ready_when_it_is_loaded(tmp_path):
    run = make_tiny_run(tmp_path / "run")
    model = load_model(run.path)
    assert isinstance(model, RunModel)
    run.model_path.unlink()
    assert np.isfinite(model.values(np.zeros([1, 2000], np.float32))).all()
