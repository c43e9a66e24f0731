"""Pictures as SVG: inside a page, where they follow its theme, and as files of their own, in the light theme.

They are trees of the standard library's XML writer, so that every name is escaped and every element closed.
"""

from __future__ import annotations

import functools
import importlib.resources
import os
import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from irmas_tf.process.atomic_files import write_text_atomic
from irmas_tf.process.printable import printable

Svg = ElementTree.Element
Value = str | float

MARGIN = 12  # around a picture in a file of its own
PIXELS_PER_UNIT = 1.5  # of such a file, opened at its own size
LIGHT_THEME = re.compile(r":root\s*{(.*?)}", re.DOTALL)


def picture(width: float, height: float, label: str, class_: str = "chart", **attributes: Value) -> Svg:
    """Return an empty picture of ``width`` x ``height`` units, described to those who cannot see it by ``label``."""
    svg = ElementTree.Element("svg")
    box = f"0 0 {number(width)} {number(height)}"
    _set(svg, {"viewBox": box, "role": "img", "aria_label": label, "class_": class_})
    return _set(svg, attributes)


def add(parent: Svg, tag: str, text: str | None = None, **attributes: Value) -> Svg:
    """Add an element to another one and return it.

    Args:
        parent: the element to add to.
        tag: name of the new one.
        text: what it says. Control characters and bytes of a name that is not UTF-8 become visible escapes.
        attributes: ``class_`` is written class, and ``stroke_width`` stroke-width; numbers get at most two decimals.
    """
    child = _set(ElementTree.SubElement(parent, tag), attributes)
    child.text = None if text is None else printable(text)
    return child


def line(parent: Svg, x1: float, y1: float, x2: float, y2: float, class_: str) -> None:
    """Add a straight line."""
    add(parent, "line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def words(parent: Svg, x: float, y: float, text: str, class_: str, anchor: str = "middle", **attributes: Value) -> Svg:
    """Add text; ``y`` is its base line, ``anchor`` what ``x`` is of it: start, middle or end."""
    return add(parent, "text", text, x=x, y=y, class_=class_, text_anchor=anchor, **attributes)


def path(parent: Svg, points: Iterable[tuple[float, float]], class_: str, closed: bool = False) -> None:
    """Add a path through points."""
    way = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
    add(parent, "path", d=way + ("Z" if closed else ""), class_=class_)


def number(value: float) -> str:
    """Return a coordinate with at most two decimals, and none that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def svg_text(svg: Svg) -> str:
    """Return a picture as markup, for a page."""
    return ElementTree.tostring(svg, encoding="unicode")


def write_svg(svg: Svg, file: str | os.PathLike[str], title: str, note: str = "") -> Path:
    """Write a picture as a file for papers and other programs, whole or not at all; return its path.

    Unlike in a page, everything is inside: a white ground, a heading, and a style in plain colours, because few
    programs beside browsers know CSS variables.

    Args:
        svg: the picture.
        file: path to write.
        title: heading.
        note: a smaller line below it; may be empty.
    """
    _, _, width, height = (float(value) for value in svg.attrib["viewBox"].split())
    top = 46 if note else 30
    box = (-MARGIN, -top, width + 2 * MARGIN, height + top + MARGIN)
    whole = picture(box[2], box[3], svg.attrib["aria-label"])
    _set(whole, {
        "viewBox": " ".join(map(number, box)), "xmlns": "http://www.w3.org/2000/svg", "font_family": "sans-serif",
        "width": PIXELS_PER_UNIT * box[2], "height": PIXELS_PER_UNIT * box[3],
    })  # fmt: skip
    add(whole, "title", f"{title}. {note}" if note else title)
    add(whole, "style").text = _plain_style()
    add(whole, "rect", x=box[0], y=box[1], width=box[2], height=box[3], fill="#ffffff")
    words(whole, 0, 16 - top, title, "heading", "start")
    if note:
        words(whole, 0, 32 - top, note, "tick", "start")
    whole.extend(svg)
    write_text_atomic(file, svg_text(whole) + "\n")
    return Path(file)


def style_text(name: str) -> str:
    """Return a style of the folder ``templates``: ``theme.css``, the colours, or ``picture.css``, what has which."""
    return importlib.resources.files("irmas_tf.pictures").joinpath(f"templates/{name}").read_text(encoding="utf-8")


@functools.cache
def _plain_style() -> str:
    """Return the style of all pictures, with the colours of the page's light theme in place of their names."""
    theme = LIGHT_THEME.search(style_text("theme.css"))
    assert theme is not None
    colors = dict(re.findall(r"--([\w-]+):\s*([^;]+);", theme[1]))
    return re.sub(r"var\(--([\w-]+)\)", lambda name: colors[name[1]], style_text("picture.css"))


def _set(element: Svg, attributes: dict[str, Value]) -> Svg:
    for name, value in attributes.items():
        text = printable(value) if isinstance(value, str) else number(value)
        element.set(name.rstrip("_").replace("_", "-"), text)
    return element
