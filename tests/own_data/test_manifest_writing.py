"""Manifests that are written are read as the same data set."""

from __future__ import annotations

import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.own_data.manifest import read_manifest
from irmas_tf.own_data.manifest_writing import check_free, write_checked, write_listed
from irmas_tf.own_data.set_check import check_dataset
from tests.helpers.own_files import write_sounds


def test_a_folder_written_as_a_manifest_has_the_same_labels(tmp_path):
    names = [
        "oud/t1_1.wav",
        "oud/t1_2.wav",
        "oud/t2_1.wav",
        "oud, tar/a.flac",
        "-tar/b.wav",
        "tar/c.wav",
        "noise/d.wav",
    ]
    folder = write_sounds(tmp_path / "data", names)
    (folder / "tar" / "broken.wav").write_bytes(b"RIFF")
    checked = check_dataset(DataConfig(dataset="folder", data_dir=str(folder)), progress=False)
    path = tmp_path / "lists" / "m.csv"
    text = write_checked(path, checked)
    assert text.startswith(f"wrote {path}: 7 rows, 6 groups (1 files that cannot be used are left out)")
    assert text.endswith(f"--dataset=manifest --data_dir={path}")
    read = {excerpt.path.resolve(): excerpt for excerpt in read_manifest(path).excerpts()}
    for excerpt in checked.excerpts:
        if excerpt.path not in checked.unusable:
            again = read.pop(excerpt.path.resolve())
            assert (again.present, again.absent, again.part) == (excerpt.present, excerpt.absent, excerpt.part)
    assert read == {}
    assert {e.group for e in read_manifest(path).excerpts() if "t1" in e.name} == {"oud/t1"}


def test_a_class_called_noise_is_named_when_the_manifest_is_to_be_read(tmp_path):
    write_sounds(tmp_path, ["noise/a.wav", "oud/b.wav", "other/c.wav"])
    settings = DataConfig(dataset="folder", data_dir=str(tmp_path), classes=("noise", "oud"))
    text = write_checked(tmp_path / "m.csv", check_dataset(settings, progress=False))
    assert text.endswith("--classes=noise,oud")
    labels = [(e.name, e.present) for e in read_manifest(tmp_path / "m.csv", ("noise", "oud")).excerpts()]
    assert labels == [("noise/a.wav", ("noise",)), ("other/c.wav", ()), ("oud/b.wav", ("oud",))]


def test_what_a_spreadsheet_would_run_is_marked_and_read_as_it_was(tmp_path):
    names = ["=oud/@a.wav", "=oud/b.wav", "-tar/c.wav", "'=tar/d.wav", "-tar/=e.wav"]
    write_sounds(tmp_path, names)
    checked = check_dataset(DataConfig(dataset="folder", data_dir=str(tmp_path)), progress=False)
    for formulas in ("escape", "keep"):
        path = tmp_path / f"{formulas}.csv"
        write_checked(path, checked, formulas)
        starts = {line[0] for line in path.read_text().splitlines()}
        assert ("=" in starts, "-" in starts) == (formulas == "keep", formulas == "keep")
    read = {e.path.name: (e.present, e.absent) for e in read_manifest(tmp_path / "escape.csv").excerpts()}
    assert read == {e.path.name: (e.present, e.absent) for e in checked.excerpts} and len(read) == len(names)


def test_irmas_can_be_written_with_its_songs(tmp_path, corpus):
    write_listed(tmp_path / "m.csv", DataConfig(data_dir=str(corpus)))
    listed = read_manifest(tmp_path / "m.csv")
    assert listed.errors == [] and listed.classes == ("cel", "flu", "pia")
    assert len(listed.entries) == 72 and len({entry.group for entry in listed.entries}) == 24


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "m.csv").touch()
    with pytest.raises(DataError, match="is there already"):
        check_free(tmp_path / "m.csv")
    with pytest.raises(DataError, match=r"ends in \.csv"):
        check_free(tmp_path / "m.txt")
