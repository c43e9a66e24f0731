from __future__ import annotations

import pytest

from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.named_models import NAMED_MODELS, about_line, file_of, load_named, quality_of, split_name
from irmas_tf.inference.open_models import load_model


def test_a_name_may_have_an_argument_and_what_is_there_goes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert split_name("mn04") == ("mn04", "") and split_name("mn04:audioset:A,B") == ("mn04", "audioset:A,B")
    every = "mn04:audioset:" + 200 * "Drum,"
    assert split_name(every) == ("mn04", every.removeprefix("mn04:")), "longer than a file's name can be"
    assert split_name("mn05") is None and split_name("./mn04") is None
    assert load_named("runs/first") is None and file_of("x.tflite") is None
    (tmp_path / "mn04").mkdir()
    assert split_name("mn04") is None
    with pytest.raises(ValueError, match="mn04: is not a model that irmas_tf knows"):
        load_model("mn04")


def test_an_engine_that_it_does_not_run_in_is_refused():
    with pytest.raises(ConfigError, match="--engine=tensorflow: the model mn04 runs in litert"):
        load_model("mn04", "tensorflow")


def test_every_name_has_rows():
    for name in NAMED_MODELS.names():
        rows = NAMED_MODELS.get(name).rows()
        assert rows and all(row.name.partition(":")[0] == name for row in rows)


@pytest.mark.parametrize(
    "facts, words",
    [
        ({"figures": "right for .6 of 55", "metrics": {"accuracy": {"value": 0.9}}}, "right for .6 of 55"),
        (
            {"metrics": {"accuracy": {"value": 0.5, "low": 0.4}, "excerpts": 20, "songs": 4}},
            "accuracy 0.500 on 20 excerpts of 4 songs kept out of its own training data",
        ),
        ({"metrics": {"lrap": 0.75, "clips": 9}}, "LRAP 0.750 on 9 excerpts kept out of its own training data"),
        ({"metrics": None}, ""),
        ({}, ""),
    ],
)
def test_how_good_a_model_is_stands_in_its_facts(facts, words):
    assert quality_of(facts) == words


def test_the_line_names_the_model_and_says_if_nothing_is_known():
    assert about_line("", {"figures": "x"}) == "model composed: x"
    assert about_line("mn04", {}) == "model mn04: how good it is was not measured"
