"""Answers for audio files, streamed (`irmas_tf.inference.clip_windows`)."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable

import numpy as np

from irmas_tf.audio.walk import Failure
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.clip_means import ClipMean, clip_means
from irmas_tf.inference.clip_windows import ClipWindows, clip_windows
from irmas_tf.inference.naming import named_codes
from irmas_tf.inference.notes import is_silent
from irmas_tf.inference.window_model import ClassModel


def predict_files(
    model: ClassModel,
    paths: Iterable[str | Failure],
    *,
    batch_size: int = 16,
    decode_threads: int = 0,
    levels: np.ndarray | None = None,
    with_activity: bool = False,
) -> Generator[Answer | Failure, None, None]:
    """Yield an answer, or the reason for none, for every path in order.

    Args:
        model: the model.
        paths: files; a `Failure` among them is passed on in its place.
        batch_size: most windows the model sees at once.
        decode_threads: threads that decode ahead of the model; 0 chooses by the number of cores.
        levels: decision level of each class, [classes] (`irmas_tf.inference.naming.decision_levels`); None names the
            most probable class.
        with_activity: whether answers hold their activity over time, a few numbers per window; without it memory does
            not depend on the length of a clip.
    """
    audio, scheme = model.audio, model.scheme
    results: Generator[ClipMean | Failure, None, None] | Generator[ClipWindows | Failure, None, None]
    if with_activity:
        results = clip_windows(model, paths, batch_size=batch_size, decode_threads=decode_threads)
    else:
        results = clip_means(model, paths, batch_size=batch_size, decode_threads=decode_threads)
    with contextlib.closing(results):
        for result in results:
            if isinstance(result, Failure):
                yield result
                continue
            activity = None
            if isinstance(result, ClipWindows):
                from irmas_tf.inference.activity import activity_of  # here: most answers do without

                activity = activity_of(result, audio, scheme, levels)
            labels = () if is_silent(result.notes) else named_codes(result.mean, levels, scheme.codes)
            yield Answer(
                result.path, result.duration_seconds, scheme, result.mean, labels, activity, notes=result.notes
            )
