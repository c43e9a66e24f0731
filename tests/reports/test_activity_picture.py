from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.audio.envelope import Envelope
from irmas_tf.config.labels import LabelScheme, get_label_scheme
from irmas_tf.inference.activity import Activity
from irmas_tf.inference.notes import Note
from irmas_tf.reports import activity_picture
from irmas_tf.reports.activity_picture import MOST_COLUMNS, MOST_ROWS, activity_figure

SCHEME = get_label_scheme("irmas")
ENVELOPE = Envelope(np.array([[-0.1, 0.2], [-0.5, 0.4]], np.float32), 2.0, 4.0)


def _activity(windows: int, path: str = "x.wav") -> Activity:
    probabilities = np.zeros([windows, 11])
    probabilities[: windows // 2, 3] = 0.9
    probabilities[-1, 10] = 1.0
    return Activity(path, 4.0, 4.0 / windows, np.arange(windows) * 4.0 / windows, probabilities)


def test_shades_lines_and_names_say_what_is_active() -> None:
    figure = activity_figure(_activity(4), ENVELOPE, SCHEME, ("gac",), np.full(11, 0.5))
    wave, rows, bar = figure.axes
    mesh = rows.collections[0]
    np.testing.assert_allclose(np.asarray(mesh.get_array()).reshape(11, 4), _activity(4).probabilities.T)
    lines = [(round(line.get_ydata()[0]), *line.get_xdata()) for line in rows.lines]
    assert lines == [(3, 0.0, 2.0), (10, 3.0, 4.0)]
    bold = [text.get_text() for text in rows.get_yticklabels() if text.get_fontweight() == "bold"]
    assert bold == ["acoustic guitar"]
    assert rows.get_xlim() == (0, 4) and wave.get_xlim() == (0, 4)
    assert bar.get_ylabel() == "probability"


def test_a_long_clip_has_no_more_columns_than_pixels_and_keeps_its_peaks() -> None:
    activity = _activity(3 * MOST_COLUMNS + 1)
    rows = activity_figure(activity, ENVELOPE, SCHEME, (), None).axes[1]
    shades = np.asarray(rows.collections[0].get_array()).reshape(11, -1)
    assert shades.shape[1] <= MOST_COLUMNS
    assert shades[10, -1] == 1.0 and shades[10, :-1].max() == 0.0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("path", ["a$b^{x\n.wav", os.fsdecode(b"\xff\xe9.wav"), "音" * 300])
def test_any_name_can_be_a_title(path: str, tmp_path: Path) -> None:
    figure = activity_figure(_activity(2, path), ENVELOPE, SCHEME, (), None)
    figure.savefig(tmp_path / "x.png")
    assert len(figure.axes[0].get_title(loc="left")) <= 110


@pytest.mark.slow
def test_silence_is_hatched_without_a_line_and_notes_stand_above(tmp_path: Path) -> None:
    notes = (Note("partly_silent", "2 of 4 windows are silent"), Note("scale", "samples reach 32768 " * 10))
    activity = dataclasses.replace(_activity(4), silent=np.array([True, False, False, True]), notes=notes)
    figure = activity_figure(activity, ENVELOPE, SCHEME, ("gac",), np.full(11, 0.5))
    wave, rows, _ = figure.axes
    assert [(round(line.get_ydata()[0]), *line.get_xdata()) for line in rows.lines] == [(3, 1.0, 2.0)]
    spans = [patch.get_extents().transformed(rows.transData.inverted()).intervalx for patch in rows.patches]
    np.testing.assert_allclose(spans, [[0, 1], [3, 4]], atol=1e-9)
    name, first, *others = wave.get_title(loc="left").splitlines()
    assert (name, first) == ("x.wav", "note: 2 of 4 windows are silent") and all(len(line) <= 110 for line in others)
    figure.savefig(tmp_path / "x.png")


@pytest.mark.slow
def test_silence_can_be_drawn(tmp_path: Path) -> None:
    silence = Envelope(np.zeros([3, 2], np.float32), 1.0, 2.5)
    activity_figure(_activity(1), silence, SCHEME, (), None).savefig(tmp_path / "x.png")


def test_no_display_and_no_global_state_is_needed() -> None:
    assert "pyplot" not in Path(activity_picture.__file__).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Glyph")
def test_of_a_thousand_classes_the_named_and_the_most_probable_have_rows(tmp_path: Path) -> None:
    names = ("$x_{", "尺八", "y" * 200, *(f"class {k}" for k in range(997)))
    scheme = LabelScheme.of("own", {name: name for name in names})
    probabilities = np.linspace(0.1, 0.2, 4)[:, None] * np.linspace(1, 2, 1000)
    activity = dataclasses.replace(_activity(4), probabilities=probabilities)
    figure = activity_figure(activity, ENVELOPE, scheme, names[:3], np.array([0.01] * 3 + [0.9] * 997))
    rows = figure.axes[1]
    shown = [text.get_text() for text in rows.get_yticklabels()]
    assert len(shown) == MOST_ROWS and shown[:2] == list(names[:2]) and shown[3:] == list(names[3 - MOST_ROWS :])
    assert shown[2].endswith("…") and len(shown[2]) <= 41
    assert [round(line.get_ydata()[0]) for line in rows.lines] == [0, 1, 2]
    assert "the 40 most probable of 1,000 classes" in figure.axes[0].get_title(loc="left")
    figure.savefig(tmp_path / "x.png")
