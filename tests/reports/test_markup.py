from __future__ import annotations

import os
from html.parser import HTMLParser

import pytest

from irmas_tf.reports.markup import Markup, element, escape, joined, number


def test_elements_nest_and_attributes_have_their_names() -> None:
    text = element("p", "a", element("b", "c"), None, [element("i"), ["d"]], class_="x", stroke_width=1.5, data_left=2)
    assert text == '<p class="x" stroke-width="1.5" data-left="2">a<b>c</b><i></i>d</p>'
    assert element("audio", controls=True, muted=False, src=None) == "<audio controls></audio>"
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'
    assert joined(["a", Markup("<br>")]) == "a<br>"


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "a & b", "\"quoted' name", "</p>", "&lt;", os.fsdecode(b"\xff\xe9"), "a\x1b\nb"],
)
def test_text_comes_back_as_text(text: str) -> None:
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag == "p"
            seen.extend(value or "" for _, value in attrs)

        def handle_data(self, data: str) -> None:
            seen.append(data)

    page = element("p", text, title=text)
    page.encode("utf-8")
    reader = Reader()
    reader.feed(page)
    reader.close()
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    assert seen[0] == shown and "".join(seen[1:]) == shown


def test_markup_is_not_escaped_twice() -> None:
    assert escape(escape("<")) == "&lt;" and element("p", escape("<")) == "<p>&lt;</p>"


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), (3.0, "3"), (0.125, "0.12"), (2.5, "2.5"), (-1.5, "-1.5"), (100.0, "100")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text
