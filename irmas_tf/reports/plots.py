"""Pictures of an evaluation, drawn without a display."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

# One hue from light to dark: readable for colour-blind eyes and in grey print.
COLOR_MAP = "Blues"
# Confusions live between 2 % and 30 %, which a linear scale shows as one pale blue.
COLOR_GAMMA = 0.6


def confusion_figure(confusion: np.ndarray, names: Sequence[str], title: str) -> Figure:
    """Return a picture of a confusion matrix: colour = share of the row's excerpts, number = count.

    The object-oriented interface of matplotlib is used, so that no display and no global state is needed.

    Args:
        confusion: counts [classes, classes], row = label, column = prediction.
        names: class names in order.
        title: one line above the picture.
    """
    support = confusion.sum(axis=1)
    return matrix_figure(
        confusion, support, names, title, x_label="answer of the model", y_label="label", unit="excerpts"
    )


def matrix_figure(
    counts: np.ndarray, support: np.ndarray, names: Sequence[str], title: str, *, x_label: str, y_label: str, unit: str
) -> Figure:
    """Return a picture of counts [classes, classes]: colour = share of the row's support, number = count.

    Args:
        counts: what is written.
        support: [classes] what a row's counts are shares of.
        names: class names in order.
        title: one line above the picture.
        x_label, y_label: what columns and rows are.
        unit: what is counted.
    """
    shares = counts / np.maximum(support, 1)[:, None]
    size = 3.2 + 0.5 * len(names)
    figure = Figure(figsize=(size + 1.2, size), dpi=150, layout="compressed")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    picture = axes.imshow(shares, cmap=COLOR_MAP, norm=PowerNorm(COLOR_GAMMA, 0.0, 1.0), interpolation="nearest")
    positions = np.arange(len(names))
    axes.set_xticks(positions, names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(positions, [f"{name} ({count})" for name, count in zip(names, support, strict=True)])
    axes.set_xticks(positions[1:] - 0.5, minor=True)
    axes.set_yticks(positions[1:] - 0.5, minor=True)
    axes.grid(which="minor", color="0.9", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_color("0.7")
    axes.set_xlabel(x_label)
    axes.set_ylabel(f"{y_label} ({unit})")
    axes.set_title(title, loc="left", fontsize="medium")
    darkness = 1 - picture.to_rgba(shares)[..., :3] @ (0.299, 0.587, 0.114)
    for row, column in np.argwhere(counts):
        axes.text(
            column,
            row,
            str(counts[row, column]),
            ha="center",
            va="center",
            fontsize="small",
            fontweight="bold" if row == column else "normal",
            color="white" if darkness[row, column] > 0.5 else "0.15",
        )
    bar = figure.colorbar(picture, ax=axes, shrink=0.8, pad=0.02, format=PercentFormatter(xmax=1.0))
    bar.set_label(f"share of the {y_label}'s {unit}")
    bar.outline.set_visible(False)
    return figure
