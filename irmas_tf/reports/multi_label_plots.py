"""Pictures of a multi-label evaluation, drawn without a display; the style is that of `irmas_tf.reports.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from irmas_tf.evaluation.threshold_curves import ThresholdCurves
from irmas_tf.metrics.calibration import Reliability
from irmas_tf.reports.plots import matrix_figure

# Okabe & Ito's colours, told apart by colour-blind eyes; dashes tell them apart in grey print.
_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "0.55"
_MARKERS = ("o", "s", "D", "^")


def threshold_figure(curves: ThresholdCurves, marks: Mapping[str, tuple[float, float]], title: str) -> Figure:
    """Return F1, precision and recall against one threshold for all classes, and every class's F1 as a thin line.

    Args:
        curves: what to draw.
        marks: name -> (threshold, micro F1) to mark; infinite thresholds are left out. Levels that differ between
            folds need not lie on the curve.
        title: one line above the picture.
    """
    figure = Figure(figsize=(7.2, 4.6), dpi=150, layout="compressed")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for k in range(curves.class_f1.shape[1]):
        axes.plot(
            curves.thresholds,
            curves.class_f1[:, k],
            color="0.8",
            linewidth=0.7,
            label="F1 of a class" if k == 0 else None,
        )
    axes.plot(curves.thresholds, curves.micro_precision, color=_GREY, linestyle="--", label="micro precision")
    axes.plot(curves.thresholds, curves.micro_recall, color=_GREY, linestyle=":", label="micro recall")
    axes.plot(curves.thresholds, curves.macro_f1, color=_ORANGE, linestyle="-.", linewidth=2, label="macro F1")
    axes.plot(curves.thresholds, curves.micro_f1, color=_BLUE, linewidth=2, label="micro F1")
    shown = {name: mark for name, mark in marks.items() if np.isfinite(mark[0])}
    for number, (name, (x, y)) in enumerate(shown.items()):
        marker = _MARKERS[number % len(_MARKERS)]
        axes.plot(
            [x], [y], marker, color=_BLUE, markeredgecolor="white", markersize=8, label=f"{name}: {x:.2f}", zorder=5
        )
    axes.set_xlim(curves.thresholds[0], curves.thresholds[-1])
    axes.set_ylim(0.0, 1.0)
    axes.set_xlabel("threshold, the same for all classes")
    axes.set_ylabel("score")
    axes.grid(color="0.92", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontsize="medium")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize="small")
    return figure


def reliability_figure(curves: Mapping[str, Reliability], title: str) -> Figure:
    """Return how often classes are right against the probability they are given; below, how many are given it.

    Args:
        curves: name -> reliability; the diagonal is what probabilities should be.
        title: one line above the picture.
    """
    figure = Figure(figsize=(5.6, 6.2), dpi=150, layout="compressed")
    FigureCanvasAgg(figure)
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    styles = zip((_BLUE, _ORANGE, _GREEN, _GREY), ("-", "--", "-.", ":"), _MARKERS, strict=True)
    for (name, curve), (color, line, marker) in zip(curves.items(), styles, strict=False):
        there = curve.count > 0
        label = f"{name} (ECE {curve.expected_calibration_error:.3f})"
        axes.plot(
            curve.probability[there],
            curve.frequency[there],
            color=color,
            linestyle=line,
            marker=marker,
            markersize=4,
            label=label,
        )
        counts.stairs(curve.count, curve.edges, color=color, linestyle=line)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_ylabel("share that is right")
    axes.legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0, 1.06), ncols=2, borderaxespad=0)
    figure.suptitle(title, x=0.02, ha="left", fontsize="medium")
    counts.set_yscale("log")
    counts.set_ylim(bottom=0.8)
    counts.set_xlabel("probability given")
    counts.set_ylabel("clips x classes")
    for some in (axes, counts):
        some.grid(color="0.92", linewidth=0.6)
        some.spines[["top", "right"]].set_visible(False)
    return figure


def co_occurrence(labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return counts [classes, classes]: clips labelled with the row in which the column is named.

    The diagonal counts hits. Off it stand only wrong answers: a class that is named rightly beside another one is no
    confusion.

    Args:
        labels, answers: [clips, classes] bool.
    """
    truth, named = np.asarray(labels, int), np.asarray(answers, int)
    wrong = named * (1 - truth)
    return truth.T @ wrong + np.diag((truth * named).sum(axis=0))


def co_occurrence_figure(labels: np.ndarray, answers: np.ndarray, names: Sequence[str], title: str) -> Figure:
    """Return a picture of `co_occurrence`: colour = share of the row's clips, number = count.

    Args:
        labels, answers: [clips, classes] bool.
        names: class names in order.
        title: one line above the picture.
    """
    return matrix_figure(
        co_occurrence(labels, answers),
        np.asarray(labels).sum(axis=0),
        names,
        title,
        x_label="answer: right on the diagonal, wrong beside it",
        y_label="label",
        unit="clips",
    )
