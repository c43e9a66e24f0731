"""Folders of classes and manifests as data sets to train on."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.split_sides import label_matrix
from irmas_tf.datasets.splits import leaks, make_split
from tests.helpers.own_files import write_manifest, write_sounds

CODES = ("oud", "tar", "violin")
NAMES = [f"{code}/take{take}_{number}.wav" for code in CODES for take in range(4) for number in (1, 2)]


@pytest.fixture
def folder(tmp_path):
    return write_sounds(tmp_path / "data", NAMES)


def described(**settings) -> Config:
    config = Config(data=DataConfig(**settings))
    return Config(data=config.dataset.describe(config.data.data_dir))


def test_a_folder_is_described_once_and_then_known_without_the_data(folder):
    config = described(dataset="folder", data_dir=str(folder), licence_text="CC0")
    assert config.data.classes == ("oud", "tar", "violin") == config.labels.codes
    items = config.dataset.training(folder)
    assert np.array_equal(label_matrix(items, config.labels), np.repeat(np.eye(3, dtype=np.int8), 8, axis=0))
    shutil.rmtree(folder)
    again = Config.from_dict(config.to_dict())
    assert again.labels.codes == ("oud", "tar", "violin") and again.dataset.licence == "CC0"


def test_classes_come_in_the_order_that_is_asked_for(folder):
    config = described(dataset="folder", data_dir=str(folder), classes=("violin", "oud", "tar"))
    assert label_matrix(config.dataset.training(folder), config.labels)[0].tolist() == [0, 1, 0]


def test_files_with_the_same_bytes_are_in_one_group(folder):
    shutil.copy(folder / "oud/take0_1.wav", folder / "oud/copy.wav")
    items = described(dataset="folder", data_dir=str(folder)).dataset.training(folder)
    groups = {item.name: item.group for item in items}
    assert groups["oud/copy.wav"] == groups["oud/take0_1.wav"] and len(set(groups.values())) == len(items) - 1


def test_a_manifest_gives_groups_and_parts(folder):
    rows = [f"{name},{name.split('/')[0]},{name.split('_')[0]},{'test' if 'take3' in name else ''}" for name in NAMES]
    path = write_manifest(folder / "m.csv", "path,labels,group,split", *rows)
    dataset = described(dataset="manifest", data_dir=str(path)).dataset
    training, test = dataset.training(path), dataset.test_items(path)
    assert (len(training), len(test)) == (18, 6) and {item.part for item in test} == {"test"}
    split = make_split(training, validation_fraction=0.3)
    assert leaks(split, training) == [] and set(split.train) | set(split.validation) == {e.name for e in training}


def test_a_folder_and_its_manifest_are_the_same_excerpts_but_for_their_groups(folder):
    rows = [f"{name.split('/')[0]},{name}" for name in reversed(NAMES)]
    path = write_manifest(folder / "m.csv", "labels,path", *rows)
    by_folder = described(dataset="folder", data_dir=str(folder)).dataset.training(folder)
    assert described(dataset="manifest", data_dir=str(path)).dataset.training(path) == by_folder


def test_faults_are_one_line_that_says_where_all_are_listed(folder):
    path = write_manifest(folder / "m.csv", "path,labels", "oud/gone.wav,oud", "oud/take0_1.wav,")
    with pytest.raises(DataError) as error:
        described(dataset="manifest", data_dir=str(path))
    text = str(error.value)
    assert text.startswith(f"{path}: 1 rows lack a label; the first is row 3") or "row 2: oud/gone.wav" in text
    assert text.endswith(f"more faults; irmas check --dataset=manifest --data_dir={path} lists everything)")


def test_warnings_are_told_when_training_begins(folder, capsys):
    (folder / "empty").mkdir()
    dataset = described(dataset="folder", data_dir=str(folder)).dataset
    assert capsys.readouterr().err == ""
    dataset.training(folder)
    assert capsys.readouterr().err == "warning: folder 'empty': holds no sound; add files, or remove it\n"
