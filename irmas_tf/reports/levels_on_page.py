"""Thresholds and calibration of a multi-label evaluation on the report page."""

from __future__ import annotations

from typing import Any

import numpy as np

from irmas_tf.evaluation.calibration_study import AS_IS, TEMPERATURE, VARIANT_WORDS
from irmas_tf.evaluation.multi_label import MACRO_F1, MICRO_F1, MultiLabelEvaluation
from irmas_tf.evaluation.scored_clips import (
    CHOSEN_HERE,
    FIXED,
    GLOBAL,
    LEVEL_WORDS,
    ORACLE,
    OTHER_SONGS,
    REGIME_WORDS,
    REGIMES,
)
from irmas_tf.evaluation.threshold_curves import threshold_curves
from irmas_tf.metrics.calibration import Reliability, reliability
from irmas_tf.reports.charts import Curve, Mark, curve_chart, reliability_chart, reliability_words
from irmas_tf.reports.multi_label_table import PREVALENCE_WORDS
from irmas_tf.reports.page import Figure, Section, Table

RELIABILITY_BINS = 10
_LEADS = {
    FIXED: "Fixed in advance: chosen without these clips, what counts.",
    OTHER_SONGS: "Tuned on other songs: chosen on other songs of the same set, which tells of its class prior.",
    CHOSEN_HERE: "The run's own, chosen here: those that predict answers with; training chose them on these very clips,"
    " so that they score higher here than on others.",
    ORACLE: "Oracle: chosen on the clips scored by this evaluation, no result. No other single threshold has a higher"
    " micro F1 than its one for all classes, no others a class a higher macro F1 than its one a class; neither bounds"
    " the other figure.",
}


