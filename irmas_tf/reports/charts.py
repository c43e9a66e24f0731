"""Charts of the report page as inline SVG: colours come from the page, so that they follow its theme and its print.

All are drawn for a width of 400 units, the width of a phone, so that their text stays readable where they are scaled.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from string import ascii_lowercase

import numpy as np

from irmas_tf.audio.envelope import Envelope
from irmas_tf.metrics.calibration import Reliability
from irmas_tf.reports.markup import Markup, element, number

WIDTH = 400
STRIP_WIDTH = 260  # of the headline cards, which are narrower
LEFT, RIGHT, TOP = 42, 388, 12
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
MAX_POINTS = 240  # of a curve: more than the pixels of a phone would only make the page heavy


@dataclasses.dataclass(frozen=True)
class Curve:
    """One line of a chart; ``x`` ascending, ``y`` in [0, 1]."""

    name: str
    x: np.ndarray
    y: np.ndarray


@dataclasses.dataclass(frozen=True)
class Mark:
    """A vertical line in a chart, at ``x``."""

    name: str
    x: float


def drawing(
    height: float, label: str, *children: Markup | Sequence[Markup], class_: str = "chart", width: float = WIDTH
) -> Markup:
    """Return an SVG picture of ``width`` x ``height`` units, described to those who cannot see it by ``label``."""
    box = f"0 0 {number(width)} {number(height)}"
    return element("svg", *children, viewBox=box, role="img", aria_label=label, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def words(x: float, y: float, text: str, class_: str = "", anchor: str = "middle") -> Markup:
    """Return text; ``y`` is its base line."""
    return element("text", text, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def path_data(points: Sequence[tuple[float, float]]) -> str:
    """Return an SVG path through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def interval_strip(
    value: float, low: float | None, high: float | None, baselines: Sequence[tuple[str, float]], label: str
) -> Markup:
    """Return a line from 0 to 1 with a score, its interval, and ticks for the baselines."""
    first, last, y = 8.0, STRIP_WIDTH - 8.0, 20.0

    def place(share: float) -> float:
        return first + (last - first) * min(max(share, 0.0), 1.0)

    parts = [line(first, y, last, y, "rail")]
    parts += [line(place(tick), y - 4, place(tick), y + 4, "rail") for tick in (0.0, 0.5, 1.0)]
    parts += [words(place(tick), y + 20, f"{tick:g}", "tick") for tick in (0.0, 0.5, 1.0)]
    parts += [line(place(share), y - 10, place(share), y + 10, "baseline") for _, share in baselines]
    if low is not None and high is not None:
        parts.append(line(place(low), y, place(high), y, "interval"))
        parts += [line(place(end), y - 7, place(end), y + 7, "interval") for end in (low, high)]
    parts.append(element("circle", cx=place(value), cy=y, r=5.5, class_="dot"))
    return drawing(44, label, parts, class_="chart strip", width=STRIP_WIDTH)


def bar(value: float, low: float | None = None, high: float | None = None) -> Markup:
    """Return a bar from 0 to 1 with a whisker, for a cell of a table that also holds the number."""
    parts = [
        element("rect", x=0, y=3, width=WIDTH, height=26, class_="track"),
        element("rect", x=0, y=3, width=WIDTH * min(max(value, 0.0), 1.0), height=26, class_="bar"),
    ]
    if low is not None and high is not None and low < high:
        for kind in ("halo", "whisker"):  # the halo parts it from a bar of nearly its own colour
            parts.append(line(WIDTH * low, 16, WIDTH * high, 16, kind))
            parts += [line(WIDTH * end, 8, WIDTH * end, 24, kind) for end in (low, high)]
    return element(
        "svg", parts, viewBox=f"0 0 {WIDTH} 32", preserveAspectRatio="none", aria_hidden="true", class_="bar-cell"
    )


