"""The report that people read: one HTML file that needs nothing else, whatever was evaluated.

A page is plain data (`ReportPage`); `report_single_label` and its multi-label sibling fill it. It loads nothing from
anywhere: style, script, pictures and audio are inside, and its content security policy forbids the rest.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import importlib.resources
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from irmas_tf.process.atomic_files import write_text_atomic
from irmas_tf.reports.charts import interval_strip
from irmas_tf.reports.markup import Markup, element, joined

# From this share on a cell of a heat table is so dark that its text is drawn light.
LIGHT_TEXT_FROM = 0.6
# Small shares are what one looks for, and a linear scale would show them as one pale colour.
HEAT_GAMMA = 0.6


REPORT_NAME = "report.html"


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
        note: one sentence, may be empty.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    baselines: tuple[tuple[str, float], ...] = ()
    note: str = ""

    def render(self) -> Markup:
        """Return the card."""
        spoken = f"{self.name} {self.value:.3f}"
        has_interval = self.low is not None and self.high is not None
        interval = f"95 % interval {self.low:.3f} – {self.high:.3f}" if has_interval else "no interval"
        spoken += f", {interval}" + "".join(f"; {name}: {value:.3f}" for name, value in self.baselines)
        return element(
            "article",
            element("h3", self.name),
            element("p", f"{self.value:.3f}", class_="figure"),
            element("p", interval, class_="quiet"),
            interval_strip(self.value, self.low, self.high, self.baselines, spoken),
            element(
                "ul",
                [
                    element("li", element("span", name), element("span", f"{value:.3f}", class_="number"))
                    for name, value in self.baselines
                ],
                class_="baselines",
            )
            if self.baselines
            else None,
            element("p", self.note, class_="quiet") if self.note else None,
            class_="card headline",
        )


@dataclasses.dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its header.

    Attributes:
        caption: what it shows.
        header, rows: text, or markup.
        numeric: headers of the columns that are aligned as numbers.
        class_: for the style; ``bars``: the second column is a picture; ``stack``: a narrow page shows a row as lines;
            ``mono``: settings; ``listed``: long texts that wrap anywhere.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[str, ...] = ()
    class_: str = ""

    @property
    def stacked(self) -> bool:
        """Whether a narrow page shows each row as lines, which then need the names of their columns."""
        return "stack" in self.class_.split()

    def render(self) -> Markup:
        """Return the table, which scrolls sideways by itself where the page is narrow."""
        kinds = ["number" if name in self.numeric else None for name in self.header]
        head = element(
            "tr", [element("th", name, scope="col", class_=kind) for name, kind in zip(self.header, kinds, strict=True)]
        )
        body = [
            element(
                "tr",
                element("th", row[0], scope="row"),
                [
                    element("td", cell, class_=kind, data_label=name if self.stacked else None)
                    for cell, kind, name in zip(row[1:], kinds[1:], self.header[1:], strict=True)
                ],
            )
            for row in self.rows
        ]
        table = element(
            "table",
            element("caption", self.caption),
            element("thead", head),
            element("tbody", body),
            class_=self.class_ or None,
        )
        return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=self.caption)


@dataclasses.dataclass(frozen=True)
class HeatTable:
    """A square of classes, its cells coloured by a share.

    Attributes:
        caption: what it shows.
        corner: what rows and columns are.
        codes, names: of the classes, short and long.
        notes: behind each row's name (how many clips).
        texts: of the cells, [classes][classes].
        shares: of the cells, [classes, classes] in [0, 1].
    """

    caption: str
    corner: str
    codes: tuple[str, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    shares: np.ndarray

    def render(self) -> Markup:
        """Return the table."""
        columns = [
            element("th", element("abbr", code, title=name), scope="col")
            for code, name in zip(self.codes, self.names, strict=True)
        ]
        rows = []
        for k, name in enumerate(self.names):
            heading = element(
                "th",
                element("span", name, class_="wide"),
                element("abbr", self.codes[k], title=name, class_="narrow"),
                " ",
                element("small", self.notes[k]),
                scope="row",
            )
            cells = [
                self._cell(text, float(share), k == column)
                for column, (text, share) in enumerate(zip(self.texts[k], self.shares[k], strict=True))
            ]
            rows.append(element("tr", heading, cells))
        table = element(
            "table",
            element("caption", self.caption),
            element("thead", element("tr", element("th", self.corner, scope="col", class_="corner"), columns)),
            element("tbody", rows),
            class_="heat",
        )
        return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=self.caption)

    def _cell(self, text: str, share: float, diagonal: bool) -> Markup:
        depth = min(max(share, 0.0), 1.0) ** HEAT_GAMMA
        kinds = ["diagonal"] if diagonal else []
        kinds += ["deep"] if depth >= LIGHT_TEXT_FROM else []
        return element("td", text, style=f"--depth:{depth:.2f}" if share else None, class_=" ".join(kinds) or None)


@dataclasses.dataclass(frozen=True)
class Figure:
    """A picture (inline SVG or other markup) and what it says."""

    title: str
    picture: Markup
    caption: str = ""

    def render(self) -> Markup:
        """Return the figure."""
        return element(
            "figure",
            element("h3", self.title),
            self.picture,
            element("figcaption", self.caption) if self.caption else None,
            class_="card",
        )


@dataclasses.dataclass(frozen=True)
class ClipCard:
    """One clip: what it is, what the model said, and how it sounds.

    Attributes:
        name: of the file.
        facts: (what, value, role) in a line; the role colours it as in the picture ("right", "missed", "wrong", "").
        picture: its activity over time.
        audio: a data URI, or None.
        audio_note: why there is no audio, or what is heard.
    """

    name: str
    facts: tuple[tuple[str, str, str], ...]
    picture: Markup
    audio: str | None = None
    audio_note: str = ""

    def render(self) -> Markup:
        """Return the card."""
        facts = [
            element("div", element("dt", what), element("dd", value, class_=role or None))
            for what, value, role in self.facts
        ]
        player = None
        if self.audio is not None:
            player = element("audio", controls=True, preload="metadata", src=self.audio, aria_label=f"Play {self.name}")
        return element(
            "article",
            element("h4", self.name),
            element("dl", facts),
            self.picture,
            player,
            element("p", self.audio_note, class_="quiet") if self.audio_note else None,
            class_="card clip",
        )


Block = Table | HeatTable | Figure | ClipCard


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the page: a lead sentence, then blocks; those that are cards stand side by side where there is room.

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

    def render(self) -> Markup:
        """Return the section."""
        return element(
            "section",
            element("h2", self.title, id=f"{self.anchor}-title"),
            element("p", self.lead, class_="lead") if self.lead else None,
            _in_grids(self.blocks),
            element("details", element("summary", self.folded_title), _in_grids(self.folded)) if self.folded else None,
            id=self.anchor,
            aria_labelledby=f"{self.anchor}-title",
        )


@dataclasses.dataclass(frozen=True)
class ReportPage:
    """Everything on the page.

    Attributes:
        title: heading.
        facts: short facts under the heading.
        warnings: what makes the scores say less than they seem to.
        headlines: the scores at the top.
        sections: the rest.
        footer: one line at the end.
    """

    title: str
    facts: tuple[str, ...]
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    warnings: tuple[str, ...] = ()
    footer: str = ""

    def render(self) -> str:
        """Return the HTML document.

        Raises:
            ValueError: two sections have the same anchor.
        """
        anchors = [section.anchor for section in self.sections]
        if len(set(anchors)) < len(anchors):
            raise ValueError(f"sections must have different anchors, not {', '.join(anchors)}")
        style, script = _resource("report.css"), _resource("report.js")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        # Nothing from elsewhere, and no script but this one, whatever a file name tries to be.
        policy = (
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:;"
            f" script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        )
        head = element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("title", self.title),
            element("style", Markup(style)),
        )
        links = [element("li", element("a", section.title, href=f"#{section.anchor}")) for section in self.sections]
        header = element(
            "header",
            element("h1", self.title),
            element("ul", [element("li", fact) for fact in self.facts], class_="facts"),
            [element("p", warning, class_="warning", role="note") for warning in self.warnings],
            element("nav", element("ul", links), aria_label="Sections"),
        )
        headlines = element(
            "section", [one.render() for one in self.headlines], class_="grid headlines", aria_label="Headline scores"
        )
        main = element("main", headlines, [section.render() for section in self.sections])
        body = element("body", header, main, element("footer", self.footer), element("script", Markup(script)))
        return "<!DOCTYPE html>\n" + element("html", head, body, lang="en") + "\n"


def write_page(page: ReportPage, path: str | os.PathLike[str]) -> Path:
    """Write the page, whole or not at all; return its path."""
    write_text_atomic(path, page.render())
    return Path(path)


def _in_grids(blocks: Sequence[Block]) -> Markup:
    """Return blocks one after the other, neighbouring cards in one grid."""
    parts: list[Markup] = []
    cards: list[Markup] = []
    for block in (*blocks, None):
        if isinstance(block, (Figure, ClipCard)):
            cards.append(block.render())
            continue
        if cards:
            parts.append(element("div", cards, class_="grid"))
            cards = []
        if block is not None:
            parts.append(block.render())
    return joined(parts)


def _resource(name: str) -> str:
    return importlib.resources.files("irmas_tf.reports").joinpath(name).read_text(encoding="utf-8")
