from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from irmas_tf.pictures import svg

SVG = "{http://www.w3.org/2000/svg}"
EVIL = ["<script>alert(1)</script>", "a & b", "\"quoted' name", "]]>", os.fsdecode(b"\xff\xe9"), "a\x1b\nb\x00"]


@pytest.mark.parametrize("text", EVIL)
def test_text_comes_back_as_text(text: str) -> None:
    picture = svg.picture(10, 20, text)
    svg.words(picture, 1, 2, text, "name")
    read = ElementTree.fromstring(svg.svg_text(picture))
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    assert read.attrib["aria-label"] == shown
    assert [child.text for child in read] == [shown]


def test_attributes_have_their_names_and_paths_their_points() -> None:
    picture = svg.picture(10.5, 20, "words", "chart", role="table")
    svg.add(picture, "rect", stroke_width=1.5, data_left=2, class_="x")
    svg.path(picture, [(0, 0.125), (1, 2)], "curve", closed=True)
    assert picture.attrib == {"viewBox": "0 0 10.5 20", "role": "table", "aria-label": "words", "class": "chart"}
    assert picture[0].attrib == {"stroke-width": "1.5", "data-left": "2", "class": "x"}
    assert picture[1].attrib["d"] == "M0 0.12L1 2Z"


def test_numbers_are_short() -> None:
    assert list(map(svg.number, (3, 3.0, 0.125, -1.5, 100.0))) == ["3", "3", "0.12", "-1.5", "100"]


def test_a_file_brings_its_ground_heading_and_colours(tmp_path: Path) -> None:
    picture = svg.picture(400, 100, "spoken")
    svg.line(picture, 0, 0, 400, 100, "curve")
    path = svg.write_svg(picture, tmp_path / "new" / "a.svg", "a < b", "note & more")
    read = ElementTree.parse(path).getroot()
    assert read.tag == f"{SVG}svg" and read.attrib["aria-label"] == "spoken"
    left, top, width, height = map(float, read.attrib["viewBox"].split())
    assert left < 0 and top < 0 and left + width > 400 and top + height > 100
    (ground,) = read.iter(f"{SVG}rect")
    assert [float(ground.attrib[name]) for name in ("x", "y", "width", "height")] == [left, top, width, height]
    assert [text.text for text in read.iter(f"{SVG}text")] == ["a < b", "note & more"]
    (style,) = read.iter(f"{SVG}style")
    assert style.text is not None and "#1f63ad" in style.text and "var(" not in style.text
    assert len(list(read.iter(f"{SVG}line"))) == 1 and len(picture) == 1, "the page's picture is as it was"