def levels_section(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> Section:
    """Return the scores under every threshold regime, and what any single threshold would score."""
    main = evaluation.headline[0]
    curves = threshold_curves(evaluation.clips, main)
    x = curves.thresholds
    marks = [
        Mark(REGIME_WORDS[regime], float(decision.thresholds[:, 0].mean()))
        for (aggregation, regime, level), decision in evaluation.decisions.items()
        if (aggregation, level) == (main, GLOBAL) and np.isfinite(decision.thresholds[:, 0]).all()
    ]
    best = int(np.argmax(curves.micro_f1))
    picture = curve_chart(
        (
            Curve("micro F1", x, curves.micro_f1),
            Curve("macro F1", x, curves.macro_f1),
            Curve("micro precision", x, curves.micro_precision),
            Curve("micro recall", x, curves.micro_recall),
        ),
        "threshold, the same for all classes",
        f"F1, precision and recall over the threshold; micro F1 is highest, {curves.micro_f1[best]:.3f}, at"
        f" {x[best]:.2f}",
        marks,
        (float(x[0]), float(x[-1])),
    )
    of_class = curve_chart(
        [Curve(evaluation.clips.names[k], x, curves.class_f1[:, k]) for k in _extremes(evaluation, curves.class_f1)],
        "threshold",
        "F1 of the best and the worst classes over their threshold",
        x_range=(float(x[0]), float(x[-1])),
    )
    others = [
        _decisions(evaluation, summary, name, f"{of['words']}: thresholds")
        for name, of in summary["aggregations"].items()
        if name != main
    ]
    return Section(
        "thresholds",
        "Thresholds",
        " ".join(_LEADS[regime] for regime in REGIMES if regime in {key[1] for key in evaluation.decisions}),
        (
            _decisions(evaluation, summary, main, "Every regime, with 95 % intervals over songs; ★: the scores above"),
            Figure(
                "What any threshold would score",
                picture,
                f"{summary['aggregations'][main]['words']}. A flat top means that the choice matters little.",
            ),
            Figure(
                "Classes want different thresholds",
                of_class,
                "The two best of the classes that occur, and the two worst.",
            ),
        ),
        (_rankings(summary), *others),
        "Every way to put windows together",
    )


def _extremes(evaluation: MultiLabelEvaluation, class_f1: np.ndarray) -> list[int]:
    """Return the two classes with the highest possible F1 and the two with the lowest, of those that occur."""
    occurring = np.flatnonzero(evaluation.clips.labels.any(axis=0))
    order = occurring[np.argsort(-class_f1.max(axis=0)[occurring], kind="stable")].tolist()
    return order if len(order) <= 4 else [*order[:2], *order[-2:]]


def _decisions(evaluation: MultiLabelEvaluation, summary: dict[str, Any], aggregation: str, caption: str) -> Table:
    rows = []
    for regime, levels in summary["aggregations"][aggregation]["decisions"].items():
        for level, scores in levels.items():
            key = (aggregation, regime, level)
            micro, macro = (" ★" if key == evaluation.headline_of(score) else "" for score in (MICRO_F1, MACRO_F1))
            rows.append((
                f"{REGIME_WORDS[regime]}, {LEVEL_WORDS[level]}",
                _with_interval(scores["micro_f1"]) + micro,
                _with_interval(scores["macro_f1"]) + macro,
                _figure(scores["exact_match"]),
                _figure(scores["hamming_loss"]),
            ))  # fmt: skip
    constant = summary["baselines"]["constant"]
    rows.append((
        f"baseline: always {', '.join(constant['classes'])}",
        _with_interval(constant["micro_f1"]),
        _with_interval(constant["macro_f1"]),
        _figure(constant["exact_match"]),
        _figure(constant["hamming_loss"]),
    ))  # fmt: skip
    names = ("micro F1", "macro F1", "exact", "hamming")
    return Table(caption, ("thresholds", *names), tuple(rows), names, "stack")


def _rankings(summary: dict[str, Any]) -> Table:
    rows = [
        (of["words"], _with_interval(of["lrap"]), _with_interval(of["mean_average_precision"]))
        for of in summary["aggregations"].values()
    ]
    for what, key in PREVALENCE_WORDS.items():
        baseline = summary["baselines"][key]
        rows.append((what, _with_interval(baseline["lrap"]), _with_interval(baseline["mean_average_precision"])))
    return Table("Rankings, which need no threshold", ("scores", "LRAP", "mAP"), tuple(rows), ("LRAP", "mAP"), "stack")


def trust_section(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> Section | None:
    """Return whether the probabilities are honest; None where the scores are no probabilities."""
    main = evaluation.headline[0]
    study = evaluation.calibration
    scores = evaluation.clips.scores[main]
    lead = "On the dotted line, a class is there as often as the model says. Every clip counts once for every class."
    if study is None:
        if scores.min() < 0 or scores.max() > 1:
            return None
        found = reliability(evaluation.clips.labels, scores, RELIABILITY_BINS)
        return Section(
            "confidence", "How far its probabilities can be trusted", lead, (_figure_of(found, "Reliability"),)
        )
    variants = [variant for variant in study.variants if variant.aggregation == main]
    if not variants:
        return None
    table = Table(
        f"Calibration fitted on {study.fitted_on}; temperature {study.temperatures[main]:.2f}",
        ("probabilities", "NLL", "ECE", "LRAP", "mAP", "micro F1", "macro F1"),
        tuple(
            (
                VARIANT_WORDS[v.name],
                f"{v.negative_log_likelihood:.3f}",
                f"{v.reliability.expected_calibration_error:.3f}",
                *(f"{x:.3f}" for x in (v.lrap, v.mean_average_precision, v.micro_f1, v.macro_f1)),
            )
            for v in variants
        ),
        ("NLL", "ECE", "LRAP", "mAP", "micro F1", "macro F1"),
        "stack",
    )
    figures = [
        _figure_of(study.variant(main, name).reliability, title)
        for name, title in (
            (AS_IS, "Reliability, as the model gives them"),
            (TEMPERATURE, "Reliability, with temperature"),
        )
    ]
    lead += (
        " NLL: mean surprise at the truth; ECE: mean distance from the dotted line; both are better low. Thresholds for"
        " the F1 here are chosen on the clips that the calibration is fitted on."
    )
    return Section("confidence", "How far its probabilities can be trusted", lead, (table, *figures))


def _figure_of(found: Reliability, title: str) -> Figure:
    return Figure(
        title,
        reliability_chart(
            found, "probability; bars: clips × classes", f"Share over probability. {reliability_words(found)}"
        ),
        f"Off by {found.expected_calibration_error:.3f} on average (expected calibration error).",
    )


def _with_interval(score: dict[str, float | None]) -> str:
    if score["value"] is None:
        return "–"
    text = f"{score['value']:.3f}"
    return text if score["low"] is None else f"{text} [{score['low']:.2f}, {score['high']:.2f}]"


def _figure(score: dict[str, float | None]) -> str:
    return "–" if score["value"] is None else f"{score['value']:.3f}"
