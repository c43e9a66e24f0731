"""Means over the windows of audio files, streamed (`irmas_tf.inference.clip_windows`); a clip holds one sum."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator, Iterable

import numpy as np

from irmas_tf.audio.walk import Failure
from irmas_tf.inference.clip_windows import WindowModel, clip_reductions, not_a_number


@dataclasses.dataclass(frozen=True)
class ClipMean:
    """The mean of a model's values over the windows of a file.

    Attributes:
        path: the file.
        duration_seconds: length of the audio that was decoded, s.
        mean: [width] float64.
    """

    path: str
    duration_seconds: float
    mean: np.ndarray


class _Sum:
    """Adds values up, window by window, so that batches do not change how it rounds."""

    def __init__(self, width: int) -> None:
        self.total = np.zeros(width)
        self.windows = 0

    def add(self, values: np.ndarray) -> None:
        self.total += values
        self.windows += 1


def clip_means(
    model: WindowModel, paths: Iterable[str | Failure], *, batch_size: int = 16, decode_threads: int = 0
) -> Generator[ClipMean | Failure, None, None]:
    """Yield the mean over the windows of every path in order, or the reason for none.

    Args:
        model: the function of windows.
        paths: files; a `Failure` among them is passed on in its place.
        batch_size: most windows the model sees at once.
        decode_threads: threads that decode ahead of the model; 0 chooses by the number of cores.
    """
    width, rate = model.width, model.audio.sample_rate_hz
    results = clip_reductions(model, paths, lambda: _Sum(width), batch_size=batch_size, decode_threads=decode_threads)
    with contextlib.closing(results):
        for result in results:
            if isinstance(result, Failure):
                yield result
                continue
            mean = result.reduction.total / result.reduction.windows
            if np.isfinite(mean).all():
                yield ClipMean(result.path, result.samples / rate, mean)
            else:
                yield not_a_number(result.path)
