"""The files that a multi-label evaluation leaves behind, for programs, papers and the report for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from irmas_tf.evaluation.multi_label import MultiLabelEvaluation
from irmas_tf.evaluation.scored_clips import GLOBAL, LEVEL_WORDS, REGIME_WORDS, REGIMES
from irmas_tf.evaluation.threshold_curves import threshold_curves
from irmas_tf.process.atomic_files import atomic_path, write_json_atomic
from irmas_tf.reports.multi_label_plots import co_occurrence_figure, reliability_figure, threshold_figure
from irmas_tf.reports.single_label_files import write_csv


def write_multi_label_reports(evaluation: MultiLabelEvaluation, summary: dict[str, Any], folder: Path) -> list[Path]:
    """Write the reports; return their paths. Each file is complete or absent; existing ones are replaced.

    ``metrics.json``; ``per_class.csv``; ``thresholds.csv`` (every decision level); ``threshold_curves.csv``;
    ``clips.csv`` (labels, the headline's answers, scores of the main aggregation) and ``clips_NAME.csv`` for the other
    aggregations, each of which ``--scores`` reads; the pictures ``thresholds.png``, ``co_occurrence.png`` and, with a
    calibration, ``reliability.png``.
    """
    paths = [folder / "per_class.csv", folder / "thresholds.csv", folder / "threshold_curves.csv"]
    rows = summary["per_class"]
    write_csv(paths[0], list(rows[0]), (row.values() for row in rows))
    _write_thresholds(evaluation, paths[1])
    _write_curves(evaluation, paths[2])
    for number, aggregation in enumerate(evaluation.clips.scores):
        paths.append(folder / ("clips.csv" if number == 0 else f"clips_{aggregation}.csv"))
        _write_clips(evaluation, aggregation, paths[-1])
    for name, figure in _figures(evaluation, summary).items():
        paths.append(folder / name)
        with atomic_path(paths[-1]) as temporary:
            figure.savefig(temporary, format="png")
    paths.append(folder / "metrics.json")
    write_json_atomic(paths[-1], summary)  # last: who finds it finds the others, of the same evaluation
    return paths


def _write_thresholds(evaluation: MultiLabelEvaluation, path: Path) -> None:
    def rows() -> Any:
        for (aggregation, regime, level), decision in evaluation.decisions.items():
            for fold, levels in zip(decision.fold_names, decision.thresholds, strict=True):
                yield [aggregation, regime, level, fold, *map(repr, levels.tolist()), decision.chosen_on]

    codes = evaluation.clips.codes
    write_csv(path, ["aggregation", "regime", "level", "fold", *codes, "chosen_on"], rows())


def _write_curves(evaluation: MultiLabelEvaluation, path: Path) -> None:
    def rows() -> Any:
        for aggregation in evaluation.clips.scores:
            curves = threshold_curves(evaluation.clips, aggregation)
            columns = [
                curves.thresholds, curves.micro_precision, curves.micro_recall, curves.micro_f1, curves.macro_f1,
                *curves.class_f1.T,
            ]  # fmt: skip
            for row in np.stack(columns, axis=1):
                yield [aggregation, *(f"{x:.6g}" for x in row)]

    names = ["threshold", "micro_precision", "micro_recall", "micro_f1", "macro_f1"]
    write_csv(path, ["aggregation", *names, *(f"f1_{code}" for code in evaluation.clips.codes)], rows())


def _write_clips(evaluation: MultiLabelEvaluation, aggregation: str, path: Path) -> None:
    clips = evaluation.clips
    _, regime, level = evaluation.headline
    # A run chooses its levels for the mean alone: on its own validation mixtures the others have no such answers.
    key = (aggregation, regime, level)
    answers = evaluation.answers(key) if key in evaluation.decisions else None

    def codes_of(named: np.ndarray) -> str:
        return " ".join(code for code, yes in zip(clips.codes, named, strict=True) if yes)

    # repr: numbers that come back as they were, so that a score file gives the figures of the run.
    rows = (
        [
            clips.files[k],
            int(clips.groups[k]),
            int(clips.parts[k]),
            codes_of(clips.labels[k]),
            *([] if answers is None else [codes_of(answers[k])]),
            *map(repr, clips.scores[aggregation][k].tolist()),
        ]
        for k in range(len(clips))
    )
    columns = ["file", "song", "part", "labels", *([] if answers is None else ["answers"]), *clips.codes]
    write_csv(path, columns, rows)


def _figures(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> dict[str, Figure]:
    # The picture is of the answers, whose levels are chosen for macro F1 where there is one a class.
    clips, (aggregation, regime, level) = evaluation.clips, evaluation.headline
    decisions = summary["aggregations"][aggregation]["decisions"]
    marks = {
        REGIME_WORDS[regime]: (
            float(evaluation.decisions[aggregation, regime, GLOBAL].thresholds[:, 0].mean()),
            decisions[regime][GLOBAL]["micro_f1"]["value"],
        )
        for regime in REGIMES
        if (aggregation, regime, GLOBAL) in evaluation.decisions
    }
    what = f"{evaluation.split}, {aggregation}, {len(clips)} clips"
    macro = decisions[regime][level]["macro_f1"]
    figures = {
        "thresholds.png": threshold_figure(threshold_curves(clips, aggregation), marks, f"Thresholds: {what}"),
        "co_occurrence.png": co_occurrence_figure(
            clips.labels,
            evaluation.answers(),
            clips.names,
            f"{what}: macro F1 {macro['value']:.3f}, {REGIME_WORDS[regime]}, {LEVEL_WORDS[level]}",
        ),
    }
    if evaluation.calibration is not None:
        curves = {
            v.name.replace("_", " "): v.reliability
            for v in evaluation.calibration.variants
            if v.aggregation == aggregation
        }
        figures["reliability.png"] = reliability_figure(curves, f"Reliability: {what}")
    return figures
