"""What a data set is, and what is refused; from training to export one is in tests/extension/test_dataset.py."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.config.datasets import DATASETS
from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.dataset import Dataset, LabelledExcerpt, register_dataset
from irmas_tf.datasets.irmas_layout import DataError


class Bells(Dataset):
    """Complete, without an excerpt."""

    labels = LabelScheme.of("bells", {"han": "hand bell", "tub": "tubular bell"})
    licence = "Weights trained on Bells: CC BY 4.0."

    def training(self, data_dir):
        return []


def test_most_data_sets_have_no_test_clips_and_say_so():
    with pytest.raises(DataError, match="--dataset=irmas: has no test clips; evaluate on --split=validation"):
        Bells(DataConfig()).test_clips("data")


@pytest.mark.parametrize(
    "name, attributes, message",
    [
        ("a=b", {}, "its name must be a word"),
        ("x", {"training": Dataset.training}, "it has no method training"),
        ("x", {"labels": ("a", "b")}, "labels must be a LabelScheme"),
        ("x", {"licence": None}, "licence must say what may be done"),
        ("irmas", {}, "'irmas' is registered twice"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_registered(name, attributes, message):
    with pytest.raises(ValueError, match=message):
        register_dataset(name)(type("Mine", (Bells,), attributes))
    with pytest.raises(ValueError, match=r"must be a subclass of irmas_tf\.datasets\.dataset\.Dataset"):
        register_dataset("x")(object)


class Found(Dataset):
    """Its classes are those of its excerpts, and one of these is for tests."""

    classes_in_data = True

    def items(self, data_dir):
        return [
            LabelledExcerpt(Path("a.wav"), name="a", present=("setar", "oud"), absent=()),
            LabelledExcerpt(Path("b.wav"), name="b", code="daf"),
            LabelledExcerpt(Path("c.wav"), name="c", absent=("ney",), part="test"),
        ]


@pytest.fixture
def found():
    register_dataset("found")(Found)
    yield
    DATASETS.unregister("found")


def test_classes_of_the_data_are_read_once_and_recorded(found):
    with pytest.raises(ConfigError, match="--classes is empty: --dataset=found has those in the data"):
        _ = Config.from_dict({"data": {"dataset": "found"}}).labels
    settings = Found(DataConfig(dataset="found", licence_text="Mine.")).describe("data")
    assert settings.classes == ("daf", "ney", "oud", "setar")
    config = Config.from_dict(json.loads(json.dumps({"data": dataclasses.asdict(settings)})))
    assert config.labels.codes == config.labels.names == settings.classes
    assert config.dataset.licence == "Mine." and "--licence_text was not given" in Found(DataConfig()).licence
    ordered = DataConfig(dataset="found", classes=("setar", "daf"))
    assert Found(ordered).describe("data") is ordered


def test_excerpts_for_tests_are_not_trained_on():
    dataset = Found(DataConfig())
    assert [excerpt.name for excerpt in dataset.training("data")] == ["a", "b"]
    assert [excerpt.name for excerpt in dataset.test_items("data")] == ["c"]
    assert Bells(DataConfig()).items("data") == [] and not Bells(DataConfig()).test_items("data")


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"classes": ("a", "b")}, "--classes=a,b: --dataset=irmas has classes of its own"),
        ({"licence_text": "Mine."}, "--licence_text=Mine.: --dataset=irmas has a licence of its own"),
        ({"dataset": "irmas:x"}, "--dataset=irmas:x: has no variants; leave out :x"),
    ],
)
def test_what_a_data_set_knows_itself_cannot_be_set(settings, message):
    with pytest.raises(ConfigError, match=message):
        _ = Config.from_dict({"data": settings}).dataset


@pytest.mark.parametrize(
    "values, message",
    [
        ({"code": "a", "present": ("b",)}, "either by code, or by present and absent"),
        ({"present": ("a",), "absent": ("a",)}, "'a' is present and absent"),
        ({"code": "a", "part": "dev"}, "part is 'dev', and must be one of train, validation, test"),
        ({"name": ""}, "an excerpt needs a name"),
    ],
)
def test_an_excerpt_that_contradicts_itself_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        LabelledExcerpt(Path("x.wav"), **{"name": "x", **values})
