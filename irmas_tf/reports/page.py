"""The report that people read: one HTML file that needs nothing else, whatever was evaluated.

A page is plain data (`ReportPage`); the modules of the two tasks fill it, and the templates beside this file turn it
into HTML, in which every text is escaped. It loads nothing from anywhere: style, script, pictures and audio are inside,
and its content security policy forbids the rest.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import importlib.resources
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from irmas_tf.pictures.charts import interval_strip
from irmas_tf.pictures.svg import Svg, style_text, svg_text
from irmas_tf.process.atomic_files import write_text_atomic
from irmas_tf.process.printable import printable

REPORT_NAME = "report.html"
SETTINGS = "settings"  # anchor of the last section


@dataclasses.dataclass(frozen=True)
class PageOptions:
    """What a user may choose about the page: worst and best clips shown (of each), and whether they can be heard."""

    clips: int = 6
    audio: bool = True


@dataclasses.dataclass(frozen=True)
class Headline:
    """A score at the top of the page.

    Attributes:
        name: of the score.
        value: in [0, 1].
        low, high: ends of its 95 % interval, or None.
        baselines: (name, value) of what needs no model.
        note: a sentence; may be empty.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    baselines: tuple[tuple[str, float], ...] = ()
    note: str = ""

    @property
    def interval(self) -> str:
        """The interval in words."""
        if self.low is None or self.high is None:
            return "no interval"
        return f"95 % interval {self.low:.3f} – {self.high:.3f}"

    @property
    def strip(self) -> Svg:
        """The score, its interval and its baselines on a line from 0 to 1."""
        spoken = f"{self.name} {self.value:.3f}, {self.interval}"
        spoken += "".join(f"; {name}: {value:.3f}" for name, value in self.baselines)
        return interval_strip(self.value, self.low, self.high, self.baselines, spoken)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its header.

    Attributes:
        caption: what it shows.
        header: names of the columns.
        rows: text, or pictures.
        numeric: names of the columns that are aligned as numbers.
        class_: for the style; ``bars``: the second column is a picture; ``stack``: a narrow page shows a row as lines;
            ``mono``: settings; ``listed``: long texts that wrap anywhere.
        in_grid: whether it stands beside its neighbours where there is room.
    """

    template: ClassVar[str] = "table"

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | Svg, ...], ...]
    numeric: tuple[str, ...] = ()
    class_: str = ""
    in_grid: bool = False


@dataclasses.dataclass(frozen=True)
class Figure:
    """A picture and what it says.

    Attributes:
        name: of its file beside the page, without the ending.
        title: heading.
        picture: inline in the page.
        caption: below it; may be empty.
        in_grid: whether it stands beside its neighbours where there is room; a large one has the whole width.
    """

    template: ClassVar[str] = "figure"

    name: str
    title: str
    picture: Svg
    caption: str = ""
    in_grid: bool = True


@dataclasses.dataclass(frozen=True)
class ClipCard:
    """A clip: what it is, what the model said, and how it sounds.

    Attributes:
        name: of the file.
        facts: (what, value, role) in a line; the role colours it as in the picture ("right", "missed", "wrong", "").
        picture: its activity over time.
        audio: a data URI, or None.
        audio_note: why there is no audio, or what is heard.
    """

    template: ClassVar[str] = "clip"
    in_grid: ClassVar[bool] = True

    name: str
    facts: tuple[tuple[str, str, str], ...]
    picture: Svg
    audio: str | None = None
    audio_note: str = ""


Block = Table | Figure | ClipCard


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the page: a lead sentence, then blocks.

    Attributes:
        anchor: unique name of the section, a word.
        title, lead: heading, and what the section says.
        blocks: what it shows.
        folded: blocks that open on request; printed if open.
        folded_title: what the request says.
    """

    anchor: str
    title: str
    lead: str = ""
    blocks: tuple[Block, ...] = ()
    folded: tuple[Block, ...] = ()
    folded_title: str = ""


@dataclasses.dataclass(frozen=True)
class ReportPage:
    """Everything on the page.

    Attributes:
        title: heading.
        facts: short facts under the heading.
        headlines: the scores at the top.
        sections: the rest.
        warnings: what makes the scores say less than they seem to.
        footer: a line at the end.
    """

    title: str
    facts: tuple[str, ...]
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    warnings: tuple[str, ...] = ()
    footer: str = ""

    def with_clips(self, clips: Iterable[Section]) -> ReportPage:
        """Return the page with sections of clips, before the settings at its end."""
        settings = [section for section in self.sections if section.anchor == SETTINGS]
        others = [section for section in self.sections if section.anchor != SETTINGS]
        return dataclasses.replace(self, sections=(*others, *clips, *settings))

    def figures(self) -> Iterator[Figure]:
        """Yield the pictures that are files beside the page as well."""
        for section in self.sections:
            yield from (block for block in (*section.blocks, *section.folded) if isinstance(block, Figure))

    def render(self) -> str:
        """Return the HTML document.

        Raises:
            ValueError: two sections have the same anchor.
        """
        anchors = [section.anchor for section in self.sections]
        if len(set(anchors)) < len(anchors):
            raise ValueError(f"sections must have different anchors, not {', '.join(anchors)}")
        script = _template_text("report.js")
        return (
            _templates()
            .get_template("page.html")
            .render(
                page=self,
                style=Markup(style_text("theme.css") + style_text("picture.css") + _template_text("report.css")),
                script=Markup(script),
                script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            )
        )


def write_page(page: ReportPage, path: str | os.PathLike[str]) -> Path:
    """Write the page, whole or not at all; return its path."""
    write_text_atomic(path, page.render())
    return Path(path)


def _template_text(name: str) -> str:
    return importlib.resources.files("irmas_tf.reports").joinpath(f"templates/{name}").read_text(encoding="utf-8")


@functools.cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("irmas_tf.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    templates.filters["in_grids"] = lambda blocks: [
        (in_grid, list(group)) for in_grid, group in itertools.groupby(blocks, key=lambda block: block.in_grid)
    ]
    return templates


def _shown(value: object) -> object:
    """Return what a template prints of a value, before it is escaped.

    A picture is markup. In a text, control characters and bytes of a name that is not UTF-8 become visible escapes.
    """
    if isinstance(value, Svg):
        return Markup(svg_text(value))
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
