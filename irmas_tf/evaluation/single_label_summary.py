"""The figures of a single-label evaluation as a JSON-ready dict: the content of metrics.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from irmas_tf.evaluation.score_entries import TOP_CONFUSIONS, interval_entry, score_entry
from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.evaluation.song_notes import interval_notes
from irmas_tf.evaluation.sound_notes import count_notes, note_warnings
from irmas_tf.evaluation.test_part import TEST
from irmas_tf.metrics import single_label


def summarize_single_label(evaluation: Evaluation) -> dict[str, Any]:
    """Return the scores as a JSON-ready dict; the content of ``metrics.json``.

    Scores are in [0, 1]. ``accuracy`` and ``macro_f1`` hold ``value``, ``low`` and ``high`` (95 % interval
    over songs, None with a single song). ``confusion`` has a row per label and a column per prediction, in the order of
    ``classes``.
    """
    config, scheme = evaluation.config, evaluation.config.labels
    codes, confusion = scheme.codes, evaluation.confusion
    scores = single_label.class_scores(evaluation.labels, evaluation.predicted, scheme.num_classes)
    baseline = single_label.majority_baseline(evaluation.train_labels, evaluation.labels, scheme.num_classes)
    values = {
        "accuracy": single_label.accuracy(evaluation.labels, evaluation.predicted),
        "macro_f1": single_label.macro_f1(evaluation.labels, evaluation.predicted, scheme.num_classes),
    }
    intervals = evaluation.intervals()
    return {
        "split": evaluation.split,
        "split_by": config.data.split_by,
        "warnings": list(_warnings(evaluation)),
        "notes": count_notes(evaluation.notes),
        "excerpts": len(evaluation.files),
        "songs": len(set(evaluation.groups.tolist())),
        **{name: score_entry(value, intervals[name]) for name, value in values.items()},
        "interval": interval_entry(),
        "majority_baseline": {
            "class": codes[baseline.class_index],
            "name": scheme.names[baseline.class_index],
            "accuracy": baseline.accuracy,
            "macro_f1": baseline.macro_f1,
        },
        "per_class": [
            {
                "class": code,
                "name": scheme.names[k],
                "precision": float(scores.precision[k]),
                "recall": float(scores.recall[k]),
                "f1": float(scores.f1[k]),
                "support": int(scores.support[k]),
            }
            for k, code in enumerate(codes)
        ],
        "top_confusions": [
            {
                "label": codes[row],
                "label_name": scheme.names[row],
                "predicted": codes[column],
                "predicted_name": scheme.names[column],
                "excerpts": count,
            }
            for row, column, count in single_label.top_confusions(confusion, TOP_CONFUSIONS)
        ],
        "classes": list(codes),
        "names": list(scheme.names),
        "confusion": confusion.tolist(),
        "label_scheme": scheme.name,
        "config_hash": config.hash,
        "seconds": round(evaluation.seconds, 3),
        "excerpts_per_second": round(len(evaluation.files) / max(evaluation.seconds, 1e-9), 1),
    }


def _warnings(evaluation: Evaluation) -> Iterable[str]:
    """Yield what makes the scores say less than they seem to."""
    if evaluation.split == "train":
        yield "these excerpts were trained on: the scores say nothing about new songs"
    elif evaluation.leaks and evaluation.split == TEST:
        yield f"{evaluation.leaks} songs of the test part were also trained on: the scores are inflated"
    elif evaluation.leaks:
        yield (
            f"{evaluation.leaks} songs are on both sides of the split (split_by={evaluation.config.data.split_by}):"
            " the model was trained on them, and the scores are inflated"
        )
    yield from evaluation.seen if evaluation.split != "train" else ()
    scheme = evaluation.config.labels
    truth = np.eye(scheme.num_classes, dtype=bool)[evaluation.labels]
    yield from interval_notes(evaluation.groups, truth, scheme.codes)
    yield from note_warnings(evaluation.notes, evaluation.files, "excerpt")