def curve_chart(
    curves: Sequence[Curve],
    x_label: str,
    label: str,
    marks: Sequence[Mark] = (),
    x_range: tuple[float, float] = (0.0, 1.0),
) -> Markup:
    """Return lines, with a legend below that needs no colour: every line has its own dashes.

    Args:
        curves: the lines.
        x_label: what the horizontal axis is.
        label: what the picture shows, in words.
        marks: vertical lines; those outside ``x_range`` are left out.
        x_range: ends of the horizontal axis; the vertical one is from 0 to 1.
    """
    bottom = 218.0
    low, high = x_range

    def share(x: float) -> float:
        return (float(x) - low) / max(high - low, 1e-12)

    parts = _unit_axes(bottom, x_label, [f"{low + (high - low) * tick:.3g}" for tick in TICKS])
    shown = sorted((mark for mark in marks if low <= mark.x <= high), key=lambda mark: mark.x)
    for row, mark in enumerate(shown):
        x = _across(share(mark.x))
        parts.append(line(x, TOP, x, bottom, "mark"))
        parts.append(words(x + 3, bottom - 7 - 15 * (row % 4), ascii_lowercase[row % 26], "mark-name", "start"))
    for index, curve in enumerate(curves):
        keep = np.unique(np.linspace(0, len(curve.x) - 1, min(len(curve.x), MAX_POINTS)).round().astype(int))
        points = [(_across(share(curve.x[k])), _up(curve.y[k], bottom)) for k in keep]
        parts.append(element("path", d=path_data(points), class_=f"curve series-{index % 6}"))
    picture = drawing(bottom + 42, label, parts)
    keys = [f"{ascii_lowercase[row % 26]}: {mark.name}, {mark.x:.2f}" for row, mark in enumerate(shown)]
    return element("div", picture, legend([curve.name for curve in curves], keys), class_="charted")


def legend(names: Sequence[str], more: Sequence[str] = ()) -> Markup:
    """Return the key to the lines of a chart, and to what else is in it."""
    keys = []
    for index, name in enumerate(names):
        sample = element("svg", line(0, 5, 28, 5, f"curve series-{index % 6}"), viewBox="0 0 28 10", aria_hidden="true")
        keys.append(element("li", sample, name))
    return element("ul", keys, [element("li", text) for text in more], class_="legend")


def reliability_chart(found: Reliability, x_label: str, label: str) -> Markup:
    """Return probability against the share that is right, the diagonal of honest answers, and how many there are."""
    bottom, floor = 218.0, 292.0
    parts = _unit_axes(bottom, "")
    parts.append(line(_across(0), bottom, _across(1), TOP, "diagonal"))
    points = []
    for k in np.flatnonzero(found.count):
        count, probability = int(found.count[k]), float(found.probability[k])
        x, y = _across(probability), _up(found.frequency[k], bottom)
        points.append((x, y))
        parts.append(line(x, _up(probability, bottom), x, y, "gap"))
        height = 30.0 * count / int(found.count.max())
        parts.append(element("rect", x=x - 8, y=floor - height, width=16, height=height, rx=2, class_="bar"))
        parts.append(words(x, floor - height - 4, short_count(count), "count"))
    parts.append(element("path", d=path_data(points), class_="curve series-0"))
    parts += [element("circle", cx=x, cy=y, r=5, class_="dot") for x, y in points]
    parts += [line(LEFT, floor, RIGHT, floor, "axis"), words((LEFT + RIGHT) / 2, floor + 18, x_label, "tick")]
    return drawing(floor + 26, label, parts)


def reliability_words(found: Reliability) -> str:
    """Return the same for those who cannot see it."""
    return "; ".join(
        f"probability {found.probability[k]:.2f}: {found.frequency[k]:.2f} right of {found.count[k]}"
        for k in np.flatnonzero(found.count)
    )


