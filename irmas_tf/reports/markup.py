"""HTML and SVG as text: every name and value is escaped, and every tag that opens also closes, by construction."""

from __future__ import annotations

import html
from collections.abc import Iterable

from irmas_tf.inference.answers import printable

# HTML elements that have no end tag.
VOID = frozenset(("br", "hr", "img", "meta", "link", "input", "source"))

Child = str | Iterable["Child"] | None


class Markup(str):
    """Text that is markup already; any other text is escaped where it becomes a child of an `element`."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """Return text as markup. Control characters and bytes of a name that is not UTF-8 become visible escapes."""
    return text if isinstance(text, Markup) else Markup(html.escape(printable(text), quote=True))


def element(tag: str, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """Return an element as markup.

    Args:
        tag: its name.
        children: text, markup, or iterables of them; None is left out.
        attributes: ``class_`` is written class and ``stroke_width`` stroke-width; numbers get at most two decimals;
            True is an attribute without a value, None and False leave it out.
    """
    opening = tag
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        opening += " " + name.rstrip("_").replace("_", "-")
        if value is not True:
            opening += f'="{escape(value if isinstance(value, str) else number(value))}"'
    if tag in VOID:
        return Markup(f"<{opening}>")
    return Markup(f"<{opening}>{joined(children)}</{tag}>")


def joined(children: Iterable[Child]) -> Markup:
    """Return children one after the other."""
    return Markup("".join(_flat(children)))


def _flat(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, str):
            yield escape(child)
        elif child is not None:
            yield from _flat(child)


def number(value: float) -> str:
    """Return a coordinate with at most two decimals, and none that say nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
