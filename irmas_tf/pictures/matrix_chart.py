"""A square of counts, classes against classes: the confusion matrix and its relatives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from irmas_tf.pictures.class_names import LETTER, ends_of, shortened, width_of
from irmas_tf.pictures.svg import Svg, add, number, picture, words

CELL_WIDTH, CELL_HEIGHT = 34, 27
# Small shares are what one looks for, and a linear scale would show them as one pale colour.
GAMMA = 0.6
LIGHT_TEXT_FROM = 0.6  # a cell of this depth is so dark that its text is drawn light
UPRIGHT_LETTERS = 4  # a longer code does not fit over its column unless it is turned
MOST_LETTERS = 30  # of a name that is written; the rest is in its title
MOST_NARROW_LETTERS = 9  # on a narrow page
MAX_SCALE = 1.25  # pixels per unit on a page


def matrix_chart(
    counts: np.ndarray,
    support: np.ndarray,
    codes: Sequence[str],
    names: Sequence[str],
    axes: tuple[str, str],
    label: str,
) -> Svg:
    """Return counts as a table for those who cannot see it, and shaded by their share of the row for those who can.

    A narrow page shows the codes of the rows in place of the names, whose room it cuts off (``--zoom`` of the style).

    Args:
        counts: what is written, [classes, classes].
        support: what a row's counts are shares of, [classes].
        codes, names: of the classes, short and long.
        axes: what rows and columns are.
        label: what the picture shows, in words.
    """
    rows = [f"{shortened(name, MOST_LETTERS)} ({count:,})" for name, count in zip(names, support.tolist(), strict=True)]
    heads = [shortened(code, MOST_LETTERS) for code in codes]
    narrow = [ends_of(code, MOST_NARROW_LETTERS) for code in codes]
    letters = max(map(width_of, heads))
    turned = letters > UPRIGHT_LETTERS
    top = 0.75 * LETTER * letters + 14 if turned else 22
    left = LETTER * max(width_of(row) for row in (*rows, _corner(axes))) + 10
    left_narrow = 1.3 * LETTER * max(map(width_of, narrow)) + 10
    # Turned names end to the right of the last column.
    over = max(0.0, 0.75 * LETTER * width_of(heads[-1]) - CELL_WIDTH / 2) if turned else 0.0
    width, height = left + CELL_WIDTH * len(names) + 1 + over, top + CELL_HEIGHT * len(names) + 1
    zoom = width / (width - left + left_narrow)
    style = f"--zoom:{max(zoom, 1):.3f};--cells:{len(names)};--most:{MAX_SCALE * width:.0f}px"
    svg = picture(width, height, label, "chart matrix", role="table", style=style)
    head = add(svg, "g", role="row")
    words(head, 0, top - 8, _corner(axes), "tick wide", "start", role="columnheader")
    for column, code in enumerate(heads):
        x = left + CELL_WIDTH * (column + 0.5)
        turn = {"transform": f"rotate(-45 {number(x)} {number(top - 8)})"} if turned else {}
        place = "start" if turned else "middle"
        text = words(head, x, top - 8, code, "code wide", place, role="columnheader", **turn)
        add(text, "title", names[column])
        add(
            words(head, x, top - 8, narrow[column], "code narrow", place, aria_hidden="true", **turn),
            "title",
            names[column],
        )
    shares = counts / np.maximum(support, 1)[:, None]
    for k, name in enumerate(rows):
        y = top + CELL_HEIGHT * k
        row = add(svg, "g", role="row")
        add(words(row, left - 8, y + 18, name, "name wide", "end", role="rowheader"), "title", names[k])
        add(words(row, left - 8, y + 18, narrow[k], "code narrow", "end", aria_hidden="true"), "title", names[k])
        for column in range(len(names)):
            cell = add(row, "g", role="cell")
            count, share = int(counts[k, column]), float(shares[k, column])
            if count:
                add(cell, "title", f"{names[k]} → {names[column]}: {count:,} of {support[k]:,} ({100 * share:.0f} %)")
            _draw_cell(cell, left + CELL_WIDTH * column, y, count, share, k == column)
    return svg


def _corner(axes: tuple[str, str]) -> str:
    return f"{axes[0]} ↓  {axes[1]} →"


def _draw_cell(cell: Svg, x: float, y: float, count: int, share: float, diagonal: bool) -> None:
    depth = min(max(share, 0.0), 1.0) ** GAMMA
    shape = add(cell, "rect", x=x + 0.5, y=y + 0.5, width=CELL_WIDTH - 1, height=CELL_HEIGHT - 1)
    shape.set("class", "diagonal-cell" if diagonal else "cell")
    shape.set("fill-opacity", number(depth))
    if count:
        kinds = ["figure-cell", *(["hit"] if diagonal else []), *(["deep"] if depth >= LIGHT_TEXT_FROM else [])]
        words(cell, x + CELL_WIDTH / 2, y + 18, str(count), " ".join(kinds))
