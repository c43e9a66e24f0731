"""A single-label evaluation as a page for people (`irmas_tf.reports.page`)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from irmas_tf.audio.walk import Failure
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.inference.activity import activity_of
from irmas_tf.inference.clip_windows import clip_windows
from irmas_tf.inference.window_model import WindowModel
from irmas_tf.metrics.calibration import reliability
from irmas_tf.metrics.confidence import selective_curves
from irmas_tf.metrics.single_label_intervals import single_label_f1_intervals
from irmas_tf.pictures.charts import Curve, curve_chart, reliability_chart, reliability_words
from irmas_tf.reports.class_sections import classes_section, confusion_figure, top_confusions_table
from irmas_tf.reports.clip_cards import JudgedClip, PageAudio, clip_card, clips_section, spread
from irmas_tf.reports.page import Figure, Headline, PageOptions, ReportPage, Section
from irmas_tf.reports.score_texts import footer_text
from irmas_tf.reports.settings_section import settings_section
from irmas_tf.runs.run_dir import RunDir

RELIABILITY_BINS = 10


def single_label_page(evaluation: Evaluation, summary: dict[str, Any], run: RunDir) -> ReportPage:
    """Return the page of an evaluation, without clips.

    Args:
        evaluation: what was found.
        summary: its scores (`irmas_tf.evaluation.single_label_summary`).
        run: the run folder.
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
    return ReportPage(
        f"{run.path.resolve().name}: {evaluation.split} split",
        (
            f"{summary['excerpts']:,} excerpts of {summary['songs']:,} songs",
            f"split by {summary['split_by']}",
            "one instrument per excerpt",
            f"label scheme {summary['label_scheme']}",
        ),
        headlines,
        (
            _classes(evaluation, summary),
            _confusions(evaluation),
            _confidence(evaluation),
            settings_section(evaluation.config, run),
        ),
        tuple(summary["warnings"]),
        footer_text(summary, ("metrics.json", "per_class.csv", "confusion.csv", "predictions.csv")),
    )


def _classes(evaluation: Evaluation, summary: dict[str, Any]) -> Section:
    intervals = single_label_f1_intervals(
        evaluation.labels, evaluation.predicted, evaluation.groups, evaluation.config.labels.num_classes
    )
    return classes_section(
        summary["per_class"],
        intervals,
        {"F1": "f1", "precision": "precision", "recall": "recall"},
        "excerpts",
        "Precision: of the excerpts answered with the class, the share that has it. Recall: of the excerpts that have"
        " it, the share answered with it. F1 is high only where both are.",
    )


def _confusions(evaluation: Evaluation) -> Section:
    """Return the confusion matrix and its largest entries off the diagonal."""
    scheme, counts = evaluation.config.labels, evaluation.confusion
    support = counts.sum(axis=1)
    figure = confusion_figure(
        "confusion",
        "Confusion matrix",
        counts,
        support,
        (scheme.codes, scheme.names),
        ("label", "answer"),
        "The number is a count of excerpts, the shade its share of the row.",
    )
    table = top_confusions_table(counts, support, scheme.names, "Most frequent confusions", "answer", "excerpts")
    return Section(
        "confusions",
        "What is mistaken for what",
        "The diagonal is right. A shade off the diagonal is a pair of instruments that the model does not tell apart.",
        (figure, *([table] if table else [])),
    )


def _confidence(evaluation: Evaluation) -> Section:
    """Return the curves over the confidence of the answer, and whether it is honest."""
    confidence = evaluation.probabilities.max(axis=1)
    right = evaluation.predicted == evaluation.labels
    levels = np.linspace(0.0, 1.0, 101)
    given, hits = selective_curves(confidence, right, levels)
    known = np.isfinite(hits)
    curves = (
        Curve("share of the answers that are right", levels[known], hits[known]),
        Curve("share of the excerpts answered", levels, given),
    )
    half = int(np.searchsorted(-given, -0.5, side="right")) - 1
    curve = reliability(right, confidence, RELIABILITY_BINS)
    leaning = "underconfident" if confidence.mean() < right.mean() else "overconfident"
    return Section(
        "confidence",
        "How far to trust its confidence",
        "Confidence is the probability of the class answered, mean over the excerpt's windows.",
        (
            Figure(
                "confidence",
                "If it answers only when confident",
                curve_chart(curves, "least confidence for an answer", "Accuracy and share answered over confidence"),
                f"Answering only from a confidence of {levels[half]:.2f} on, {100 * given[half]:.0f} % of the excerpts"
                f" get an answer, and {100 * hits[half]:.0f} % of these are right.",
            ),
            Figure(
                "reliability",
                "Reliability",
                reliability_chart(
                    curve,
                    "confidence; dots: share right; bars: excerpts",
                    f"Share right over confidence. {reliability_words(curve)}",
                ),
                "On the dotted line, answers are right as often as the model says."
                f" Here the confidence is off by {curve.expected_calibration_error:.3f} on average"
                f" (expected calibration error, {RELIABILITY_BINS} bins);"
                f" over all excerpts the model is {leaning}: confidence {confidence.mean():.3f}, right"
                f" {right.mean():.3f}.",
            ),
        ),
    )


def single_label_clips(evaluation: Evaluation, model: WindowModel, options: PageOptions) -> list[Section]:
    """Return the wrong and the right excerpts that the model is surest of, one per song.

    Args:
        evaluation: what was found.
        model: the run's model, for the activity over time.
        options: how many excerpts, and whether they can be heard.

    Raises:
        DataError: an excerpt became unreadable since it was scored.
    """
    # What it is sure of is the class that it answers with, right or wrong.
    order = np.argsort(-evaluation.probabilities.max(axis=1), kind="stable")
    order = order[evaluation.labels[order] >= 0]
    right = (evaluation.predicted == evaluation.labels)[order]
    worst = spread(order[~right].tolist(), evaluation.groups, options.clips)
    best = spread(order[right].tolist(), evaluation.groups, options.clips)
    audio = PageAudio(options.audio)
    cards = [clip_card(clip, evaluation.config.labels, audio) for clip in _judged(evaluation, model, worst + best)]
    wrong = "Wrong, and surest of it: the class answered has the highest probability of all wrong answers."
    sure = "Right, and surest of it: the class answered has the highest probability of all right answers."
    sections = (
        clips_section("worst", "excerpt", wrong, cards[: len(worst)]),
        clips_section("best", "excerpt", sure, cards[len(worst) :]),
    )
    return [section for section in sections if section.blocks]


def _judged(evaluation: Evaluation, model: WindowModel, chosen: Sequence[int]) -> list[JudgedClip]:
    """Return the chosen excerpts with their activity."""
    judged = []
    results = clip_windows(model, [evaluation.paths[k] for k in chosen])
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
