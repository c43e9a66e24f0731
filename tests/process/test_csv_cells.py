from __future__ import annotations

import csv
import io

import pytest

from irmas_tf.process.csv_cells import CsvWriter, escaped_cell, plain_cell

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NUMBERS = ("-0.5", "+3", "-1e-07", "-.5", "0.25", -0.5, 7)
HARMLESS = ("", "violin", "'", "'tis.wav", "''", "a=1", " =1", "07 - Song.wav", "O'Carolan", "?", "noise")


@pytest.mark.parametrize("start", STARTS, ids=[f"U+{ord(start):04X}" for start in STARTS])
def test_no_cell_begins_as_a_formula_and_each_is_read_as_it_was(start):
    for cell in (f"{start}A1", f"'{start}A1", f"''{start}A1", f"'''{start}", start, f"{start}5 takes", f"{start}1,2"):
        written = escaped_cell(cell)
        assert written == f"'{cell}" and plain_cell(written) == cell


def test_numbers_and_other_names_stay_as_they_are():
    assert [escaped_cell(cell) for cell in (*NUMBERS, *HARMLESS)] == [*NUMBERS, *HARMLESS]
    assert [plain_cell(cell) for cell in HARMLESS] == list(HARMLESS)
    assert plain_cell(escaped_cell("'-5")) == "'-5" and plain_cell("-5") == "-5"


@pytest.mark.parametrize("formulas", ["escape", "keep"])
def test_a_table_comes_back(formulas):
    rows = [["file", "@home", "score"], ["=1+2.wav", '-"quoted", x', "-0.5"], ["two\nlines", "\tx", ""]]
    stream = io.StringIO()
    CsvWriter(stream, formulas).writerows(rows)
    read = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    assert (read[1][0] == "=1+2.wav") == (formulas == "keep")
    assert [[plain_cell(cell) for cell in row] for row in read] == rows
