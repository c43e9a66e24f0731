"""The tables that an evaluation leaves behind, for programs and papers.

Columns of classes are headed by their codes (`irmas_tf.kinds.table_columns`); ``classes.csv`` says what each code is
called, and names stand beside codes wherever a cell holds one. Tables of scores end with ``model_sha256``, where the
model that gave them is known, so that figures made of them can name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.evaluation.label_cells import write_cell
from irmas_tf.evaluation.multi_label import MultiLabelEvaluation
from irmas_tf.evaluation.score_table import MODEL
from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.evaluation.threshold_curves import threshold_curves
from irmas_tf.kinds.table_columns import column_of
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.csv_cells import ESCAPE, CsvWriter

Table = tuple[str, Sequence[str], Iterable[Iterable[Any]]]
"""Name of the file, header and rows."""


def single_label_tables(evaluation: Evaluation, summary: dict[str, Any]) -> Iterator[Table]:
    """Yield the tables of a single-label evaluation.

    ``per_class.csv``; ``classes.csv``; ``confusion.csv`` (row: label, column: prediction); ``predictions.csv``, which
    ``--scores`` reads.
    """
    codes, names = summary["classes"], summary["names"]
    yield _per_class(summary)
    yield _classes(codes, names)
    yield (
        "confusion.csv",
        ["label", "name", *map(column_of, codes)],
        ([code, name, *row] for code, name, row in zip(codes, names, summary["confusion"], strict=True)),
    )
    model = _model(summary)
    columns = (evaluation.files, evaluation.groups, evaluation.labels, evaluation.predicted, evaluation.probabilities)
    rows = (
        [
            *(file, int(group), codes[label], names[label], codes[predicted], names[predicted]),
            *(f"{p:.6f}" for p in probabilities),
            *model,
        ]
        for file, group, label, predicted, probabilities in zip(*columns, strict=True)
    )
    header = ["file", "song_group", "label", "label_name", "predicted", "predicted_name", *map(column_of, codes)]
    header += [MODEL] if model else []
    yield "predictions.csv", header, rows


def multi_label_tables(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> Iterator[Table]:
    """Yield the tables of a multi-label evaluation.

    ``per_class.csv``; ``classes.csv``; ``thresholds.csv`` (every decision level); ``threshold_curves.csv``;
    ``clips.csv`` (labels, the headline's answers, scores of the main aggregation) and ``clips_NAME.csv`` for the other
    aggregations, each of which ``--scores`` reads.
    """
    yield _per_class(summary)
    yield _classes(evaluation.clips.codes, evaluation.clips.names)
    yield _thresholds(evaluation)
    yield _curves(evaluation)
    for number, aggregation in enumerate(evaluation.clips.scores):
        yield (f"clips_{aggregation}.csv" if number else "clips.csv", *_clips(evaluation, aggregation, _model(summary)))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Iterable[Any]], formulas: str = ESCAPE) -> None:
    """Write a table, whole or not at all; ``formulas`` is one of `irmas_tf.process.csv_cells.FORMULAS`."""
    # surrogateescape: a file name that is not UTF-8 is written with its own bytes.
    with atomic_path(path) as temporary:
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            writer = CsvWriter(file, formulas)
            writer.writerow(header)
            writer.writerows(rows)


def _per_class(summary: dict[str, Any]) -> Table:
    rows = summary["per_class"]
    return "per_class.csv", list(rows[0]), (row.values() for row in rows)


def _classes(codes: Sequence[str], names: Sequence[str]) -> Table:
    return "classes.csv", ["class", "name"], zip(codes, names, strict=True)


def _thresholds(evaluation: MultiLabelEvaluation) -> Table:
    rows = (
        [aggregation, regime, level, fold, *map(repr, levels.tolist()), decision.chosen_on]
        for (aggregation, regime, level), decision in evaluation.decisions.items()
        for fold, levels in zip(decision.fold_names, decision.thresholds, strict=True)
    )
    header = ["aggregation", "regime", "level", "fold", *map(column_of, evaluation.clips.codes), "chosen_on"]
    return "thresholds.csv", header, rows


def _curves(evaluation: MultiLabelEvaluation) -> Table:
    def rows() -> Iterator[list[str]]:
        for aggregation in evaluation.clips.scores:
            curves = threshold_curves(evaluation.clips, aggregation)
            columns = [
                curves.thresholds, curves.micro_precision, curves.micro_recall, curves.micro_f1, curves.macro_f1,
                *curves.class_f1.T,
            ]  # fmt: skip
            for row in np.stack(columns, axis=1):
                yield [aggregation, *(f"{x:.6g}" for x in row)]

    names = ["threshold", "micro_precision", "micro_recall", "micro_f1", "macro_f1"]
    header = ["aggregation", *names, *(f"f1_{code}" for code in evaluation.clips.codes)]
    return "threshold_curves.csv", header, rows()


def _model(summary: dict[str, Any]) -> list[str]:
    """Return the cells that name the model of the scores: its checksum, or none where it is not known."""
    return [summary[MODEL]] if summary.get(MODEL) else []


def _clips(
    evaluation: MultiLabelEvaluation, aggregation: str, model: list[str]
) -> tuple[list[str], Iterator[list[Any]]]:
    """Return header and rows, which end with ``model``."""
    clips = evaluation.clips
    _, regime, level = evaluation.headline
    # A run chooses its levels for the mean alone: on its own validation mixtures the others have no such answers.
    key = (aggregation, regime, level)
    answers = evaluation.answers(key) if key in evaluation.decisions else None

    def names_of(named: np.ndarray) -> str:
        return ";".join(name for name, yes in zip(clips.names, named, strict=True) if yes)

    def answered(k: int) -> list[str]:
        if answers is None:
            return []
        return [write_cell(answers[k], clips.codes) if answers[k].any() else "", names_of(answers[k])]

    truth = clips.truth
    # repr: numbers that come back as they were, so that a score file gives the figures of the run.
    rows = (
        [
            clips.files[k],
            int(clips.groups[k]),
            int(clips.parts[k]),
            write_cell(clips.labels[k], clips.codes),
            names_of(truth[k]),
            *answered(k),
            *map(repr, clips.scores[aggregation][k].tolist()),
            *model,
        ]
        for k in range(len(clips))
    )
    beside = [] if answers is None else ["answers", "answer_names"]
    header = ["file", "song", "part", "labels", "label_names", *beside, *map(column_of, clips.codes)]
    return header + ([MODEL] if model else []), rows
