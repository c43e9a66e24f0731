from __future__ import annotations

import numpy as np

from irmas_tf.metrics.song_intervals import Interval
from irmas_tf.reports.class_sections import classes_section, confusion_figure, top_confusions_table
from tests.helpers.pictures import of_class

COUNTS = np.array([[5, 2, 0], [0, 3, 1], [4, 0, 0]])
NAMES = ("cello", "flute", "voice")


def test_classes_stand_best_first_with_their_intervals() -> None:
    rows = [
        {"name": "cello", "f1": 0.25, "ap": None, "support": 3},
        {"name": "flute", "f1": 0.75, "ap": 0.125, "support": 1200},
    ]
    section = classes_section(rows, [None, Interval(0.5, 0.8)], {"F1": "f1", "AP": "ap"}, "clips", "lead")
    (table,) = section.blocks
    assert table.header == ("class", "", "F1", "AP", "clips") and table.numeric == ("F1", "AP", "clips")
    assert [(row[0], *row[2:]) for row in table.rows] == [
        ("flute", "0.75", "0.12", "1,200"), ("cello", "0.25", "–", "3"),
    ]  # fmt: skip
    whiskers = [len(of_class(row[1], "whisker")) for row in table.rows]
    assert whiskers[0] and not whiskers[1]


def test_confusions_by_picture_and_by_list() -> None:
    support = COUNTS.sum(axis=1)
    figure = confusion_figure("name", "Title", COUNTS, support, ("abc", NAMES), ("label", "answer"), "caption")
    assert (figure.name, figure.title, figure.caption) == ("name", "Title", "caption")
    assert figure.picture.attrib["aria-label"] == "Title. Rows: label; columns: answer."
    table = top_confusions_table(COUNTS, support, NAMES, "caption", "answer", "excerpts")
    assert table.rows == (
        ("voice → cello", "4", "100 %"), ("cello → flute", "2", "29 %"), ("flute → voice", "1", "25 %"),
    )  # fmt: skip
    assert table.in_grid and table.header == ("label → answer", "excerpts", "share of label")
    assert top_confusions_table(np.eye(3, dtype=int), np.ones(3, int), NAMES, "", "", "") is None
