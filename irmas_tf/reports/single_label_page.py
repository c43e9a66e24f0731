"""A single-label evaluation as a page for people (`irmas_tf.reports.page`)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.audio.walk import Failure
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.inference.activity import activity_of
from irmas_tf.inference.classifier import WindowClassifier
from irmas_tf.inference.clip_windows import clip_windows
from irmas_tf.metrics import bootstrap
from irmas_tf.metrics.calibration import reliability
from irmas_tf.metrics.confidence import selective_curves
from irmas_tf.reports.charts import Curve, bar, curve_chart, reliability_chart, reliability_words
from irmas_tf.reports.clips_on_page import JudgedClip, PageAudio, clip_card, spread
from irmas_tf.reports.page import (
    REPORT_NAME,
    Figure,
    Headline,
    HeatTable,
    PageOptions,
    ReportPage,
    Section,
    Table,
    write_page,
)
from irmas_tf.reports.settings_on_page import settings_section
from irmas_tf.runs.run_dir import RunDir

RELIABILITY_BINS = 10


def single_label_page(
    evaluation: Evaluation,
    summary: dict[str, Any],
    run: RunDir,
    classifier: WindowClassifier | None,
    options: PageOptions,
) -> ReportPage:
    """Return the page of an evaluation.

    Args:
        evaluation: what was found.
        summary: its scores (`irmas_tf.reports.single_label_files.summarize`).
        run: the run folder.
        classifier: the run's model, for the clips' activity over time; None leaves the clips out.
        options: what a user may choose.
    """
    baseline = summary["majority_baseline"]
    always = f"always “{evaluation.config.labels.names[summary['classes'].index(baseline['class'])]}”"
    headlines = tuple(
        Headline(
            title,
            summary[key]["value"],
            summary[key]["low"],
            summary[key]["high"],
            ((f"{always}, most frequent in training", baseline[key]),),
            note,
        )
        for key, title, note in (
            ("accuracy", "Accuracy", "Share of excerpts whose most probable class is their label."),
            ("macro_f1", "Macro F1", "Mean of the classes' F1: every class counts the same, frequent or rare."),
        )
    )
    sections = [_classes(evaluation, summary), _confusions(evaluation, summary), _trust(evaluation)]
    if classifier is not None and options.clips:
        sections += _clips(evaluation, classifier, options.clips, PageAudio(options.audio))
    sections.append(settings_section(evaluation.config, run))
    return ReportPage(
        f"{run.path.resolve().name}: {evaluation.split} split",
        (
            f"{summary['excerpts']:,} excerpts of {summary['songs']:,} songs",
            f"split by {summary['split_by']}",
            "one instrument an excerpt",
            f"label scheme {summary['label_scheme']}",
        ),
        headlines,
        tuple(sections),
        tuple(summary["warnings"]),
        f"irmas_tf.evaluate, configuration {summary['config_hash']}. Intervals: 95 %, percentile bootstrap over songs,"
        f" {evaluation.replicates:,} replicates. The same figures as tables: metrics.json, per_class.csv,"
        " confusion.csv, predictions.csv beside this page.",
    )


def write_single_label_page(
    evaluation: Evaluation, summary: dict[str, Any], folder: Path, options: PageOptions, run: RunDir
) -> Path:
    """Write the page of an evaluation of a run into a folder, whole or not at all; return its path."""
    classifier = WindowClassifier.load(run) if options.clips else None
    return write_page(single_label_page(evaluation, summary, run, classifier, options), folder / REPORT_NAME)


def _classes(evaluation: Evaluation, summary: dict[str, Any]) -> Section:
    """Return F1 of each class, best first, with intervals over songs."""
    confusions = bootstrap.group_confusions(
        evaluation.labels, evaluation.predicted, evaluation.groups, evaluation.config.labels.num_classes
    )
    statistics = {code: _f1_of(k) for k, code in enumerate(summary["classes"])}
    intervals = bootstrap.bootstrap_intervals(confusions, statistics, replicates=evaluation.replicates)
    rows = []
    for row in sorted(summary["per_class"], key=lambda row: -row["f1"]):
        interval = intervals[row["class"]]
        ends = (interval.low, interval.high) if interval else (None, None)
        figures = (f"{row[key]:.2f}" for key in ("f1", "precision", "recall"))
        rows.append((row["name"], bar(row["f1"], *ends), *figures, f"{row['support']}"))
    table = Table(
        "F1 of each class, best first; the whisker is the 95 % interval over songs",
        ("class", "", "F1", "precision", "recall", "excerpts"),
        tuple(rows),
        ("F1", "precision", "recall", "excerpts"),
        "bars",
    )
    lead = (
        "Precision: of the excerpts answered with the class, how many have it. Recall: of the excerpts that have it,"
        " how many were answered with it. F1 is high only where both are."
    )
    return Section("classes", "Instruments", lead, (table,))


def _f1_of(k: int) -> bootstrap.Statistic:
    def f1(confusion: np.ndarray) -> np.ndarray:
        total = confusion[..., k, :].sum(axis=-1) + confusion[..., :, k].sum(axis=-1)
        return 2 * confusion[..., k, k] / np.maximum(total, 1)

    return f1


def _confusions(evaluation: Evaluation, summary: dict[str, Any]) -> Section:
    """Return the confusion matrix and its largest entries off the diagonal."""
    scheme, confusion = evaluation.config.labels, evaluation.confusion
    support = confusion.sum(axis=1)
    names = dict(zip(scheme.codes, scheme.names, strict=True))
    heat = HeatTable(
        "Rows: label (excerpts). Columns: answer of the model. The number is a count, the shade its share of the row.",
        "label \\ answer",
        scheme.codes,
        scheme.names,
        tuple(f"({count})" for count in support),
        tuple(tuple(str(count) if count else "" for count in row) for row in confusion.tolist()),
        confusion / np.maximum(support, 1)[:, None],
    )
    rows = tuple(
        (
            f"{names[pair['label']]} → {names[pair['predicted']]}",
            f"{pair['excerpts']}",
            f"{100 * pair['excerpts'] / support[scheme.codes.index(pair['label'])]:.0f} %",
        )
        for pair in summary["top_confusions"]
    )
    top = Table(
        "Most frequent confusions",
        ("label → answer", "excerpts", "share of label"),
        rows,
        ("excerpts", "share of label"),
    )
    return Section(
        "confusions",
        "What is taken for what",
        "The diagonal is right. A shade off the diagonal is a pair of instruments that the model does not tell apart.",
        (heat, top) if rows else (heat,),
    )


def _trust(evaluation: Evaluation) -> Section:
    """Return the curves over the confidence of the answer, and whether it is honest."""
    confidence = evaluation.probabilities.max(axis=1)
    right = evaluation.predicted == evaluation.labels
    levels = np.linspace(0.0, 1.0, 101)
    given, hits = selective_curves(confidence, right, levels)
    known = np.isfinite(hits)
    curves = (
        Curve("share of the answers given that are right", levels[known], hits[known]),
        Curve("share of the excerpts that get an answer", levels, given),
    )
    half = int(np.searchsorted(-given, -0.5, side="right")) - 1
    found = reliability(right, confidence, RELIABILITY_BINS)
    leaning = "too modest" if confidence.mean() < right.mean() else "too sure of itself"
    return Section(
        "confidence",
        "How far its confidence can be trusted",
        "Confidence is the probability of the class answered, mean over the excerpt's windows.",
        (
            Figure(
                "If it may keep silent",
                curve_chart(curves, "least confidence for an answer", "Accuracy and share answered over confidence"),
                f"Answering only from a confidence of {levels[half]:.2f} on, {100 * given[half]:.0f} % of the excerpts"
                f" get an answer, and {100 * hits[half]:.0f} % of these are right.",
            ),
            Figure(
                "Reliability",
                reliability_chart(
                    found, "confidence; bars: excerpts", f"Share right over confidence. {reliability_words(found)}"
                ),
                "On the dotted line, answers are right as often as the model says."
                f" Here the confidence is off by {found.expected_calibration_error:.3f} on average"
                f" (expected calibration error, {RELIABILITY_BINS} bins);"
                f" over all excerpts the model is {leaning}: confidence {confidence.mean():.3f}, right"
                f" {right.mean():.3f}.",
            ),
        ),
    )


def _clips(evaluation: Evaluation, classifier: WindowClassifier, count: int, audio: PageAudio) -> list[Section]:
    """Return the excerpts whose label is least and most probable to the model, one a song."""
    of_label = evaluation.probabilities[np.arange(len(evaluation.labels)), evaluation.labels]
    order = np.argsort(of_label, kind="stable")
    worst = spread(
        [k for k in order.tolist() if evaluation.predicted[k] != evaluation.labels[k]], evaluation.groups, count
    )
    best = spread(
        [k for k in order.tolist()[::-1] if evaluation.predicted[k] == evaluation.labels[k]], evaluation.groups, count
    )
    by_index = dict(zip([*worst, *best], _judged(evaluation, classifier, [*worst, *best]), strict=True))
    scheme = evaluation.config.labels
    parts = (
        ("worst", "Worst excerpts", "Wrong, and surest of it: the label has the lowest probability.", worst),
        ("best", "Best excerpts", "Right, and surest of it: the label has the highest probability.", best),
    )
    return [
        Section(
            anchor,
            title,
            f"{lead} One excerpt a song. Each row is a class, its height the probability over time;"
            " a click in the picture plays from there.",
            tuple(clip_card(by_index[k], scheme, audio) for k in chosen),
        )
        for anchor, title, lead, chosen in parts
        if chosen
    ]


def _judged(evaluation: Evaluation, classifier: WindowClassifier, chosen: Sequence[int]) -> list[JudgedClip]:
    """Return the chosen excerpts with their activity.

    Raises:
        DataError: a file became unreadable since it was scored.
    """
    judged = []
    results = clip_windows(classifier.window_probabilities, [evaluation.paths[k] for k in chosen])
    with contextlib.closing(results):
        for k, result in zip(chosen, results, strict=True):
            if isinstance(result, Failure):
                raise DataError(f"{result.path}: {result.reason}")
            judged.append(
                JudgedClip(
                    evaluation.files[k],
                    (int(evaluation.labels[k]),),
                    (int(evaluation.predicted[k]),),
                    evaluation.probabilities[k],
                    activity_of(result, evaluation.config.audio),
                )
            )
    return judged
