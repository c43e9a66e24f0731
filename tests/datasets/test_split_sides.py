from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from irmas_tf.config.labels import LabelScheme, get_label_scheme
from irmas_tf.datasets.dataset import UNKNOWN, LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.split_sides import SplitSide, class_indices, group_numbers, label_matrix, split_sides
from irmas_tf.datasets.splits import Split

LABELS = LabelScheme.of("bells", {"han": "hand bell", "tub": "tubular bell"})
EXCERPTS = [
    LabelledExcerpt(Path(f"/data/{name}.wav"), code, group, f"{code}/{name}.wav")
    for name, code, group in (("a", "tub", "y"), ("b", "han", "x"), ("c", "tub", "y"), ("d", "han", ("z", 1)))
]


def test_columns_follow_the_split_and_groups_are_counted_over_all_excerpts():
    split = Split(("han/b.wav", "tub/c.wav"), ("han/d.wav", "tub/a.wav"), 0, "excerpt", 0.5)
    train, validation = split_sides(split, EXCERPTS, LABELS)
    assert (train.names, validation.names) == (split.train, split.validation)
    assert validation.paths == ("/data/d.wav", "/data/a.wav") and len(validation) == 2
    np.testing.assert_array_equal(train.labels, [0, 1])
    np.testing.assert_array_equal([*train.groups, *validation.groups], [1, 0, 2, 0])
    np.testing.assert_array_equal(group_numbers(EXCERPTS), [0, 1, 0, 2])


def test_an_unknown_class_is_named_with_its_file():
    stray = LabelledExcerpt(Path("/data/x.wav"), "gong", "w", "gong/x.wav")
    with pytest.raises(DataError, match=r"/data/x\.wav: unknown class code 'gong'; known codes: han, tub"):
        class_indices([*EXCERPTS, stray], LABELS)


SEVERAL = [
    LabelledExcerpt(Path("/data/1"), name="1", present=("han", "tub")),
    LabelledExcerpt(Path("/data/2"), name="2", present=()),
    LabelledExcerpt(Path("/data/3"), name="3", present=("tub",), absent=()),
    LabelledExcerpt(Path("/data/4"), name="4", absent=("han",)),
    LabelledExcerpt(Path("/data/5"), name="5", code="han"),
]


def test_labels_are_a_matrix_of_heard_not_heard_and_unknown():
    matrix = label_matrix(SEVERAL, LABELS)
    assert matrix.dtype == np.int8
    np.testing.assert_array_equal(matrix, [[1, 1], [0, 0], [UNKNOWN, 1], [0, UNKNOWN], [1, 0]])


def test_of_codes_that_are_one_class_any_that_is_heard_counts():
    report = get_label_scheme("report")
    mixed = LabelledExcerpt(Path("/data/1"), name="1", present=("gel",), absent=("gac",))
    row = label_matrix([mixed], report)[0]
    assert row[report.index("gel")] == 1 and row[report.index("gac")] == 0 and np.sum(row == UNKNOWN) == 9


def test_class_indices_of_several_or_unknown_labels_are_refused_with_their_number():
    assert class_indices(SEVERAL[4:], LABELS) == [0]
    message = (
        r"4 of 5 excerpts do not have one class each \(2 with unknown labels, 1 with several classes, 1 with no class;"
        r" the first is 1\): --task=single_label cannot use them; use --task=multi_label"
    )
    with pytest.raises(DataError, match=message):
        class_indices(SEVERAL, LABELS)
    side = SplitSide(("a",), np.array([[0, 1]], np.int8))
    assert side.is_single and not SplitSide(("a",), np.array([[1, 1]], np.int8)).is_single
