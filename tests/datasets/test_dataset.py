"""A data set of another package, registered from outside irmas_tf, from training to what an export says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.config.datasets import DATASETS
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.dataset import Dataset, register_dataset
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.splits import leaks, load_split
from irmas_tf.deploy.metadata import describe
from irmas_tf.evaluate import cli as evaluate
from irmas_tf.predict import cli as predict
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.loop import train
from tests.helpers.outside_dataset import write_tones
from tests.helpers.registered import registered
from tests.helpers.tone_corpus import tiny_config

MODULE = "tests.helpers.outside_dataset"


@pytest.fixture(scope="module")
def tones():
    with registered(MODULE, DATASETS, "tones") as module:
        yield module.Tones


@pytest.fixture(scope="module")
def trained(tones, tmp_path_factory) -> RunDir:
    data = write_tones(tmp_path_factory.mktemp("tones") / "data")
    config = tiny_config(
        data,
        dataset="tones",
        epochs=8,
        batch_size=6,
        learning_rate=0.02,
        ema_decay=0.5,
        time_masks=0,
        frequency_masks=0,
    )
    run = RunDir.create(tmp_path_factory.mktemp("run") / "run", config)
    train(config, run)
    return run


def test_the_split_keeps_recordings_together_and_is_of_its_names(trained):
    config, split = trained.load_config(), load_split(trained.split_path)
    excerpts = config.dataset.training(config.data.data_dir)
    assert set(split.train) | set(split.validation) == {excerpt.name for excerpt in excerpts}
    assert len(excerpts) == 24 and leaks(split, excerpts) == []
    assert {name.split("/")[0] for name in split.validation} == {"low", "mid", "high"}


def test_evaluation_judges_by_its_classes(trained, capsys):
    assert evaluate([f"--run_dir={trained.path}", "--format=json", "--noreport"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["classes"] == ["low", "mid", "high"]
    assert metrics["accuracy"]["value"] > 0.6, "three tones are easy to tell"


def test_an_answer_names_its_classes(trained, capsys):
    path = Path(trained.load_config().data.data_dir) / "high" / "9-1.wav"
    assert predict([f"--run_dir={trained.path}", "--format=json", str(path)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["probabilities"]) == {"low", "mid", "high"}
    assert sum(answer["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)


def test_an_export_names_its_classes_and_its_licence(trained):
    facts = describe(trained, trained.load_config())
    assert (facts["labels"], facts["label_names"][2]) == (["low", "mid", "high"], "high tone")
    assert facts["licence"] == "Weights trained on Tones: do what you like."
    assert "CC BY-NC-SA 3.0" in Config().dataset.licence


def test_a_probe_goes_by_its_classes_and_recordings(tones, trained):
    from irmas_tf.datasets.split_sides import class_indices, group_numbers

    config = trained.load_config()
    excerpts = config.dataset.training(config.data.data_dir)
    np.testing.assert_array_equal(np.bincount(class_indices(excerpts, config.labels)), [8, 8, 8])
    np.testing.assert_array_equal(np.bincount(group_numbers(excerpts)), [2] * 12)


def test_what_it_does_not_have_is_said(tones, trained, tmp_path, capsys):
    config = trained.load_config()
    with pytest.raises(DataError, match="--dataset=tones: has no test clips; evaluate on --split=validation"):
        config.dataset.test_clips(config.data.data_dir)
    assert evaluate([f"--run_dir={trained.path}", "--split=test"]) != 0
    assert "--dataset=tones: has no test clips" in capsys.readouterr().err
    with pytest.raises(DataError, match="holds no tones"):
        train(tiny_config(tmp_path, dataset="tones"), RunDir(tmp_path / "run"))
    with pytest.raises(ConfigError, match="--label_scheme=report: is for --dataset=irmas"):
        tiny_config(dataset="tones", label_scheme="report")


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
def test_what_cannot_work_is_refused_when_it_is_registered(tones, name, attributes, message):
    with pytest.raises(ValueError, match=message):
        register_dataset(name)(type("Mine", (tones,), attributes))
    with pytest.raises(ValueError, match=r"must be a subclass of irmas_tf\.datasets\.dataset\.Dataset"):
        register_dataset("x")(object)
