"""What a model says about every moment of a clip."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.labels import LabelScheme
from irmas_tf.inference.clip_windows import ClipWindows
from irmas_tf.inference.notes import Note


@dataclasses.dataclass(frozen=True)
class Activity:
    """Probabilities over the time of one clip.

    Attributes:
        path: the file.
        duration_seconds: its length, s.
        window_seconds: length of the model's window, s; the window of a shorter clip is padded.
        starts: start of each window, [windows], s.
        probabilities: [windows, classes].
        scheme: the classes; None where only their numbers matter.
        thresholds: level from which a class is active, [classes]; None: the most probable class is, and no other.
        silent: which windows are silent, so that no class is active in them, [windows] bool; None: none.
        notes: what is odd about the sound, if anything is.
    """

    path: str
    duration_seconds: float
    window_seconds: float
    starts: np.ndarray
    probabilities: np.ndarray
    scheme: LabelScheme | None = None
    thresholds: np.ndarray | None = None
    silent: np.ndarray | None = None
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        name = f"{self.path!r}, " if self.path else ""
        return f"Activity({name}{self.duration_seconds:.1f} s, {len(self.starts)} windows)"

    @property
    def classes(self) -> tuple[str, ...]:
        """Codes of the classes, in the order of the probabilities."""
        return () if self.scheme is None else self.scheme.codes

    def timeline(self) -> list[tuple[float, float, str]]:
        """Return (start, end, code) of every stretch in which a class is active, s; by start (see `segments`).

        Raises:
            ValueError: the classes are not known.
        """
        if self.scheme is None:
            raise ValueError("this activity does not say which classes it is of; use `segments`")
        return [
            (piece.start, piece.end, self.scheme.codes[piece.class_index]) for piece in segments(self, self.thresholds)
        ]

    @property
    def silence(self) -> np.ndarray:
        """Which windows are silent, [windows] bool."""
        return np.zeros(len(self.starts), bool) if self.silent is None else self.silent

    @property
    def ends(self) -> np.ndarray:
        """End of each window, [windows], s; not past the end of the clip."""
        return np.minimum(self.starts + self.window_seconds, self.duration_seconds)

    @property
    def edges(self) -> np.ndarray:
        """Times [windows + 1] between which each window speaks for the clip, s.

        Windows overlap; a moment belongs to the window whose centre is nearest, the first moment to the first window
        and the last to the last.
        """
        centers = self.starts + self.window_seconds / 2
        between = (centers[1:] + centers[:-1]) / 2
        return np.concatenate([[0.0], np.minimum(between, self.duration_seconds), [self.duration_seconds]])

    def active(self, thresholds: np.ndarray | None) -> np.ndarray:
        """Return where each class is active, [windows, classes] bool; in silence none is.

        Args:
            thresholds: level per class, [classes]; a class is active where it is at or above its own. None: the most
                probable class is active, and no other.
        """
        if thresholds is not None:
            active = self.probabilities >= thresholds
        else:
            active = np.zeros(self.probabilities.shape, bool)
            active[np.arange(len(active)), self.probabilities.argmax(axis=1)] = True
        active[self.silence] = False
        return active


@dataclasses.dataclass(frozen=True)
class Segment:
    """A stretch of time in which a class is active without a break; times in s."""

    start: float
    end: float
    class_index: int


def segments(activity: Activity, thresholds: np.ndarray | None) -> list[Segment]:
    """Return the merged stretches of activity (see `Activity.active`), by start, then by class.

    Stretches of one class neither touch nor overlap.
    """
    edges = activity.edges
    active = activity.active(thresholds)
    pieces = [
        Segment(float(edges[first]), float(edges[last]), k)
        for k in range(active.shape[1])
        for first, last in runs(active[:, k])
        if edges[last] > edges[first]
    ]
    return sorted(pieces, key=lambda piece: (piece.start, piece.class_index))


def runs(flags: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield (first, one past the last) of every run of True."""
    changes = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    yield from zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True)


def activity_of(
    clip: ClipWindows, audio: AudioConfig, scheme: LabelScheme | None = None, thresholds: np.ndarray | None = None
) -> Activity:
    """Return the activity in a clip whose values are probabilities; see `Activity`."""
    return Activity(
        clip.path,
        clip.duration_seconds,
        audio.window_seconds,
        clip.start_seconds,
        clip.values,
        scheme,
        thresholds,
        clip.silent,
        clip.notes,
    )
