"""Charts: scores on a line, bars, curves, reliability.

Their colours are classes of ``picture.css``. Most are drawn for a width of 400 units, the width of a phone, so that
their text stays readable where they are scaled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from string import ascii_lowercase

import numpy as np

from irmas_tf.metrics.calibration import Reliability
from irmas_tf.pictures.class_names import LETTER, shortened
from irmas_tf.pictures.svg import Svg, add, line, path, picture, words

WIDTH = 400
STRIP_HEIGHT, STRIP_MARGIN = 44, 2.5  # of the headline cards: units, and percent at either end
LEFT, RIGHT, TOP, BOTTOM = 42, 388, 12, 218  # of the plot inside a chart
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
MAX_POINTS = 240  # of a curve: more than the pixels of a phone would only make the page heavy
KEY_HEIGHT = 19


@dataclasses.dataclass(frozen=True)
class Curve:
    """A line of a chart; ``x`` ascending, ``y`` in [0, 1]."""

    name: str
    x: np.ndarray
    y: np.ndarray


@dataclasses.dataclass(frozen=True)
class Mark:
    """A vertical line in a chart, at ``x``."""

    name: str
    x: float


def interval_strip(
    value: float, low: float | None, high: float | None, baselines: Sequence[tuple[str, float]], label: str
) -> Svg:
    """Return a line from 0 to 1 with a score, its interval, and ticks for the baselines; as wide as its card.

    Places are percentages of the width: stretched as a picture, its letters would be stretched, too.
    """
    y = 20.0

    def place(share: float) -> str:
        return f"{STRIP_MARGIN + (100 - 2 * STRIP_MARGIN) * min(max(share, 0.0), 1.0):.2f}%"

    def stroke(start: float, end: float, height: float, class_: str) -> None:
        add(svg, "line", x1=place(start), y1=y - height, x2=place(end), y2=y + height, class_=class_)

    svg = picture(0, STRIP_HEIGHT, label, "chart strip")
    del svg.attrib["viewBox"]
    stroke(0.0, 1.0, 0, "rail")
    for tick in (0.0, 0.5, 1.0):
        stroke(tick, tick, 4, "rail")
        add(svg, "text", f"{tick:g}", x=place(tick), y=y + 20, class_="tick", text_anchor="middle")
    for _, share in baselines:
        stroke(share, share, 10, "baseline")
    if low is not None and high is not None:
        stroke(low, high, 0, "interval")
        for end in (low, high):
            stroke(end, end, 7, "interval")
    add(svg, "circle", cx=place(value), cy=y, r=5.5, class_="dot")
    return svg


def bar(value: float, low: float | None = None, high: float | None = None) -> Svg:
    """Return a bar from 0 to 1 with a whisker, for a cell of a table that also holds the number."""
    svg = picture(WIDTH, 32, "", "bar-cell", preserveAspectRatio="none", role="none", aria_hidden="true")
    add(svg, "rect", x=0, y=3, width=WIDTH, height=26, class_="track")
    add(svg, "rect", x=0, y=3, width=WIDTH * min(max(value, 0.0), 1.0), height=26, class_="bar")
    if low is not None and high is not None and low < high:
        for kind in ("halo", "whisker"):  # the halo parts it from a bar of nearly its own colour
            line(svg, WIDTH * low, 16, WIDTH * high, 16, kind)
            for end in (low, high):
                line(svg, WIDTH * end, 8, WIDTH * end, 24, kind)
    return svg


def curve_chart(
    curves: Sequence[Curve],
    x_label: str,
    label: str,
    marks: Sequence[Mark] = (),
    x_range: tuple[float, float] = (0.0, 1.0),
) -> Svg:
    """Return lines, with a key below that needs no colour: every line has its own dashes.

    Args:
        curves: the lines.
        x_label: what the horizontal axis is.
        label: what the picture shows, in words.
        marks: vertical lines; those outside ``x_range`` are left out.
        x_range: ends of the horizontal axis; the vertical one is from 0 to 1.
    """
    low, high = x_range

    def across(x: float) -> float:
        return _across((float(x) - low) / max(high - low, 1e-12))

    shown = sorted((mark for mark in marks if low <= mark.x <= high), key=lambda mark: mark.x)
    keys = len(curves) + len(shown)
    svg = picture(WIDTH, BOTTOM + 50 + KEY_HEIGHT * keys, label)
    _unit_axes(svg, x_label, [f"{low + (high - low) * tick:.3g}" for tick in TICKS])
    for row, mark in enumerate(shown):
        x = across(mark.x)
        line(svg, x, TOP, x, BOTTOM, "mark")
        words(svg, x + 3, BOTTOM - 7 - 15 * (row % 4), ascii_lowercase[row % 26], "mark-name", "start")
    for index, curve in enumerate(curves):
        keep = np.unique(np.linspace(0, len(curve.x) - 1, min(len(curve.x), MAX_POINTS)).round().astype(int))
        path(svg, [(across(curve.x[k]), _up(curve.y[k])) for k in keep], f"curve series-{index % 6}")
    y = BOTTOM + 58.0
    for index, curve in enumerate(curves):
        line(svg, LEFT, y - 4, LEFT + 28, y - 4, f"curve series-{index % 6}")
        _key(svg, y, curve.name)
        y += KEY_HEIGHT
    for row, mark in enumerate(shown):
        words(svg, LEFT + 14, y, ascii_lowercase[row % 26], "mark-name")
        _key(svg, y, f"{mark.name}, {mark.x:.2f}")
        y += KEY_HEIGHT
    return svg


def reliability_chart(curve: Reliability, x_label: str, label: str) -> Svg:
    """Return probability against the share that is right, the diagonal of honest answers, and how many there are."""
    floor = 292.0
    svg = picture(WIDTH, floor + 26, label)
    _unit_axes(svg, "")
    line(svg, _across(0), BOTTOM, _across(1), TOP, "diagonal")
    bins = np.flatnonzero(curve.count)
    points = [(_across(curve.probability[k]), _up(curve.frequency[k])) for k in bins]
    for k, (x, y) in zip(bins, points, strict=True):
        line(svg, x, _up(curve.probability[k]), x, y, "gap")
        height = 30.0 * int(curve.count[k]) / int(curve.count.max())
        add(svg, "rect", x=x - 8, y=floor - height, width=16, height=height, rx=2, class_="bar")
        words(svg, x, floor - height - 4, short_count(int(curve.count[k])), "count")
    path(svg, points, "curve series-0")
    for x, y in points:
        add(svg, "circle", cx=x, cy=y, r=5, class_="dot")
    line(svg, LEFT, floor, RIGHT, floor, "axis")
    words(svg, (LEFT + RIGHT) / 2, floor + 18, x_label, "tick")
    return svg


def reliability_words(curve: Reliability) -> str:
    """Return the same for those who cannot see it."""
    return "; ".join(
        f"probability {curve.probability[k]:.2f}: {curve.frequency[k]:.2f} right of {curve.count[k]}"
        for k in np.flatnonzero(curve.count)
    )


def short_count(count: int) -> str:
    """Return a number that fits over a bar: 950, 1.2k, 13k."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 9950 else f"{count / 1000:.0f}k"


def _key(svg: Svg, y: float, text: str) -> None:
    """Write what a line is, as far as there is room."""
    name = words(svg, LEFT + 36, y, shortened(text, (WIDTH - LEFT - 36) / LETTER), "key", "start")
    if name.text != text:
        add(name, "title", text)


def _across(share: float) -> float:
    return LEFT + (RIGHT - LEFT) * float(share)


def _up(share: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * float(share)


def _unit_axes(svg: Svg, x_label: str, x_ticks: Sequence[str] = ()) -> None:
    """Draw grid lines and numbers; from 0 to 1 unless the horizontal ones are given."""
    for tick, name in zip(TICKS, x_ticks or [f"{tick:.1f}" for tick in TICKS], strict=True):
        line(svg, LEFT, _up(tick), RIGHT, _up(tick), "grid" if tick else "axis")
        words(svg, LEFT - 7, _up(tick) + 4, f"{tick:.1f}", "tick", "end")
        words(svg, _across(tick), BOTTOM + 17, name, "tick")
    if x_label:
        words(svg, (LEFT + RIGHT) / 2, BOTTOM + 36, x_label, "tick")
