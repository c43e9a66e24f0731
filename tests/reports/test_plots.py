from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.reports.plots import confusion_figure
from tests.helpers import ROOT


@pytest.fixture
def confusion() -> np.ndarray:
    return np.array([[90, 10, 0], [5, 20, 25], [0, 0, 0]])


def test_every_cell_has_its_count_and_empty_cells_none(confusion: np.ndarray) -> None:
    axes = confusion_figure(confusion, ["cello", "flute", "voice"], "title").axes[0]
    drawn = {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes.texts}
    assert drawn == {(0, 0): "90", (0, 1): "10", (1, 0): "5", (1, 1): "20", (1, 2): "25"}
    assert [t.get_text() for t in axes.get_xticklabels()] == ["cello", "flute", "voice"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["cello (100)", "flute (50)", "voice (0)"]
    assert axes.get_title(loc="left") == "title"


def test_colour_is_the_share_of_the_row(confusion: np.ndarray) -> None:
    image = confusion_figure(confusion, list("abc"), "").axes[0].images[0]
    np.testing.assert_allclose(np.asarray(image.get_array())[:2], [[0.9, 0.1, 0], [0.1, 0.4, 0.5]])
    assert image.get_clim() == (0.0, 1.0)


def test_text_stands_out_from_every_cell() -> None:
    confusion = np.stack([np.roll(np.arange(1, 12), k) ** 3 for k in range(11)])
    axes = confusion_figure(confusion, list("abcdefghijk"), "").axes[0]
    image = axes.images[0]
    from matplotlib.colors import to_rgb

    weights = np.array([0.299, 0.587, 0.114])
    for text in axes.texts:
        column, row = (round(x) for x in text.get_position())
        cell = image.to_rgba(np.asarray(image.get_array()))[row, column, :3] @ weights
        assert abs(cell - np.array(to_rgb(text.get_color())) @ weights) > 0.3


def test_labels_lie_inside_the_picture(confusion: np.ndarray, tmp_path: Path) -> None:
    figure = confusion_figure(confusion, ["acoustic guitar", "electric guitar", "saxophone"], "a title")
    figure.savefig(tmp_path / "x.png")
    width, height = figure.canvas.get_width_height()
    axes = figure.axes[0]
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels(), axes.title, axes.xaxis.label, axes.yaxis.label):
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text


def test_no_display_and_no_global_state_is_needed() -> None:
    code = "import sys, irmas_tf.reports.plots; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
