"""`irmas_tf.evaluate`: the protocols on arrays, without files, models or TensorFlow.

Conventions: a row per clip, a column per class, scores the higher the more certain. Clips of one song are not
independent, so intervals draw songs, and thresholds are tuned on other songs: say which song each clip is of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.dataset import Dataset
from irmas_tf.evaluation.label_cells import as_few_as_needed
from irmas_tf.evaluation.multi_label import Baselines, MultiLabelEvaluation, all_decisions
from irmas_tf.evaluation.multi_label_summary import summarize_multi_label
from irmas_tf.evaluation.score_entries import interval_entry, score_entry
from irmas_tf.evaluation.scored_clips import GLOBAL, PER_CLASS, Decision, ScoredClips, fixed
from irmas_tf.evaluation.song_notes import interval_notes, song_groups, song_notes
from irmas_tf.evaluation.test_part import dataset_named, published_counts
from irmas_tf.metrics import single_label
from irmas_tf.metrics.known_labels import UNKNOWN
from irmas_tf.metrics.single_label_intervals import single_label_intervals

SCORES = "scores"
"""Name of the only aggregation: what came before the scores is not known."""


class ArraysError(ValueError):
    """Arrays cannot be evaluated; the message names the argument, what is wrong with it and the remedy."""


def evaluate(
    labels: Any,
    scores: Any,
    songs: Sequence[Any] | np.ndarray | None = None,
    *,
    classes: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    dataset: str = "",
    threshold: float | Sequence[float] = 0.5,
    training_counts: Sequence[int] | np.ndarray | None = None,
) -> dict[str, Any]:
    """Return the figures of anyone's scores; nothing is printed or written, and no TensorFlow is needed.

    Several labels per clip: LRAP and mAP, micro and macro F1 with thresholds fixed in advance, tuned on other songs and
    as an oracle, per-class figures and trivial baselines, as in the ``metrics.json`` of ``irmas_tf.evaluate --scores``.
    One label per clip: accuracy, macro F1, per-class figures and the confusion matrix. Scores of both are in [0, 1] and
    hold ``value``, ``low`` and ``high``: a 95 % interval over songs, None with a single song.

    Args:
        labels: [clips, classes] of 1, 0 and -1 (or bool), any number of ones per row; or [clips] class indices,
            exactly one label per clip, or -1. What is -1 is unknown and counts nowhere.
        scores: [clips, classes], finite; probabilities, or anything that is higher where a class is more certain.
        songs: [clips] song of each clip, numbers or names; None: every clip is a song of its own, and the intervals are
            too narrow if that is not so.
        classes: [classes] codes, different from one another; by default those of ``dataset``, else "0", "1", ...
        names: [classes] for people; by default the codes.
        dataset: name of a data set with classes of its own, such as "irmas", whose classes the columns are, in its
            order, and whose published training set the baselines are counted in.
        threshold: level fixed in advance at which a class is named, one for all or one per class; for several labels.
        training_counts: [classes] how often each class occurred in training, for the baselines; by default those
            published for ``dataset``, else those of the labels themselves, which no system can know.

    Raises:
        ArraysError: shapes or values do not fit.
    """
    values = _numbers(scores, "scores")
    if values.ndim != 2 or 0 in values.shape:
        raise ArraysError(f"scores have shape {list(values.shape)}; give [clips, classes]")
    if not np.isfinite(values).all() or np.abs(values).max() > 1e300:
        raise ArraysError("scores hold NaN, infinity or a value beyond 1e300; write a number for every class")
    known = _dataset(dataset)
    scheme = _scheme(values.shape[1], classes, names, known)
    truth = _labels(labels, values.shape)
    given = None if songs is None else tuple(str(song) for song in songs)
    if given is not None and len(given) != len(values):
        raise ArraysError(f"songs are {len(given)}, scores are of {len(values)} clips; give one song for each")
    groups = np.arange(len(values)) if given is None else song_groups(given)
    notes = song_notes(groups, "check the songs" if given else "give songs")
    if truth.ndim == 1:
        return _one_label(truth, values, groups, scheme, notes)
    baselines = _baselines(training_counts, known, scheme, truth)
    evaluation = MultiLabelEvaluation(
        split="scores",
        source="arrays",
        clips=ScoredClips(
            codes=scheme.codes,
            names=scheme.names,
            files=tuple(f"clip {number}" for number in range(len(values))),
            groups=groups,
            parts=np.zeros(len(values), int),
            labels=truth,
            scores={SCORES: values},
        ),
        decisions={},
        baselines=baselines,
        warnings=tuple(notes),
    )
    decision = _fixed(threshold, scheme.num_classes)
    evaluation.decisions.update(all_decisions(evaluation.clips, {(SCORES, decision.level): decision}))
    return summarize_multi_label(evaluation)


def _numbers(values: Any, name: str) -> np.ndarray:
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise ArraysError(f"{name} are not an array of numbers ({error})") from error


def _dataset(name: str) -> Dataset | None:
    if not name:
        return None
    try:
        return dataset_named(name)
    except ConfigError as error:
        raise ArraysError(str(error).replace("--dataset=", "dataset=")) from error


def _scheme(
    count: int, classes: Sequence[str] | None, names: Sequence[str] | None, dataset: Dataset | None
) -> LabelScheme:
    if dataset is not None:
        if classes is not None or names is not None:
            raise ArraysError("dataset has classes of its own; leave out classes and names")
        if dataset.labels.num_classes != count:
            raise ArraysError(f"dataset has {dataset.labels.num_classes} classes, scores have {count} columns")
        return dataset.labels
    codes = tuple(map(str, range(count))) if classes is None else tuple(map(str, classes))
    titles = codes if names is None else tuple(map(str, names))
    for what, texts in (("classes", codes), ("names", titles)):
        if len(texts) != count:
            raise ArraysError(f"{what} are {len(texts)}, scores have {count} columns; give one for each")
    if len(set(codes)) != count:
        raise ArraysError("classes: a code is given twice; name every class once")
    return LabelScheme("given", codes, titles, {})


def _labels(labels: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return labels as [clips, classes] bool, or int8 if some are unknown; or as [clips] class indices."""
    truth = _numbers(labels, "labels")
    clips, classes = shape
    if truth.shape == shape and np.isin(truth, (0, 1, UNKNOWN)).all():
        given = as_few_as_needed(truth.astype(np.int8))
    elif truth.shape == (clips,) and (truth == np.floor(truth)).all() and ((truth >= -1) & (truth < classes)).all():
        given = truth.astype(int)
    else:
        raise ArraysError(
            f"labels have shape {list(truth.shape)}; give 0 and 1 (unknown: -1) of shape {list(shape)}, as scores have,"
            f" or {clips} class indices from 0 to {classes - 1}"
        )
    if (truth == UNKNOWN).all():
        raise ArraysError("labels are all -1, unknown: there is nothing to score")
    return given


