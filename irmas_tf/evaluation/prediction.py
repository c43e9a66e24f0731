"""Answers for audio files, streamed (`irmas_tf.evaluation.clip_means`)."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable

import numpy as np

from irmas_tf.evaluation.answers import Answer
from irmas_tf.evaluation.audio_files import Failure
from irmas_tf.evaluation.clip_means import clip_means
from irmas_tf.evaluation.inference import ClassValues, WindowClassifier


def predict_files(
    classifier: WindowClassifier, paths: Iterable[str | Failure], *, batch_size: int = 16, decode_threads: int = 0
) -> Generator[Answer | Failure, None, None]:
    """Yield an answer, or the reason for none, for every path in order.

    Args:
        classifier: the model.
        paths: files; a `Failure` among them is passed on in its place.
        batch_size: most windows the model sees at once.
        decode_threads: threads that decode ahead of the model; 0 chooses by the number of cores.
    """
    model = ClassValues(classifier.config.audio, len(classifier.codes), classifier.probabilities)
    means = clip_means(model, paths, batch_size=batch_size, decode_threads=decode_threads)
    with contextlib.closing(means):
        for result in means:
            if isinstance(result, Failure):
                yield result
            else:
                label = classifier.codes[int(np.argmax(result.mean))]
                yield Answer(result.path, result.duration_seconds, result.mean, (label,))
