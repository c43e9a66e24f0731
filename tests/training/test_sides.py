"""Which labels a run takes, and that data sets of other shapes train as IRMAS does."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from irmas_tf.config.datasets import DATASETS
from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.dataset import Dataset, LabelledExcerpt, register_dataset
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.models.factory import build_model
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds
from irmas_tf.training.checkpoint import CheckpointStore
from irmas_tf.training.loop import train
from irmas_tf.training.sides import completed, load_sides
from irmas_tf.training.step import TrainingStep
from tests.helpers.tone_corpus import RATE_HZ, tiny_config, write_corpus


class Strings(Dataset):
    """Two classes found in the data; of every third clip one is unknown, and every seventh has neither."""

    classes_in_data = True

    def items(self, data_dir):
        found = []
        for path in sorted(Path(data_dir).glob("*.wav")):
            k = int(path.stem)
            present = () if k % 7 == 6 else ("oud", "setâr")[k % 2 : k % 2 + 1 + (k % 5 == 0)]
            absent = None if k % 3 else ()
            found.append(LabelledExcerpt(path, name=path.name, group=k // 2, present=present, absent=absent))
        return found


@pytest.fixture(scope="module")
def strings(tmp_path_factory):
    """Return a folder of 36 clips of the data set ``strings``."""
    folder, rng = tmp_path_factory.mktemp("strings"), np.random.default_rng(0)
    for k in range(36):
        soundfile.write(folder / f"{k:02d}.wav", 0.1 * rng.standard_normal(RATE_HZ // 2).clip(-3, 3), RATE_HZ)
    register_dataset("strings")(Strings)
    yield folder
    DATASETS.unregister("strings")


def config_of(folder, **changes):
    changes = {"dataset": "strings", "task": "multi_label", "label_smoothing": 0.0, **changes}
    return completed(tiny_config(folder, **changes))


def test_the_classes_in_the_data_become_the_runs_and_the_counts_are_theirs(strings, tmp_path):
    config, run = config_of(strings), RunDir(tmp_path)
    sides = load_sides(config, run)
    assert config.labels.codes == ("oud", "setâr") == run.load_config().labels.codes
    assert sides.train.has_unknown and not sides.validation.is_single
    document = json.loads(run.split_path.read_text())
    heard = {code: int(n) for code, n in zip(config.labels.codes, (sides.train.targets == 1).sum(axis=0), strict=True)}
    assert document["counts"]["train"] == heard


@pytest.mark.parametrize(
    "changes, error, message",
    [
        (
            {"task": "single_label"},
            DataError,
            r"\d+ of 36 excerpts do not have one class each .*: --task=single_label cannot use them; use"
            " --task=multi_label",
        ),
        (
            {"mix_probability": 0.5, "mix_targets": "level"},
            ConfigError,
            r"--mix_targets=level: compares the levels of classes, and \d+ of the \d+ training excerpts have unknown",
        ),
        ({"classes": ("oud", "kamancheh")}, DataError, "unknown class code 'setâr'; known codes: oud, kamancheh"),
        ({"data_dir": ""}, ConfigError, "--data_dir is empty"),
    ],
)
def test_labels_that_a_setting_cannot_use_are_refused_before_anything_is_recorded(
    strings, tmp_path, changes, error, message
):
    folder = changes.pop("data_dir", strings)
    with pytest.raises(error, match=message):
        load_sides(config_of(folder, **changes), RunDir(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("task, classes", [("single_label", 2), ("multi_label", 2), ("multi_label", 1000)])
def test_a_network_of_two_classes_or_a_thousand_takes_a_step(strings, task, classes):
    names = tuple(f"ساز {k}" for k in range(classes))
    config = config_of(strings, classes=names, task=task, batch_size=8)
    keras.utils.set_random_seed(0)
    step = TrainingStep(build_model(config), config, tf.distribute.get_strategy(), has_unknown=task == "multi_label")
    rng = np.random.default_rng(0)
    rows = np.eye(classes, dtype=np.int8)[rng.integers(0, classes, 8)]
    if task == "multi_label":
        rows[rng.random(rows.shape) < 0.5] = -1
    waveform = rng.standard_normal([8, config.audio.window_samples]).astype(np.float32)
    before = step.model.get_weights()[-2]
    step.set_learning_rate(0.01)
    assert np.isfinite(step.run_batch(waveform, rows, {})).all()
    assert step.model.output_shape == (None, classes) == (None, before.shape[-1])
    assert (step.model.get_weights()[-2] != before).any(axis=0).all(), "each class has learnt"


def weights_of(run: RunDir) -> dict[str, bytes]:
    with np.load(CheckpointStore(run.checkpoints_dir).paths()[-1]) as file:
        return {name: file[name].tobytes() for name in file.files if name != "state.json"}


@pytest.mark.slow
def test_unknown_labels_train_and_resume_bit_for_bit(strings, tmp_path):
    config = config_of(
        strings,
        epochs=1,
        batch_size=8,
        mix_probability=0.5,
        mixup_alpha=0.4,
        dropout=0.3,
        class_balance="weights",
        checkpoint_minutes=1e-9,  # after every update
    )
    updates = []

    def stop_at_the_second(progress) -> None:
        updates.append(progress.update)
        if len(updates) == 2:
            raise KeyboardInterrupt

    whole, stopped = RunDir(tmp_path / "whole"), RunDir(tmp_path / "stopped")
    finished = train(config, whole)
    with pytest.raises(KeyboardInterrupt):
        train(config, stopped, stop_at_the_second)
    train(config, stopped)
    assert updates == [1, 2] and finished.update >= 3
    assert weights_of(whole) == weights_of(stopped)
    codes = whole.load_config().labels.codes
    first, second = (Thresholds.load(run.thresholds_path, codes) for run in (whole, stopped))
    assert first == second
    assert "validation excerpts" in whole.thresholds_path.read_text()
    assert "mixtures" not in whole.thresholds_path.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_a_manifest_of_the_same_files_trains_the_same_weights_as_irmas(tmp_path, task):
    """Class order, names and groups agree; folders, codes and what reads them do not count."""
    data = write_corpus(tmp_path / "data")
    irmas = tiny_config(data, task=task, epochs=1)
    rows = ["group,path,labels"]
    for excerpt in Irmas(irmas.data).training(data):
        song = excerpt.path.stem.rpartition("]")[2].partition("__")[0]
        rows.append(f'song {song},"{excerpt.name}",{excerpt.code}')
    manifest = data / "IRMAS-TrainingData" / "list.csv"
    manifest.write_text("\n".join(rows) + "\n", encoding="utf-8")
    own = completed(tiny_config(manifest, task=task, epochs=1, dataset="manifest", classes=IRMAS_CODES))
    runs = [RunDir(tmp_path / name) for name in ("irmas", "own")]
    for config, run in zip((irmas, own), runs, strict=True):
        train(config, run)
    splits = [json.loads(run.split_path.read_text()) for run in runs]
    assert splits[0] == splits[1]
    assert weights_of(runs[0]) == weights_of(runs[1])
