"""What the pages of both tasks say of the classes: how well each is recognised, and what is taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from irmas_tf.evaluation.score_entries import TOP_CONFUSIONS
from irmas_tf.metrics.single_label import top_confusions
from irmas_tf.metrics.song_intervals import Interval
from irmas_tf.pictures.charts import bar
from irmas_tf.pictures.matrix_chart import matrix_chart
from irmas_tf.reports.page import Figure, Section, Table
from irmas_tf.reports.score_texts import figure_text

MOST_CLASSES = 30  # of which everything is shown
MOST_IN_GRID = 12  # classes of a matrix that is readable at half the width of a page
ENDS = 10  # of a longer table, at either end


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
    body = []
    for k in by_f1(rows):
        row, interval = rows[k], intervals[k]
        ends = (interval.low, interval.high) if interval else (None, None)
        figures = (figure_text(row[key], 2) for key in columns.values())
        body.append((row["name"], bar(row["f1"] or 0.0, *ends), *figures, f"{row['support']:,}"))
    names = (*columns, unit)

    def table(which: str, some: list[tuple[Any, ...]]) -> Table:
        caption = f"F1 {which}, best first; the whisker is the 95 % interval over songs"
        return Table(caption, ("class", "", *names), tuple(some), names, "bars")

    if len(rows) <= MOST_CLASSES:
        return Section("classes", "Classes", lead, (table("per class", body),))
    ends_of_table = (
        table(f"of the {ENDS} best classes", body[:ENDS]),
        table(f"of the {ENDS} worst classes that occur", [row for row in body if row[-1] != "0"][-ENDS:]),
    )
    every = table("per class", body)
    return Section("classes", "Classes", lead, ends_of_table, (every,), f"All {len(rows)} classes")


def by_f1(rows: Sequence[dict[str, Any]]) -> list[int]:
    """Return the numbers of the classes, the best F1 first; those without one last.

    Args:
        rows: ``per_class`` of the summary.
    """
    return sorted(range(len(rows)), key=lambda k: (rows[k]["f1"] is None, -(rows[k]["f1"] or 0.0)))


def confusion_figure(
    name: str,
    title: str,
    counts: np.ndarray,
    support: np.ndarray,
    classes: tuple[Sequence[str], Sequence[str]],
    axes: tuple[str, str],
    caption: str,
) -> Figure:
    """Return counts of classes against classes as a picture, of many classes those with most off the diagonal.

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
    codes, names = classes
    if len(codes) > MOST_CLASSES:
        shown = _most_mixed_up(counts, MOST_CLASSES)
        caption += f" Of {len(codes)} classes, the {MOST_CLASSES} with the highest counts off the diagonal."
        counts, support = counts[np.ix_(shown, shown)], support[shown]
        codes, names = ([texts[k] for k in shown] for texts in classes)
    picture = matrix_chart(counts, support, codes, names, axes, spoken)
    return Figure(name, title, picture, caption, in_grid=len(codes) <= MOST_IN_GRID)


def _most_mixed_up(counts: np.ndarray, most: int) -> list[int]:
    """Return the classes with the highest counts off the diagonal, in their own order."""
    counts = np.asarray(counts)
    off = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return sorted(np.argsort(-off, kind="stable")[:most].tolist())


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
