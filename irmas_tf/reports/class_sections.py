"""What the pages of both tasks say of the classes: how well each is recognised, and what is taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from irmas_tf.evaluation.score_entries import TOP_CONFUSIONS
from irmas_tf.metrics.single_label import top_confusions
from irmas_tf.metrics.song_intervals import Interval
from irmas_tf.reports.charts import bar
from irmas_tf.reports.matrix_chart import matrix_chart
from irmas_tf.reports.page import Figure, Section, Table
from irmas_tf.reports.score_texts import figure_text


def classes_section(
    rows: Sequence[dict[str, Any]],
    intervals: Sequence[Interval | None],
    columns: dict[str, str],
    unit: str,
    lead: str,
) -> Section:
    """Return F1 of each class, best first, with intervals over songs.

    Args:
        rows: ``per_class`` of the summary.
        intervals: of each row's F1.
        columns: name of a column -> key of the row.
        unit: what is counted.
        lead: what the columns are.
    """
    order = sorted(range(len(rows)), key=lambda k: -rows[k]["f1"])
    body = []
    for k in order:
        row, interval = rows[k], intervals[k]
        ends = (interval.low, interval.high) if interval else (None, None)
        figures = (figure_text(row[key], 2) for key in columns.values())
        body.append((row["name"], bar(row["f1"], *ends), *figures, f"{row['support']:,}"))
    caption = "F1 per class, best first; the whisker is the 95 % interval over songs"
    names = (*columns, unit)
    table = Table(caption, ("class", "", *names), tuple(body), names, "bars")
    return Section("classes", "Instruments", lead, (table,))


def confusion_figure(
    name: str,
    title: str,
    counts: np.ndarray,
    support: np.ndarray,
    classes: tuple[Sequence[str], Sequence[str]],
    axes: tuple[str, str],
    caption: str,
) -> Figure:
    """Return counts of classes against classes as a picture.

    Args:
        name: of its file.
        title: heading.
        counts: [classes, classes].
        support: what a row's counts are shares of, [classes].
        classes: codes and names.
        axes: what rows and columns are.
        caption: what it says.
    """
    spoken = f"{title}. Rows: {axes[0]}; columns: {axes[1]}."
    return Figure(name, title, matrix_chart(counts, support, *classes, axes, spoken), caption)


def top_confusions_table(
    counts: np.ndarray, support: np.ndarray, names: Sequence[str], caption: str, answer: str, unit: str
) -> Table | None:
    """Return the largest counts off the diagonal, or None if there are none.

    Args:
        counts, support: as for `confusion_figure`.
        names: of the classes.
        caption: what it shows.
        answer: what a column is.
        unit: what is counted.
    """
    rows = tuple(
        (f"{names[row]} → {names[column]}", f"{count:,}", f"{100 * count / support[row]:.0f} %")
        for row, column, count in top_confusions(counts, TOP_CONFUSIONS)
    )
    header = (f"label → {answer}", unit, "share of label")
    return Table(caption, header, rows, header[1:], in_grid=True) if rows else None
