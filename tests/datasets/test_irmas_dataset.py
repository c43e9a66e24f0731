from __future__ import annotations

import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas import group_excerpts, index_training
from irmas_tf.datasets.irmas_counts import TESTING_TOTAL
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.datasets.irmas_layout import DataError


def test_its_excerpts_are_those_of_the_index_with_their_groups(corpus):
    index = index_training(corpus)
    excerpts = Irmas(DataConfig()).training(corpus)
    assert [(e.path, e.code, e.name) for e in excerpts] == [(e.path, e.irmas_code, e.name) for e in index]
    assert [e.group for e in excerpts] == group_excerpts(index)


def test_its_classes_are_those_of_the_label_scheme():
    report = Irmas(DataConfig(label_scheme="report"))
    assert report.labels.name == "report" and report.labels.codes[-1] == "other"
    assert sum(report.official_parts.values()) == TESTING_TOTAL


def test_a_folder_without_it_is_refused_as_the_index_refuses_it(tmp_path):
    for look in (Irmas(DataConfig()).training, Irmas(DataConfig()).test_clips):
        with pytest.raises(DataError, match="download"):
            look(tmp_path)


def test_a_glance_says_where_the_data_is_and_what_is_missing(corpus, tmp_path):
    look = Irmas(DataConfig()).look(corpus)
    assert (look.folder, look.excerpts) == ((corpus / "IRMAS-TrainingData").resolve(), 72)
    (note,) = look.notes
    assert "is not the complete IRMAS: 72 excerpts, not 6,705 (cel: 364 of 388 missing; cla: 505 of 505" in note
    with pytest.raises(DataError, match="holds no IRMAS test clips"):
        Irmas(DataConfig()).look_at_test(corpus)
    with pytest.raises(DataError, match="holds no IRMAS training audio"):
        Irmas(DataConfig()).look(tmp_path)
