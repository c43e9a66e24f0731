from __future__ import annotations

import re

import numpy as np
import pytest

from irmas_tf.audio.envelope import Envelope
from irmas_tf.metrics.calibration import reliability
from irmas_tf.reports import charts

SPAN = charts.RIGHT - charts.LEFT


def _points(path: str) -> np.ndarray:
    return np.array([[float(v) for v in p.split()] for p in re.split("[ML]", path.rstrip("Z"))[1:]])


def _attributes(svg: str, tag: str, kind: str) -> list[dict[str, str]]:
    found = [dict(re.findall(r'([\w-]+)="([^"]*)"', one)) for one in re.findall(rf"<{tag} [^>]*>", svg)]
    return [one for one in found if kind in one.get("class", "").split()]


def test_a_strip_places_score_interval_and_baseline() -> None:
    svg = charts.interval_strip(0.5, 0.25, 1.0, (("always", 0.0),), "words")
    first, last = 8, charts.STRIP_WIDTH - 8
    (dot,) = _attributes(svg, "circle", "dot")
    assert float(dot["cx"]) == (first + last) / 2
    interval = _attributes(svg, "line", "interval")[0]
    assert (float(interval["x1"]), float(interval["x2"])) == (first + (last - first) / 4, last)
    (baseline,) = _attributes(svg, "line", "baseline")
    assert float(baseline["x1"]) == first
    assert 'aria-label="words"' in svg
    assert not _attributes(charts.interval_strip(0.5, None, None, (), ""), "line", "interval")


def test_a_bar_is_as_long_as_its_value() -> None:
    svg = charts.bar(0.25, 0.2, 0.4)
    assert float(_attributes(svg, "rect", "bar")[0]["width"]) == charts.WIDTH / 4
    whisker = _attributes(svg, "line", "whisker")[0]
    assert (float(whisker["x1"]), float(whisker["x2"])) == pytest.approx((0.2 * charts.WIDTH, 0.4 * charts.WIDTH))
    assert not _attributes(charts.bar(0.0, 0.0, 0.0), "line", "whisker")


def test_curves_go_through_their_points_on_any_axis() -> None:
    x = np.linspace(-10, 30, 5)
    y = np.array([0, 0.5, 1, 0.5, 0.25])
    html = charts.curve_chart(
        [charts.Curve("a < b", x, y)], "level", "words", [charts.Mark("in", 10), charts.Mark("out", 99)], (-10, 30)
    )
    (curve,) = _attributes(html, "path", "series-0")
    points = _points(curve["d"])
    np.testing.assert_allclose(points[:, 0], charts.LEFT + SPAN * np.arange(5) / 4, atol=0.01)
    height = points[:, 1].max() - points[:, 1].min()
    np.testing.assert_allclose((points[0, 1] - points[:, 1]) / height, y, atol=1e-3)
    marks = _attributes(html, "line", "mark")
    assert [float(m["x1"]) for m in marks] == [charts.LEFT + SPAN / 2]
    assert "a &lt; b" in html and "a: in, 10.00" in html and "out" not in html
    assert re.findall(r">(-?[\d.]+)</text>", html)[6:] == ["-10", "-2", "6", "14", "22", "30"]


def test_long_curves_are_thinned_but_keep_their_ends() -> None:
    x = np.linspace(0, 1, 10_000)
    html = charts.curve_chart([charts.Curve("a", x, x**2)], "", "")
    points = _points(_attributes(html, "path", "series-0")[0]["d"])
    assert len(points) == charts.MAX_POINTS
    assert points[0, 0] == charts.LEFT and points[-1, 0] == charts.RIGHT


def test_reliability_shows_the_bins_that_hold_something() -> None:
    found = reliability([0, 1, 1, 1], [0.1, 0.1, 0.9, 0.9], 10)
    svg = charts.reliability_chart(found, "probability", "words")
    dots = _attributes(svg, "circle", "dot")
    np.testing.assert_allclose([float(d["cx"]) for d in dots], charts.LEFT + SPAN * np.array([0.1, 0.9]), atol=0.01)
    bars = [float(b["height"]) for b in _attributes(svg, "rect", "bar")]
    assert bars[0] == bars[1]
    assert charts.reliability_words(found) == "probability 0.10: 0.50 right of 2; probability 0.90: 1.00 right of 2"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (999, "999"), (1000, "1.0k"), (1249, "1.2k"), (9949, "9.9k"), (9950, "10k")]
)
def test_counts_are_short(count: int, text: str) -> None:
    assert charts.short_count(count) == text


def test_activity_is_drawn_where_and_as_high_as_it_is() -> None:
    envelope = Envelope(np.array([[-0.5, 0.25], [-1.0, 1.0]], np.float32), 2.0, 4.0)
    row = charts.ActivityRow("flute", np.array([0.0, 1.0]), "right", 0.5)
    svg = charts.activity_chart([row], np.array([0.0, 1.0, 4.0]), envelope, "words")
    (area,) = _attributes(svg, "path", "activity")
    points = _points(area["d"])
    span = charts.RIGHT - charts.PLOT_LEFT
    base = points[0, 1]
    high = points[points[:, 1] < base - 1]
    np.testing.assert_allclose(high[:, 0], [charts.PLOT_LEFT + span / 4, charts.RIGHT], atol=0.01)
    np.testing.assert_allclose(base - high[:, 1], charts.ROW_HEIGHT, atol=0.01)
    assert area["class"] == "activity right"
    level = _attributes(svg, "line", "mark")[0]
    assert float(level["y1"]) == pytest.approx(base - charts.ROW_HEIGHT / 2)
    (wave,) = _attributes(svg, "path", "wave")
    outline = _points(wave["d"])
    assert np.ptp(outline[[1, 2], 1]) > 3 * np.ptp(outline[[0, 3], 1]) / 2, "the louder half is higher"
    (head,) = _attributes(svg, "line", "playhead")
    assert (head["data-left"], head["data-right"], head["data-seconds"]) == ("106", "388", "4.000000")


@pytest.mark.parametrize("seconds", [0.0125, 0.3, 3.0, 20.0, 61.0, 600.0, 7200.0, 90_000.0])
def test_time_ticks_are_few_round_and_inside(seconds: float) -> None:
    ticks = charts.time_ticks(seconds)
    assert ticks[0] == 0 and ticks[-1] <= seconds * (1 + 1e-9) and len(ticks) <= 8
    assert len(ticks) >= 2
    names = [charts.clock(tick, seconds) for tick in ticks]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("time", "seconds", "text"),
    [(1.5, 20, "1.5 s"), (0, 3, "0 s"), (65, 80, "1:05"), (3725, 7200, "1:02:05"), (59.9, 120, "1:00")],
)
def test_times_are_written_as_people_do(time: float, seconds: float, text: str) -> None:
    assert charts.clock(time, seconds) == text
