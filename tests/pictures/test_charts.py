from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.metrics.calibration import reliability
from irmas_tf.pictures import charts
from tests.helpers.pictures import of_class, points_of, texts_of

SPAN = charts.RIGHT - charts.LEFT


def test_a_strip_places_score_interval_and_baseline() -> None:
    svg = charts.interval_strip(0.5, 0.25, 1.0, (("always", 0.0),), "words")
    assert "viewBox" not in svg.attrib, "places are percentages, so that it fills its card without wide letters"
    assert of_class(svg, "dot")[0]["cx"] == "50.00%"
    interval = of_class(svg, "interval")[0]
    assert (interval["x1"], interval["x2"]) == ("26.25%", "97.50%")
    (baseline,) = of_class(svg, "baseline")
    assert baseline["x1"] == baseline["x2"] == "2.50%"
    assert svg.attrib["aria-label"] == "words"
    assert not of_class(charts.interval_strip(0.5, None, None, (), ""), "interval")


def test_a_bar_is_as_long_as_its_value() -> None:
    svg = charts.bar(0.25, 0.2, 0.4)
    assert float(of_class(svg, "bar")[0]["width"]) == charts.WIDTH / 4
    whisker = of_class(svg, "whisker")[0]
    assert (float(whisker["x1"]), float(whisker["x2"])) == pytest.approx((0.2 * charts.WIDTH, 0.4 * charts.WIDTH))
    assert not of_class(charts.bar(0.0, 0.0, 0.0), "whisker")


def test_curves_go_through_their_points_on_any_axis() -> None:
    x = np.linspace(-10, 30, 5)
    y = np.array([0, 0.5, 1, 0.5, 0.25])
    marks = [charts.Mark("in", 10), charts.Mark("out", 99)]
    svg = charts.curve_chart([charts.Curve("a < b", x, y)], "level", "words", marks, (-10, 30))
    points = points_of(of_class(svg, "series-0")[0])
    np.testing.assert_allclose(points[:, 0], charts.LEFT + SPAN * np.arange(5) / 4, atol=0.01)
    height = points[:, 1].max() - points[:, 1].min()
    np.testing.assert_allclose((points[0, 1] - points[:, 1]) / height, y, atol=1e-3)
    assert [float(m["x1"]) for m in of_class(svg, "mark")] == [charts.LEFT + SPAN / 2]
    assert texts_of(svg, "key") == ["a < b", "in, 10.00"] and texts_of(svg, "mark-name") == ["a", "a"]
    assert texts_of(svg, "tick")[1:12:2] == ["-10", "-2", "6", "14", "22", "30"]
    bottom = max(float(text.attrib["y"]) for text in svg.iter("text"))
    assert bottom < float(svg.attrib["viewBox"].split()[3]), "the key lies inside the picture"


def test_long_curves_are_thinned_but_keep_their_ends() -> None:
    x = np.linspace(0, 1, 10_000)
    points = points_of(of_class(charts.curve_chart([charts.Curve("a", x, x**2)], "", ""), "series-0")[0])
    assert len(points) == charts.MAX_POINTS
    assert points[0, 0] == charts.LEFT and points[-1, 0] == charts.RIGHT


def test_reliability_shows_the_bins_that_hold_something() -> None:
    curve = reliability([0, 1, 1, 1], [0.1, 0.1, 0.9, 0.9], 10)
    svg = charts.reliability_chart(curve, "probability", "words")
    centers = [float(d["cx"]) for d in of_class(svg, "dot")]
    np.testing.assert_allclose(centers, charts.LEFT + SPAN * np.array([0.1, 0.9]), atol=0.01)
    bars = [float(b["height"]) for b in of_class(svg, "bar")]
    assert bars[0] == bars[1] and texts_of(svg, "count") == ["2", "2"]
    assert charts.reliability_words(curve) == "probability 0.10: 0.50 right of 2; probability 0.90: 1.00 right of 2"


def test_counts_are_short() -> None:
    counts = (0, 999, 1000, 1249, 9949, 9950)
    assert [charts.short_count(count) for count in counts] == ["0", "999", "1.0k", "1.2k", "9.9k", "10k"]
