"""A data set from outside the package (docs/extending.md), from training to what an export says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.config.datasets import known_datasets
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.splits import leaks, load_split
from irmas_tf.deploy.metadata import describe
from irmas_tf.evaluate import cli as evaluate
from irmas_tf.predict import cli as predict
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.loop import train
from tests.helpers.documented import extension, in_a_new_process
from tests.helpers.tone_corpus import tiny_config

RATE_HZ = 8000
CODES = ("low", "mid", "high")


@pytest.fixture(scope="module", autouse=True)
def outside(tmp_path_factory):
    with extension(tmp_path_factory.mktemp("tones"), "tones") as folder:
        yield folder


def write_tones(folder: Path) -> Path:
    """Write four recordings of each class, of two excerpts of half a second each."""
    seconds, number = np.arange(RATE_HZ // 2) / RATE_HZ, 0
    for octave, code in enumerate(CODES):
        (folder / code).mkdir(parents=True)
        for step in range(4):
            number += 1
            tone = 0.3 * np.sin(2 * np.pi * 200 * 2 ** (2 * octave + step / 8) * seconds)
            for part in (1, 2):
                soundfile.write(folder / code / f"{number}-{part}.wav", tone / part, RATE_HZ)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> RunDir:
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


@pytest.mark.slow
def test_it_is_known_by_its_name_also_to_a_fresh_process(outside):
    assert {"irmas", "tones"} <= set(known_datasets())
    code = (
        "from irmas_tf.config.run_config import Config; config = Config.from_dict({'data': {'dataset': 'tones'}})\n"
        "import sys; print(*config.labels.codes, 'tensorflow' in sys.modules)"
    )
    assert in_a_new_process(outside, "tones", code) == "low mid high False\n"


@pytest.mark.slow
def test_the_split_keeps_recordings_together_and_is_of_its_names(trained):
    config, split = trained.load_config(), load_split(trained.split_path)
    excerpts = config.dataset.training(config.data.data_dir)
    assert set(split.train) | set(split.validation) == {excerpt.name for excerpt in excerpts}
    assert len(excerpts) == 24 and leaks(split, excerpts) == []
    assert {name.split("/")[0] for name in split.validation} == {"low", "mid", "high"}


@pytest.mark.slow
def test_evaluation_judges_by_its_classes(trained, capsys):
    assert evaluate([f"--run_dir={trained.path}", "--format=json", "--noreport"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["classes"] == ["low", "mid", "high"]
    assert metrics["accuracy"]["value"] > 0.6, "three tones are easy to tell"


@pytest.mark.slow
def test_an_answer_names_its_classes(trained, capsys):
    path = Path(trained.load_config().data.data_dir) / "high" / "9-1.wav"
    assert predict([f"--run_dir={trained.path}", "--format=json", str(path)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["probabilities"]) == {"low", "mid", "high"}
    assert sum(answer["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.slow
def test_an_export_names_its_classes_and_its_licence(trained):
    facts = describe(trained, trained.load_config())
    assert (facts["labels"], facts["label_names"][2]) == (["low", "mid", "high"], "high tone")
    assert facts["licence"] == "Weights trained on Tones: do what you like."
    assert "CC BY-NC-SA 3.0" in Config().dataset.licence


@pytest.mark.slow
def test_a_probe_goes_by_its_classes_and_recordings(trained):
    from irmas_tf.datasets.split_sides import class_indices, group_numbers

    config = trained.load_config()
    excerpts = config.dataset.training(config.data.data_dir)
    np.testing.assert_array_equal(np.bincount(class_indices(excerpts, config.labels)), [8, 8, 8])
    np.testing.assert_array_equal(np.bincount(group_numbers(excerpts)), [2] * 12)


@pytest.mark.slow
def test_what_it_does_not_have_is_said(trained, tmp_path, capsys):
    config = trained.load_config()
    with pytest.raises(DataError, match="--dataset=tones: has no test clips; evaluate on --split=validation"):
        config.dataset.test_clips(config.data.data_dir)
    assert evaluate([f"--run_dir={trained.path}", "--split=test"]) != 0
    assert "--split=test: --dataset=tones keeps no excerpts of" in capsys.readouterr().err
    with pytest.raises(DataError, match="holds no tones"):
        train(tiny_config(tmp_path, dataset="tones"), RunDir(tmp_path / "run"))
    with pytest.raises(ConfigError, match="--label_scheme=report: is for --dataset=irmas"):
        tiny_config(dataset="tones", label_scheme="report")
