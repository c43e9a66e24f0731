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
from irmas_tf.pictures.class_names import shortened
from irmas_tf.pictures.clip_timeline import clock, time_ticks

# One hue from light to dark: readable for colour-blind eyes and in grey print.
COLOR_MAP = "Blues"
ENVELOPE_POINTS = 1000
MOST_COLUMNS = 2000  # more than the picture has pixels; a longer clip shows the highest probability of neighbours
ACTIVE_COLOR = "#c2491d"
MOST_ROWS = 40  # a picture of a thousand classes would be ten metres high
MOST_LETTERS = 40.0  # of a class's name


def activity_figure(
    activity: Activity, envelope: Envelope, scheme: LabelScheme, labels: tuple[str, ...], levels: np.ndarray | None
) -> Figure:
    """Return a picture: the waveform, and below it a row per class, whose shade is the probability.

    A line under the row says where the class is active (`Activity.active`); the names of ``labels`` are bold. Silence
    is hatched: what the model says of it means nothing. The clip's notes stand above the picture. Of more classes than
    `MOST_ROWS` those that are named, then the most probable ones, have a row, which the title says.

    Args:
        activity: of the clip.
        envelope: of its waveform.
        scheme: the classes.
        labels: codes of the classes named for the whole clip.
        levels: level of each class, [classes], or None; as for `Activity.active`.
    """
    seconds = max(activity.duration_seconds, 1e-9)
    chosen = _chosen(activity, scheme, labels)
    count = len(chosen)
    figure = Figure(figsize=(11, 1.9 + 0.28 * count), dpi=120, layout="compressed")
    FigureCanvasAgg(figure)
    wave, rows = figure.subplots(2, 1, sharex=True, height_ratios=[1.0, 0.26 * count])
    _draw_wave(wave, envelope)
    notes = [line for note in activity.notes for line in textwrap.wrap(f"note: {printable(note.text)}", 110)]
    if count < scheme.num_classes:
        notes.insert(0, f"the {count} most probable of {scheme.num_classes:,} classes")
    wave.set_title("\n".join([_title(activity.path), *notes]), loc="left", fontsize="medium", parse_math=False)
    edges, shades = _columns(activity)
    picture = rows.pcolormesh(edges, np.arange(count + 1) - 0.5, shades.T[chosen], cmap=COLOR_MAP, vmin=0, vmax=1)
    for first, last in runs(activity.silence):
        rows.axvspan(
            activity.edges[first], activity.edges[last], facecolor="0.93", edgecolor="0.7", hatch="///", linewidth=0
        )
    row_of = {k: row for row, k in enumerate(chosen)}
    for piece in segments(activity, levels):
        if (row := row_of.get(piece.class_index)) is not None:
            rows.plot(
                [piece.start, piece.end], [row + 0.38] * 2, color=ACTIVE_COLOR, linewidth=2.5, solid_capstyle="butt"
            )
    rows.set_ylim(count - 0.5, -0.5)
    rows.set_yticks(range(count), [shortened(scheme.names[k], MOST_LETTERS) for k in chosen], parse_math=False)
    for k, name in zip(chosen, rows.get_yticklabels(), strict=True):
        name.set_fontweight("bold" if scheme.codes[k] in labels else "normal")
    rows.set_yticks(np.arange(1, count) - 0.5, minor=True)
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


def _chosen(activity: Activity, scheme: LabelScheme, labels: tuple[str, ...]) -> list[int]:
    """Return the classes that have a row, in the order of the classes: the named ones first, then by probability."""
    if scheme.num_classes <= MOST_ROWS:
        return list(range(scheme.num_classes))
    best = activity.probabilities.max(axis=0)
    named = np.isin(np.array(scheme.codes), labels)
    return sorted(np.lexsort([-best, ~named])[:MOST_ROWS].tolist())


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
