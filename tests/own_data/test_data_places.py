"""Remedies for a place given as another kind of data set's; more with the readers' own tests."""

from __future__ import annotations

from irmas_tf.own_data.data_places import folder_remedy, manifest_remedy


def test_what_may_be_right_has_no_remedy(tmp_path):
    (tmp_path / "a.csv").touch()
    assert manifest_remedy(tmp_path / "a.csv") == folder_remedy(tmp_path) == ""


def test_an_empty_flag_is_told_what_belongs_there():
    assert "CSV file" in manifest_remedy("") and "a folder for each class" in folder_remedy("")


def test_a_folder_of_irmas_is_named_to_both(tmp_path):
    (tmp_path / "IRMAS-TrainingData").mkdir()
    assert "--dataset=irmas" in manifest_remedy(tmp_path) and "--dataset=irmas" in folder_remedy(tmp_path)
