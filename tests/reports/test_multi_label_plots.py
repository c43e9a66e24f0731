from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from irmas_tf.evaluation.threshold_curves import threshold_curves
from irmas_tf.metrics.calibration import reliability
from irmas_tf.reports.multi_label_plots import (
    co_occurrence,
    co_occurrence_figure,
    reliability_figure,
    threshold_figure,
)
from tests.helpers.made_evaluation import make_evaluation
from tests.helpers.tiny_run import make_config


def _is_inside(figure: Figure) -> bool:
    """Return whether titles, legends and axis labels lie within the picture, drawn at its size."""
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    parts = []
    for axes in figure.axes:
        parts += [axes.title, axes.xaxis.label, axes.yaxis.label, *([axes.get_legend()] if axes.get_legend() else [])]
    boxes = [part.get_window_extent() for part in parts]
    return all(b.x0 >= -1 and b.y0 >= -1 and b.x1 <= width + 1 and b.y1 <= height + 1 for b in boxes)


def test_thresholds_show_curves_and_marks() -> None:
    curves = threshold_curves(make_evaluation(make_config(), clips=30).clips, "mean")
    figure = threshold_figure(curves, {"fixed in advance": (0.4, 0.7), "never": (np.inf, 0.0)}, "title")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_array_equal(lines["micro F1"].get_ydata(), curves.micro_f1)
    np.testing.assert_array_equal(lines["macro F1"].get_ydata(), curves.macro_f1)
    mark = lines["fixed in advance: 0.40"]
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([0.4], [0.7])
    assert not any("never" in label for label in lines)
    assert _is_inside(figure)


def test_reliability_shows_bins_that_hold_something() -> None:
    curve = reliability([1, 0, 0, 1], [0.9, 0.9, 0.1, 0.1])
    figure = reliability_figure({"as is": curve, "temperature": curve}, "title")
    (line,) = [x for x in figure.axes[0].lines if str(x.get_label()).startswith("as is")]
    assert line.get_label() == "as is (ECE 0.400)"
    np.testing.assert_allclose(line.get_xdata(), [0.1, 0.9])
    np.testing.assert_allclose(line.get_ydata(), [0.5, 0.5])
    assert _is_inside(figure)


def test_co_occurrence_counts_hits_and_wrong_answers() -> None:
    labels = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]], bool)
    answers = np.array([[1, 1, 1], [0, 1, 0], [0, 0, 1]], bool)
    # Clip 1 names class 2 wrongly beside two labels; clip 2 names class 1 in place of class 0. Naming 0 and 1 together
    # in clip 1 is right and no confusion.
    assert co_occurrence(labels, answers).tolist() == [[1, 1, 1], [0, 1, 1], [0, 0, 1]]


@pytest.mark.parametrize("classes", [3, 11])
def test_co_occurrence_is_drawn_like_a_confusion(classes: int) -> None:
    rng = np.random.default_rng(0)
    labels, answers = rng.random([40, classes]) < 0.3, rng.random([40, classes]) < 0.3
    names = [f"class {k}" for k in range(classes)]
    figure = co_occurrence_figure(labels, answers, names, "title")
    axes = figure.axes[0]
    drawn = {(int(t.get_position()[1]), int(t.get_position()[0])): int(t.get_text()) for t in axes.texts}
    counts = co_occurrence(labels, answers)
    assert drawn == {(int(r), int(c)): counts[r, c] for r, c in np.argwhere(counts)}
    assert [t.get_text() for t in axes.get_yticklabels()] == [
        f"{n} ({c})" for n, c in zip(names, labels.sum(axis=0), strict=True)
    ]
    assert _is_inside(figure)
