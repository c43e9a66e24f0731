from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.pictures.matrix_chart import GAMMA, matrix_chart
from irmas_tf.pictures.svg import Svg
from tests.helpers.pictures import elements, texts_of

COUNTS = np.array([[90, 10, 0], [5, 20, 25], [0, 0, 0]])
SUPPORT = np.array([100, 50, 0])
CODES, NAMES = ("cel", "flu", "voi"), ("cello", "flute", "voice <1>")


def _chart(codes: tuple[str, ...] = CODES) -> Svg:
    return matrix_chart(COUNTS, SUPPORT, codes, NAMES, ("label", "answer"), "words")


def _cells(svg: Svg) -> list[list[Svg]]:
    rows = [g for g in svg if g.get("role") == "row"]
    return [[cell for cell in row if cell.get("role") == "cell"] for row in rows[1:]]


def test_it_is_a_table_whose_cells_hold_the_counts() -> None:
    svg = _chart()
    assert svg.attrib["role"] == "table" and svg.attrib["aria-label"] == "words"
    counts = [[int("".join(t.text for t in cell.iter("text")) or 0) for cell in row] for row in _cells(svg)]
    assert counts == COUNTS.tolist()
    assert texts_of(svg, "name") == ["cello (100)", "flute (50)", "voice <1> (0)"]
    for where, times in (("wide", 1), ("narrow", 2)):  # over the columns, and for a narrow page beside the rows
        shown = [e.text for e in elements(svg, "code") if where in e.attrib["class"].split()]
        assert sorted(shown) == sorted(CODES * times)
    titles = [[title.text for cell in row for title in cell.iter("title")] for row in _cells(svg)]
    assert titles[1] == [
        "flute → cello: 5 of 50 (10 %)", "flute → flute: 20 of 50 (40 %)", "flute → voice <1>: 25 of 50 (50 %)",
    ]  # fmt: skip


def test_the_shade_is_the_share_of_the_row() -> None:
    depths = [[float(cell.find("rect").attrib["fill-opacity"]) for cell in row] for row in _cells(_chart())]
    np.testing.assert_allclose(np.array(depths) ** (1 / GAMMA), COUNTS / [[100], [50], [1]], atol=0.01)
    assert texts_of(_chart(), "deep") == ["90", "25"], "the dark cells have light text"
    assert texts_of(_chart(), "hit") == ["90", "20"]


@pytest.mark.parametrize("codes", [CODES, ("acoustic_guitar", "electric_guitar", "v")])
def test_every_name_lies_inside_and_beside_its_cells(codes: tuple[str, ...]) -> None:
    svg = _chart(codes)
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    rects = [rect.attrib for rect in svg.iter("rect")]
    left, top = (min(float(rect[name]) for rect in rects) for name in ("x", "y"))
    assert max(float(r["x"]) + float(r["width"]) for r in rects) <= width
    assert max(float(r["y"]) + float(r["height"]) for r in rects) <= height
    for text in elements(svg, "name"):
        assert text.attrib["text-anchor"] == "end" and 5 * len(text.text or "") < float(text.attrib["x"]) < left
    for text in elements(svg, "code")[:3]:
        assert float(text.attrib["y"]) < top
        assert ("transform" in text.attrib) == (codes != CODES), "long codes are turned"
