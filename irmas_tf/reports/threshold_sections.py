"""Thresholds and calibration of a multi-label evaluation, as sections of its page."""

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
from irmas_tf.pictures.charts import Curve, Mark, curve_chart, reliability_chart, reliability_words
from irmas_tf.pictures.class_names import several
from irmas_tf.reports.class_sections import by_f1
from irmas_tf.reports.page import Figure, Section, Table
from irmas_tf.reports.score_texts import figure_text, score_text
from irmas_tf.reports.summary_tables import PREVALENCE_WORDS

RELIABILITY_BINS = 10
_LEADS = {
    FIXED: "Fixed in advance: chosen without these clips; these are the scores that count.",
    OTHER_SONGS: "Tuned on other songs: chosen on other songs of the same set, which reveals its class prior.",
    CHOSEN_HERE: "The run's own, chosen here: those that predict uses; training chose them on these very clips, so they"
    " score higher here than elsewhere.",
    ORACLE: "Oracle: chosen on the very clips that are scored, so no result. No single threshold for all classes has a"
    " higher micro F1 than the oracle's, and no thresholds per class a higher macro F1; neither bounds the other.",
}


def thresholds_section(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> Section:
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
        [Curve(f"F1 of {evaluation.clips.names[k]}", x, curves.class_f1[:, k]) for k in _extremes(evaluation, summary)],
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
                "thresholds",
                "What any threshold would score",
                picture,
                f"{summary['aggregations'][main]['words']}. A flat top means that the choice matters little.",
            ),
            Figure(
                "class_thresholds",
                "Classes need different thresholds",
                of_class,
                "The two classes with the highest F1 in the table of classes, and of those that occur the two with the"
                " lowest.",
            ),
        ),
        (_rankings(summary), *others),
        "Every way to combine windows",
    )


def _extremes(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> list[int]:
    """Return the two classes that stand first in the table of classes, and the two last, of those that occur."""
    occurring = (evaluation.clips.labels == 1).any(axis=0)
    order = [k for k in by_f1(summary["per_class"]) if occurring[k]]
    return order if len(order) <= 4 else [*order[:2], *order[-2:]]


def _decisions(evaluation: MultiLabelEvaluation, summary: dict[str, Any], aggregation: str, caption: str) -> Table:
    rows = []
    for regime, levels in summary["aggregations"][aggregation]["decisions"].items():
        for level, scores in levels.items():
            key = (aggregation, regime, level)
            micro, macro = (" ★" if key == evaluation.headline_of(score) else "" for score in (MICRO_F1, MACRO_F1))
            rows.append((
                f"{REGIME_WORDS[regime]}, {LEVEL_WORDS[level]}",
                score_text(scores["micro_f1"], 2) + micro,
                score_text(scores["macro_f1"], 2) + macro,
                figure_text(scores["exact_match"]["value"]),
                figure_text(scores["hamming_loss"]["value"]),
            ))  # fmt: skip
    constant = summary["baselines"]["constant"]
    rows.append((
        f"baseline: always {several(constant['classes'])}",
        score_text(constant["micro_f1"], 2),
        score_text(constant["macro_f1"], 2),
        figure_text(constant["exact_match"]["value"]),
        figure_text(constant["hamming_loss"]["value"]),
    ))  # fmt: skip
    names = ("micro F1", "macro F1", "exact", "hamming")
    return Table(caption, ("thresholds", *names), tuple(rows), names, "stack")


def _rankings(summary: dict[str, Any]) -> Table:
    rows = [
        (of["words"], score_text(of["lrap"], 2), score_text(of["mean_average_precision"], 2))
        for of in summary["aggregations"].values()
    ]
    for what, key in PREVALENCE_WORDS.items():
        baseline = summary["baselines"][key]
        rows.append((what, score_text(baseline["lrap"], 2), score_text(baseline["mean_average_precision"], 2)))
    return Table("Rankings, which need no threshold", ("scores", "LRAP", "mAP"), tuple(rows), ("LRAP", "mAP"), "stack")


def confidence_section(evaluation: MultiLabelEvaluation) -> Section | None:
    """Return whether the probabilities are honest; None where the scores are not probabilities."""
    main = evaluation.headline[0]
    study = evaluation.calibration
    scores = evaluation.clips.scores[main]
    title = "How far to trust its probabilities"
    lead = "On the dotted line, a class is there as often as the model says. Every clip counts once for every class"
    lead += " of which it is known." if (evaluation.clips.labels == -1).any() else "."
    if study is None:
        if scores.min() < 0 or scores.max() > 1:
            return None
        curve = reliability(evaluation.clips.labels, scores, RELIABILITY_BINS)
        return Section("confidence", title, lead, (_reliability(curve, "reliability", "Reliability"),))
    variants = [variant for variant in study.variants if variant.aggregation == main]
    if not variants:
        return None
    header = ("probabilities", "NLL", "ECE", "LRAP", "mAP", "micro F1", "macro F1")
    rows = tuple(
        (
            VARIANT_WORDS[v.name],
            *map(figure_text, (
                v.negative_log_likelihood, v.reliability.expected_calibration_error, v.lrap, v.mean_average_precision,
                v.micro_f1, v.macro_f1,
            )),
        )
        for v in variants
    )  # fmt: skip
    caption = f"Calibration fitted on {study.fitted_on}; temperature {study.temperatures[main]:.2f}"
    figures = [
        _reliability(study.variant(main, variant).reliability, name, words)
        for variant, name, words in (
            (AS_IS, "reliability", "Reliability of the probabilities as given"),
            (TEMPERATURE, "reliability_temperature", "Reliability of the probabilities with temperature"),
        )
    ]
    lead += (
        " NLL: mean surprise at the truth; ECE: mean distance from the dotted line; lower is better. Thresholds for the"
        " F1 here are chosen on the clips that the calibration is fitted on."
    )
    return Section("confidence", title, lead, (Table(caption, header, rows, header[1:], "stack"), *figures))


def _reliability(curve: Reliability, name: str, title: str) -> Figure:
    return Figure(
        name,
        title,
        reliability_chart(
            curve,
            "probability; dots: share labelled; bars: clips × classes",
            f"Share over probability. {reliability_words(curve)}",
        ),
        f"Off by {curve.expected_calibration_error:.3f} on average (expected calibration error).",
    )
