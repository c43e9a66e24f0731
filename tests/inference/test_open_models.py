from __future__ import annotations

import pytest

from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.open_models import load_model, open_model, origin_of
from irmas_tf.inference.window_model import ModelError


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


def test_only_a_run_has_a_choice_of_engines(tiny_export):
    with pytest.raises(
        ConfigError, match="is the folder of a SavedModel's version, which runs in tensorflow; leave it out"
    ):
        load_model(tiny_export, "litert")


def test_where_nothing_is_named_the_package_answers():
    model = open_model("", "", "auto")
    origin = origin_of(model, "")
    assert (origin["model"], origin["engine"]) == ("composed", "litert") and "accuracy" in origin["quality"]