def _fixed(threshold: float | Sequence[float], classes: int) -> Decision:
    levels = _numbers(threshold, "threshold")
    if levels.shape not in ((), (classes,)) or not np.isfinite(levels).all():
        raise ArraysError(f"threshold={threshold}: must be one number, or one for each of {classes} classes")
    words = f"no data: {levels:g} as given" if levels.ndim == 0 else "no data: as given"
    return fixed(levels, GLOBAL if levels.ndim == 0 else PER_CLASS, words, classes)


def _baselines(training_counts: Any, dataset: Dataset | None, scheme: LabelScheme, truth: np.ndarray) -> Baselines:
    if training_counts is None:
        if dataset is not None and dataset.official_counts:
            return Baselines.of(published_counts(dataset), "the official training set", len(truth))
        return Baselines.of_scored(truth)
    counts = _numbers(training_counts, "training_counts")
    if counts.shape != (scheme.num_classes,) or not (counts >= 0).all():
        raise ArraysError(f"training_counts: give {scheme.num_classes} numbers from 0 up, one per class")
    return Baselines.of(counts, "the training data, as given", len(truth))


def _one_label(
    truth: np.ndarray, values: np.ndarray, groups: np.ndarray, scheme: LabelScheme, notes: list[str]
) -> dict[str, Any]:
    classes, known = scheme.num_classes, truth != UNKNOWN
    if not known.all():
        notes = [*notes, f"{int((~known).sum())} of {len(truth)} clips have no known label and count nowhere"]
        truth, values, groups = truth[known], values[known], groups[known]
    predicted = values.argmax(axis=1)
    figures = single_label.class_scores(truth, predicted, classes)
    intervals = single_label_intervals(truth, predicted, groups, classes)
    scored = {
        "accuracy": single_label.accuracy(truth, predicted),
        "macro_f1": single_label.macro_f1(truth, predicted, classes),
    }
    return {
        "task": "single_label",
        "warnings": [*notes, *interval_notes(groups, np.eye(classes, dtype=bool)[truth], scheme.codes)],
        "excerpts": len(truth),
        "songs": len(np.unique(groups)),
        **{name: score_entry(value, intervals[name]) for name, value in scored.items()},
        "interval": interval_entry(),
        "per_class": [
            {
                "class": code,
                "name": scheme.names[k],
                "precision": float(figures.precision[k]),
                "recall": float(figures.recall[k]),
                "f1": float(figures.f1[k]),
                "support": int(figures.support[k]),
            }
            for k, code in enumerate(scheme.codes)
        ],
        "classes": list(scheme.codes),
        "names": list(scheme.names),
        "confusion": single_label.confusion_matrix(truth, predicted, classes).tolist(),
    }
