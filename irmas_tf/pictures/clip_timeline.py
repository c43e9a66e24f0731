"""A clip over time: its waveform, and below it the probability of each class."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from irmas_tf.audio.envelope import Envelope
from irmas_tf.pictures.class_names import LETTER, shortened
from irmas_tf.pictures.svg import Svg, add, line, path, picture, words

WIDTH, LEFT, RIGHT = 400, 106.0, 388.0
ROW_HEIGHT, ROW_STEP, WAVE_HEIGHT = 22.0, 29.0, 40.0
MOST_LETTERS = (LEFT - 8) / (1.08 * LETTER)  # of a class's name, which is bold where it counts
TICK_SECONDS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
    14400,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class ActivityRow:
    """A class in the picture.

    Attributes:
        name: of the class.
        values: probability in each interval, [intervals].
        role: "right" (a label that was named), "missed" (a label that was not), "wrong" (named without being a label)
            or "other".
        threshold: level at which the class is named; None draws none.
    """

    name: str
    values: np.ndarray
    role: str = "other"
    threshold: float | None = None


def clip_timeline(rows: Sequence[ActivityRow], edges: np.ndarray, envelope: Envelope, label: str) -> Svg:
    """Return probabilities over time, a row for each class, under the waveform; a page's script moves the play head.

    Args:
        rows: the classes shown, from top to bottom.
        edges: ends of the intervals that the rows' values belong to, [intervals + 1], s.
        envelope: the outline of the clip's waveform.
        label: what the picture shows, in words.
    """
    seconds = max(envelope.duration_seconds, 1e-9)

    def across(time: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(max(time / seconds, 0.0), 1.0)

    top = WAVE_HEIGHT + 8.0
    bottom = top + ROW_STEP * len(rows)
    svg = picture(WIDTH, bottom + 20, label, "chart timeline")
    _draw_waveform(svg, envelope, [across(time) for time in envelope.centers])
    for index, row in enumerate(rows):
        base = top + ROW_STEP * index + ROW_HEIGHT
        name = words(svg, LEFT - 8, base - 6, shortened(row.name, MOST_LETTERS), f"row-name {row.role}", "end")
        if name.text != row.name:
            add(name, "title", row.name)
        points = [(across(edges[0]), base)]
        for (start, end), value in zip(itertools.pairwise(edges), row.values, strict=True):
            y = base - ROW_HEIGHT * min(max(float(value), 0.0), 1.0)
            points += [(across(start), y), (across(end), y)]
        path(svg, [*points, (across(edges[-1]), base)], f"activity {row.role}", closed=True)
        line(svg, LEFT, base, RIGHT, base, "axis")
        if row.threshold is not None and row.threshold <= 1:
            y = base - ROW_HEIGHT * row.threshold
            line(svg, LEFT, y, RIGHT, y, "mark")
    for tick in time_ticks(seconds):
        line(svg, across(tick), bottom - 2, across(tick), bottom + 3, "rail")
        words(svg, across(tick), bottom + 16, clock(tick, seconds), "tick")
    add(svg, "line", x1=LEFT, y1=0, x2=LEFT, y2=bottom, class_="playhead", data_left=LEFT, data_right=RIGHT,
        data_seconds=f"{seconds:.6f}")  # fmt: skip
    return svg


def _draw_waveform(svg: Svg, envelope: Envelope, xs: Sequence[float]) -> None:
    """Draw the waveform's envelope, scaled to its own peak."""
    middle = WAVE_HEIGHT / 2
    heights = (middle - 1) * envelope.extremes / max(envelope.peak, 1e-9)
    above = [(x, middle - float(high) - 0.4) for x, high in zip(xs, heights[:, 1], strict=True)]
    below = [(x, middle - float(low) + 0.4) for x, low in zip(xs, heights[:, 0], strict=True)]
    path(svg, above + below[::-1], "wave", closed=True)


def time_ticks(seconds: float, most: int = 6) -> list[float]:
    """Return at most ``most`` + 1 round times from 0 to ``seconds``, the unit being seconds, minutes or hours."""
    step = next((step for step in TICK_SECONDS if seconds / step <= most), seconds / most)
    return [step * k for k in range(int(seconds / step + 1e-9) + 1)]


def clock(time: float, seconds: float) -> str:
    """Return a time as people read it in a clip of ``seconds``: 1.5 s, 2:05, 1:02:05."""
    if seconds < 60:
        return f"{round(time, 4):g} s"
    whole = round(time)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if seconds >= 3600 else f"{minutes}:{whole % 60:02d}"
