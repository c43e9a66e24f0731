"""A picture of a clip's activity over time, under its waveform; drawn without a display."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from irmas_tf.audio.envelope import Envelope
from irmas_tf.config.labels import LabelScheme
from irmas_tf.inference.activity import Activity, runs, segments
from irmas_tf.inference.answers import printable
from irmas_tf.pictures.clip_timeline import clock, time_ticks

# One hue from light to dark: readable for colour-blind eyes and in grey print.
COLOR_MAP = "Blues"
ENVELOPE_POINTS = 1000
MOST_COLUMNS = 2000  # more than the picture has pixels; a longer clip shows the highest probability of neighbours
ACTIVE_COLOR = "#c2491d"


def activity_figure(
    activity: Activity, envelope: Envelope, scheme: LabelScheme, labels: tuple[str, ...], levels: np.ndarray | None
) -> Figure:
    """Return a picture: the waveform, and below it a row per class, whose shade is the probability.

    A line under the row says where the class is active (`Activity.active`); the names of ``labels`` are bold. Silence
    is hatched: what the model says of it means nothing. The clip's notes stand above the picture.

    Args:
        activity: of the clip.
        envelope: of its waveform.
        scheme: the classes.
        labels: codes of the classes named for the whole clip.
        levels: level of each class, [classes], or None; as for `Activity.active`.
    """
    seconds = max(activity.duration_seconds, 1e-9)
    figure = Figure(figsize=(11, 1.9 + 0.28 * scheme.num_classes), dpi=120, layout="compressed")
    FigureCanvasAgg(figure)
    wave, rows = figure.subplots(2, 1, sharex=True, height_ratios=[1.0, 0.26 * scheme.num_classes])
    _draw_wave(wave, envelope)
    notes = [line for note in activity.notes for line in textwrap.wrap(f"note: {printable(note.text)}", 110)]
    wave.set_title("\n".join([_title(activity.path), *notes]), loc="left", fontsize="medium", parse_math=False)
    edges, shades = _columns(activity)
    picture = rows.pcolormesh(edges, np.arange(scheme.num_classes + 1) - 0.5, shades.T, cmap=COLOR_MAP, vmin=0, vmax=1)
    for first, last in runs(activity.silence):
        rows.axvspan(
            activity.edges[first], activity.edges[last], facecolor="0.93", edgecolor="0.7", hatch="///", linewidth=0
        )
    for piece in segments(activity, levels):
        y = piece.class_index + 0.38
        rows.plot([piece.start, piece.end], [y, y], color=ACTIVE_COLOR, linewidth=2.5, solid_capstyle="butt")
    rows.set_ylim(scheme.num_classes - 0.5, -0.5)
    rows.set_yticks(range(scheme.num_classes), scheme.names)
    for code, name in zip(scheme.codes, rows.get_yticklabels(), strict=True):
        name.set_fontweight("bold" if code in labels else "normal")
    rows.set_yticks(np.arange(1, scheme.num_classes) - 0.5, minor=True)
    rows.grid(axis="y", which="minor", color="0.85", linewidth=0.6)
    ticks = time_ticks(seconds, most=10)
    rows.set_xticks(ticks, [clock(tick, seconds) for tick in ticks])
    rows.set_xlim(0, seconds)
    rows.tick_params(axis="y", which="both", length=0)
    rows.spines[:].set_color("0.7")
    bar = figure.colorbar(picture, ax=rows, pad=0.01, aspect=30)
    bar.set_label("probability")
    bar.outline.set_visible(False)
    return figure


def _draw_wave(axes: Axes, envelope: Envelope) -> None:
    low, high = envelope.extremes.T
    axes.fill_between(envelope.centers, low, high, color="0.45", linewidth=0.5)
    axes.set_ylim(-1.05 * (envelope.peak or 1.0), 1.05 * (envelope.peak or 1.0))
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines[:].set_visible(False)


def _title(path: str, most: int = 110) -> str:
    """Return the end of a path, which is what tells files apart."""
    name = printable(path)
    return name if len(name) <= most else "…" + name[1 - most :]


def _columns(activity: Activity) -> tuple[np.ndarray, np.ndarray]:
    """Return (edges [columns + 1], probabilities [columns, classes]), at most `MOST_COLUMNS` columns."""
    edges, values = activity.edges, activity.probabilities
    step = -(-len(values) // MOST_COLUMNS)
    firsts = np.arange(0, len(values), step)
    return np.append(edges[firsts], edges[-1]), np.maximum.reduceat(values, firsts, axis=0)
