from __future__ import annotations

import itertools

import numpy as np
import pytest

from irmas_tf.config.labels import LabelScheme, get_label_scheme
from irmas_tf.evaluation.label_cells import Cells, write_cell
from irmas_tf.own_data.label_grammar import LabelError


@pytest.mark.parametrize("codes", [("a", "b", "other"), ("low tone", "high", "x y"), ("A-b", "noise", "c")])
def test_labels_that_are_written_are_read_again(codes: tuple[str, ...]) -> None:
    cells = Cells(LabelScheme("x", codes, codes, {code: code for code in codes}))
    for labels in itertools.product((-1, 0, 1), repeat=3):
        assert tuple(cells.read(write_cell(np.array(labels, np.int8), codes)).tolist()) == labels


def test_codes_of_the_data_set_that_are_one_class_and_any_case_are_known() -> None:
    scheme = get_label_scheme("report")
    row = Cells(scheme).read("GEL voi")
    assert [code for code, yes in zip(scheme.codes, row, strict=True) if yes] == ["voi", "other"]
    assert write_cell(row, scheme.codes) == "voi other"
    with pytest.raises(LabelError, match=r"unknown code 'bird'; known are cel, cla"):
        Cells(scheme).read("bird")