def short_count(count: int) -> str:
    """Return a number that fits over a bar: 950, 1.2k, 13k."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 9950 else f"{count / 1000:.0f}k"


def _across(share: float) -> float:
    return LEFT + (RIGHT - LEFT) * float(share)


def _up(share: float, bottom: float) -> float:
    return bottom - (bottom - TOP) * float(share)


def _unit_axes(bottom: float, x_label: str, x_ticks: Sequence[str] = ()) -> list[Markup]:
    """Return grid lines and numbers; from 0 to 1 unless the horizontal ones are given."""
    x_ticks = x_ticks or [f"{tick:.1f}" for tick in TICKS]
    parts = [line(LEFT, _up(tick, bottom), RIGHT, _up(tick, bottom), "axis" if tick == 0 else "grid") for tick in TICKS]
    parts += [words(LEFT - 7, _up(tick, bottom) + 4, f"{tick:.1f}", "tick", "end") for tick in TICKS]
    parts += [words(_across(tick), bottom + 17, name, "tick") for tick, name in zip(TICKS, x_ticks, strict=True)]
    if x_label:
        parts.append(words((LEFT + RIGHT) / 2, bottom + 36, x_label, "tick"))
    return parts


@dataclasses.dataclass(frozen=True)
class ActivityRow:
    """One class in an activity chart.

    Attributes:
        name: of the class.
        values: probability in each interval, [intervals].
        role: "right" (a label that was named), "missed" (a label that was not), "wrong" (named without being a label),
            "other", or "named" where no labels are known.
        threshold: level at which the class is named; None draws none.
    """

    name: str
    values: np.ndarray
    role: str = "other"
    threshold: float | None = None


ROW_HEIGHT, ROW_STEP, WAVE_HEIGHT, PLOT_LEFT = 22.0, 29.0, 40.0, 106.0


def activity_chart(rows: Sequence[ActivityRow], edges: np.ndarray, envelope: Envelope, label: str) -> Markup:
    """Return probabilities over time, a row for each class, under the waveform; a page's script adds a play head.

    Args:
        rows: the classes shown, from top to bottom.
        edges: ends of the intervals that the rows' values belong to, [intervals + 1], s.
        envelope: the outline of the clip's waveform.
        label: what the picture shows, in words.
    """
    seconds = max(envelope.duration_seconds, 1e-9)

    def across(time: float) -> float:
        return PLOT_LEFT + (RIGHT - PLOT_LEFT) * min(max(time / seconds, 0.0), 1.0)

    top = WAVE_HEIGHT + 8.0
    bottom = top + ROW_STEP * len(rows)
    parts = [_waveform(envelope, [across(time) for time in envelope.centers])]
    for index, row in enumerate(rows):
        base = top + ROW_STEP * index + ROW_HEIGHT
        parts.append(words(PLOT_LEFT - 8, base - 6, row.name, f"row-name {row.role}", "end"))
        points = [(across(edges[0]), base)]
        for (start, end), value in zip(itertools.pairwise(edges), row.values, strict=True):
            y = base - ROW_HEIGHT * min(max(float(value), 0.0), 1.0)
            points += [(across(start), y), (across(end), y)]
        points.append((across(edges[-1]), base))
        parts.append(element("path", d=path_data(points) + "Z", class_=f"activity {row.role}"))
        parts.append(line(PLOT_LEFT, base, RIGHT, base, "axis"))
        if row.threshold is not None and row.threshold <= 1:
            y = base - ROW_HEIGHT * row.threshold
            parts.append(line(PLOT_LEFT, y, RIGHT, y, "mark"))
    for tick in time_ticks(seconds):
        parts.append(line(across(tick), bottom - 2, across(tick), bottom + 3, "rail"))
        parts.append(words(across(tick), bottom + 16, clock(tick, seconds), "tick"))
    parts.append(
        element("line", x1=PLOT_LEFT, y1=0, x2=PLOT_LEFT, y2=bottom, class_="playhead", data_left=PLOT_LEFT,
                data_right=RIGHT, data_seconds=f"{seconds:.6f}")
    )  # fmt: skip
    return drawing(bottom + 20, label, parts, class_="chart timeline")


def _waveform(envelope: Envelope, xs: Sequence[float]) -> Markup:
    """Return the waveform's envelope, scaled to its own peak."""
    middle = WAVE_HEIGHT / 2
    heights = (middle - 1) * envelope.extremes / max(envelope.peak, 1e-9)
    above = [(x, middle - float(high) - 0.4) for x, high in zip(xs, heights[:, 1], strict=True)]
    below = [(x, middle - float(low) + 0.4) for x, low in zip(xs, heights[:, 0], strict=True)]
    return element("path", d=path_data(above + below[::-1]) + "Z", class_="wave")


def time_ticks(seconds: float, most: int = 6) -> list[float]:
    """Return at most ``most`` + 1 round times from 0 to ``seconds``, the unit being seconds, minutes or hours."""
    steps = (
        0.001,
        0.002,
        0.005,
        0.01,
        0.02,
        0.05,
        0.1,
        0.2,
        0.5,
        1,
        2,
        5,
        10,
        15,
        30,
        60,
        120,
        300,
        600,
        900,
        1800,
        3600,
        7200,
        14400,
    )
    step = next((one for one in steps if seconds / one <= most), seconds / most)
    return [step * k for k in range(int(seconds / step + 1e-9) + 1)]


def clock(time: float, seconds: float) -> str:
    """Return a time as people read it in a clip of ``seconds``: 1.5 s, 2:05, 1:02:05."""
    if seconds < 60:
        return f"{round(time, 4):g} s"
    whole = round(time)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if seconds >= 3600 else f"{minutes}:{whole % 60:02d}"
