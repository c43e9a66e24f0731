"""Folders are found under their official names, under common renamings, and from several levels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from irmas_tf.datasets import irmas_layout as layout
from irmas_tf.datasets.irmas_layout import DataError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize(
    "root",
    [
        "IRMAS-TrainingData",
        "irmas_trainingdata",
        "train",
        "IRMAS/IRMAS-TrainingData",
        "IRMAS-TrainingData/IRMAS-TrainingData",
        "my copy",
        ".",
    ],
)
@pytest.mark.parametrize("folder", ["cel", "Cello", "acoustic guitar", "."])
def test_training_root(tmp_path, root, folder):
    touch(tmp_path / root / folder / "[cel][cla]0001__1.wav")
    touch(tmp_path / "IRMAS-TestingData-Part1" / "Part1" / "a-1.wav")
    assert layout.find_training_root(tmp_path).resolve() == (tmp_path / root).resolve()
    assert layout.find_training_root(tmp_path / root).resolve() == (tmp_path / root).resolve()


@pytest.mark.parametrize("other", ["A copy", "train", "backup/IRMAS-TrainingData", "x/train"])
def test_two_training_sets_are_not_chosen_from(tmp_path, other):
    ours, theirs = tmp_path / "IRMAS-TrainingData", tmp_path / other
    for root in (ours, theirs):
        touch(root / "cel" / "[cel][cla]0001__1.wav")
    with pytest.raises(DataError, match="holds two training sets") as refusal:
        layout.find_training_root(tmp_path)
    assert str(ours) in str(refusal.value) and str(theirs) in str(refusal.value)
    assert layout.find_training_root(ours) == ours and layout.find_training_root(theirs) == theirs


def test_a_training_set_and_a_link_to_it_are_one(tmp_path):
    touch(tmp_path / "IRMAS-TrainingData" / "cel" / "[cel][cla]0001__1.wav")
    (tmp_path / "current").symlink_to(tmp_path / "IRMAS-TrainingData")
    assert layout.find_training_root(tmp_path).resolve() == tmp_path / "IRMAS-TrainingData"


def test_errors_name_folder_and_remedy(tmp_path):
    with pytest.raises(DataError, match=r"absent: no such folder.*irmas download"):
        layout.find_training_root(tmp_path / "absent")
    with pytest.raises(DataError, match=r"holds no IRMAS training audio.*IRMAS-TrainingData"):
        layout.find_training_root(tmp_path)
    with pytest.raises(DataError, match="--data_dir is empty"):
        layout.find_training_root("")
    with pytest.raises(DataError, match=r"IRMAS-TrainingData\.zip: is a file; unpack it first"):
        layout.find_training_root(touch(tmp_path / "IRMAS-TrainingData.zip"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_folder(tmp_path):
    folder = tmp_path / "secret"
    folder.mkdir(mode=0)
    with pytest.raises(DataError, match=r"secret: cannot be listed"):
        list(layout.walk_files(folder))


def test_testing_roots(tmp_path):
    for name in ("IRMAS-TestingData-Part1/Part1", "IRMAS-TestingData-Part2/IRTestingData-Part2", "Part3"):
        touch(tmp_path / name / "a-1.wav")
    touch(tmp_path / "IRMAS-TrainingData" / "cel" / "[cel][cla]0001__1.wav")
    names = ["IRMAS-TestingData-Part1", "IRMAS-TestingData-Part2", "Part3"]
    assert [r.name for r in layout.find_testing_roots(tmp_path)] == names
    assert [r.name for r in layout.find_testing_roots(tmp_path / "IRMAS-TrainingData")] == names
    assert [r.name for r in layout.find_testing_roots(tmp_path / "Part3")] == ["Part3"]
    assert layout.find_testing_roots(tmp_path / "IRMAS-TrainingData" / "cel") == []


@pytest.mark.parametrize(
    "name", ["IRMAS-TestingData-Part1", "IRTestingData-Part2", "Part3", "part 1", "testing", "IRMAS-TestingData"]
)
def test_testing_folder_names(name):
    assert layout.is_testing_folder(name)


@pytest.mark.parametrize("name", ["IRMAS-TrainingData", "cel", "parts", "contest", "party", "IRMAS"])
def test_other_folder_names(name):
    assert not layout.is_testing_folder(name)


@pytest.mark.parametrize(
    "path, part",
    [
        ("IRMAS-TestingData-Part1/Part1", 1),
        ("x/IRTestingData-Part2", 2),
        ("Part 3", 3),
        ("Part1/IRTestingData-Part2", 2),
        ("clips", 0),
    ],
)
def test_part_of(path, part):
    assert layout.part_of(Path(path)) == part


def test_walk_leaves_out_litter_and_survives_links(tmp_path):
    wanted = [touch(tmp_path / "cel" / "b.wav"), touch(tmp_path / "a.wav")]
    for litter in (".DS_Store", "cel/._b.wav", "__MACOSX/cel/b.wav", ".hidden/c.wav", "cel/Thumbs.db"):
        touch(tmp_path / litter)
    (tmp_path / "cel" / "loop").symlink_to(tmp_path)
    (tmp_path / "cel" / "dead.wav").symlink_to(tmp_path / "gone.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    touch(tmp_path / "Part1" / "x-1.wav")
    found = list(layout.walk_files(tmp_path, skip_testing=True))
    assert found == [wanted[1], wanted[0], tmp_path / "cel" / "dead.wav"]
    assert tmp_path / "Part1" / "x-1.wav" in list(layout.walk_files(tmp_path))


def test_display_survives_any_bytes():
    assert layout.display(os.fsdecode(b"caf\xe9.wav")) == "caf\ufffd.wav"
    layout.display(os.fsdecode(b"caf\xe9.wav")).encode("utf-8")


def test_other_data_sets_are_told_their_name(tmp_path):
    for name in ("violin/a.wav", "oud/b.flac"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    with pytest.raises(DataError, match="no IRMAS training audio; a folder of classes is read with --dataset=folder"):
        layout.find_training_root(tmp_path)
    (tmp_path / "m.csv").write_text("path,labels\n")
    with pytest.raises(DataError, match="a manifest is read with --dataset=manifest"):
        layout.find_training_root(tmp_path / "m.csv")
    (tmp_path / "openmic-2018.npz").touch()
    with pytest.raises(DataError, match="--dataset=openmic"):
        layout.find_training_root(tmp_path)
