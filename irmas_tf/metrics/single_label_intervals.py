"""Intervals over songs of accuracy and F1 where every clip has one label (`irmas_tf.metrics.song_intervals`)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irmas_tf.metrics.song_intervals import (
    CONFIDENCE,
    Interval,
    Parts,
    Songs,
    interval_of,
    intervals_of_each,
    ratio_parts,
)


def single_label_intervals(
    labels: npt.ArrayLike,
    predicted: npt.ArrayLike,
    groups: npt.ArrayLike,
    num_classes: int,
    *,
    confidence: float = CONFIDENCE,
) -> dict[str, Interval | None]:
    """Return the intervals of ``accuracy`` and ``macro_f1``, in [0, 1].

    The interval of the macro F1 is of the same quantity as `irmas_tf.metrics.single_label.macro_f1`: F1 of the classes
    that are labelled here, and 0 for the others.

    Args:
        labels, predicted: class indices, [clips] each.
        groups: the song of each clip, numbers or names, [clips].
        num_classes: classes of the scheme.
        confidence: mass inside the interval, in (0, 1).

    Returns:
        Name -> interval; None with a single song, which says nothing about others.

    Raises:
        ValueError: the three lengths differ, nothing is given, or a class is out of range.
    """
    truth, answers, songs = _check(labels, predicted, groups, num_classes)
    right = songs.sums((truth == answers)[:, np.newaxis])
    accuracy = ratio_parts(right, songs.sums(np.ones([len(truth), 1])), trials=len(truth))
    f1 = _f1_parts(truth, answers, songs, num_classes)
    macro = interval_of(f1, confidence)
    return {
        "accuracy": interval_of(accuracy, confidence),
        "macro_f1": macro and macro.times(len(f1.values) / num_classes),
    }


def single_label_f1_intervals(
    labels: npt.ArrayLike,
    predicted: npt.ArrayLike,
    groups: npt.ArrayLike,
    num_classes: int,
    *,
    confidence: float = CONFIDENCE,
) -> list[Interval | None]:
    """Return the interval of each class's F1 (arguments and errors as `single_label_intervals`), [classes].

    None for a class that fewer than two songs hold.
    """
    truth, answers, songs = _check(labels, predicted, groups, num_classes)
    each = iter(intervals_of_each(_f1_parts(truth, answers, songs, num_classes), confidence))
    present = np.bincount(truth, minlength=num_classes) > 0
    return [next(each) if there else None for there in present]


def _check(
    labels: npt.ArrayLike, predicted: npt.ArrayLike, groups: npt.ArrayLike, num_classes: int
) -> tuple[np.ndarray, np.ndarray, Songs]:
    truth, answers, given = np.asarray(labels), np.asarray(predicted), np.asarray(groups)
    if not truth.shape == answers.shape == given.shape or truth.ndim != 1 or not truth.size:
        raise ValueError(
            f"labels {truth.shape}, predictions {answers.shape} and groups {given.shape} must be vectors of one length,"
            " at least 1"
        )
    for name, values in (("label", truth), ("prediction", answers)):
        if values.min() < 0 or values.max() >= num_classes:
            raise ValueError(f"{name} out of range: classes are 0 to {num_classes - 1}")
    return truth, answers, Songs(given)


def _f1_parts(truth: np.ndarray, answers: np.ndarray, songs: Songs, num_classes: int) -> Parts:
    def counts(classes: np.ndarray, of_clip: np.ndarray) -> np.ndarray:
        cells = songs.position * num_classes + classes
        return np.bincount(cells, of_clip, songs.count * num_classes).reshape(songs.count, num_classes)

    label, ones = counts(truth, np.ones(len(truth))), np.ones(len(truth))
    return ratio_parts(2 * counts(truth, truth == answers), label + counts(answers, ones), holds=label)
