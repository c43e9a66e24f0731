"""Means over the windows of audio files, streamed (`irmas_tf.inference.clip_windows`); a clip holds one sum."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator, Iterable

import numpy as np

from irmas_tf.audio.walk import Failure
from irmas_tf.inference.clip_windows import clip_reductions, not_a_number
from irmas_tf.inference.notes import Note
from irmas_tf.inference.window_model import PROBABILITIES, WindowModel


@dataclasses.dataclass(frozen=True)
class ClipMean:
    """The mean of a model's values over the windows of a file.

    Attributes:
        path: the file.
        duration_seconds: length of the audio that was decoded, s.
        mean: [width] float64, over the windows that count (`WindowSum`).
        notes: what is odd about the sound.
    """

    path: str
    duration_seconds: float
    mean: np.ndarray
    notes: tuple[Note, ...] = ()


class WindowSum:
    """Adds values up, window by window, so that batches do not change how it rounds.

    Windows that are silent say nothing of a clip, and do not count unless there are no others.
    """

    def __init__(self) -> None:
        self._total = {False: np.zeros(1), True: np.zeros(1)}
        self._windows = {False: 0, True: 0}

    def add(self, values: np.ndarray, is_silent: bool = False) -> None:
        """Take the values [width] of the next window."""
        self._total[is_silent] = self._total[is_silent] + values
        self._windows[is_silent] += 1

    @property
    def mean(self) -> np.ndarray:
        """The mean over the windows so far, [width] float64."""
        all_silent = not self._windows[False]
        return self._total[all_silent] / self._windows[all_silent]


def clip_means(
    model: WindowModel,
    paths: Iterable[str | Failure],
    output: str = PROBABILITIES,
    *,
    batch_size: int = 16,
    decode_threads: int = 0,
) -> Generator[ClipMean | Failure, None, None]:
    """Yield the mean over the windows of every path in order, or the reason for none.

    Args:
        model: the function of windows.
        paths: files; a `Failure` among them is passed on in its place.
        output: which of the model's outputs.
        batch_size: most windows the model sees at once.
        decode_threads: threads that decode ahead of the model; 0 chooses by the number of cores.
    """
    rate = model.audio.sample_rate_hz
    results = clip_reductions(model, paths, WindowSum, output, batch_size=batch_size, decode_threads=decode_threads)
    with contextlib.closing(results):
        for result in results:
            if isinstance(result, Failure):
                yield result
                continue
            mean = result.reduction.mean
            if np.isfinite(mean).all():
                yield ClipMean(result.path, result.samples / rate, mean, result.notes)
            else:
                yield not_a_number(result.path)
