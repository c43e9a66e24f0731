from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from irmas_tf.config.labels import LabelScheme
from irmas_tf.inference.answers import MOST_NAMED, WIDEST_NAME, Answer, AnswerWriter
from irmas_tf.inference.display_width import display_width, fitted
from irmas_tf.process.csv_cells import plain_cell


@pytest.mark.parametrize("text, width", [("oud", 3), ("尺八", 4), ("سه\u200cتار", 5), ("e\u0301", 1), ("", 0)])
def test_the_width_of_scripts(text, width):
    assert display_width(text) == width
    assert fitted(text, width) == text and display_width(fitted(text, 9)) == 9


def test_what_is_too_long_is_cut_at_a_letter():
    assert fitted("尺八三味線", 6) == "尺八… " and fitted("x" * 99, 5) == "xxxx…"


def written(format: str, answer: Answer, **settings) -> str:
    stream = io.StringIO()
    AnswerWriter(stream, format, answer.scheme, **settings).write(answer)
    return stream.getvalue()


NAMES = ("尺八", "سه\u200cتار", 'the "big" one, tuned', "=SUM(A1)", "x" * 200, "a;b", "two words")


def test_columns_stay_under_one_another_whatever_the_names_are():
    scheme = LabelScheme.of("own", {name: name for name in NAMES})
    places = set()
    for first in range(len(NAMES)):
        answer = Answer("x.wav", 1.0, scheme, np.roll(np.linspace(0.9, 0.3, len(NAMES)), first), NAMES[:1])
        heading, row = written("table", answer, top_k=2).splitlines()
        places |= {display_width(row[: row.index("x.wav")]), heading.index("file")}
    assert len(places) == 1 and max(places) < 2 * WIDEST_NAME + 40


def test_csv_gives_every_name_back():
    scheme = LabelScheme.of("own", {name: name for name in NAMES})
    row = next(csv.DictReader(io.StringIO(written("csv", Answer("x.wav", 1.0, scheme, np.ones(7), NAMES)))))
    assert [plain_cell(name) for name in row if plain_cell(name) in NAMES] == list(NAMES)


def test_a_row_shows_so_many_named_classes_and_counts_the_rest():
    names = tuple(f"class {k}" for k in range(1000))
    scheme = LabelScheme.of("own", {name: name for name in names})
    row = written("table", Answer("x.wav", 1.0, scheme, np.ones(1000), names), mark_named=True).splitlines()[1]
    assert row.count("%*") == 3 + MOST_NAMED and f"and {1000 - 3 - MOST_NAMED} more*  x.wav" in row
