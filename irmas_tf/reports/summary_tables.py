"""The summary of an evaluation of either task as a table for people, in a terminal."""

from __future__ import annotations

from typing import Any

from irmas_tf.evaluation.score_entries import Score
from irmas_tf.evaluation.scored_clips import LEVEL_WORDS, REGIME_WORDS
from irmas_tf.reports.score_texts import score_text

_WIDTH = 43  # of the first column
PREVALENCE_WORDS = {
    "baseline: prevalence in training": "prevalence_ranking",
    "oracle: prevalence in these very clips": "oracle_prevalence_ranking",
}
"""The rankings that know nothing of the audio: words -> key in the summary's baselines."""


def format_single_label_table(summary: dict[str, Any]) -> str:
    """Return the summary as text for a terminal, ending with a newline."""
    names = {row["class"]: row["name"] for row in summary["per_class"]}
    width = max(len(name) for name in names.values())
    baseline = summary["majority_baseline"]
    lines = [
        f"{summary['split']} split: {summary['excerpts']} excerpts of {summary['songs']} songs"
        f" (split by {summary['split_by']}), {summary['excerpts_per_second']:g} excerpts/s",
        *(f"note: {text}" for text in summary["warnings"]),
        "",
        f"  accuracy  {_with_interval(summary['accuracy'])}",
        f"  macro F1  {_with_interval(summary['macro_f1'])}",
        f"  always {names[baseline['class']]!r} (majority in training): accuracy {baseline['accuracy']:.3f},"
        f" macro F1 {baseline['macro_f1']:.3f}",
        "",
        f"  {'class':<{width}}  precision  recall     F1  excerpts",
    ]
    for row in summary["per_class"]:
        lines.append(
            f"  {row['name']:<{width}}  {row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:5.3f}"
            f"  {row['support']:8d}"
        )
    if summary["top_confusions"]:
        lines += ["", "  most frequent confusions (label -> answer: excerpts)"]
        for pair in summary["top_confusions"]:
            answer = names[pair["predicted"]]
            lines.append(f"  {names[pair['label']]:>{width}} -> {answer:<{width}} {pair['excerpts']:5d}")
    return "\n".join(lines) + "\n"


def _with_interval(score: Score) -> str:
    return score_text(score, gap="  ") + ("" if score["low"] is None else "  95 % interval over songs")


def format_multi_label_table(summary: dict[str, Any]) -> str:
    """Return the summary as text for a terminal, ending with a newline."""
    parts = "".join(f", Part{part}: {count}" for part, count in summary["parts"].items())
    speed = f", {summary['clips_per_second']:g} clips/s" if summary["clips_per_second"] else ""
    lines = [
        f"{summary['split']}: {summary['clips']} clips of {summary['songs']} songs{parts},"
        f" {summary['labels_per_clip']:.2f} labels per clip{speed}",
        f"{summary['source']}; intervals are 95 % over songs",
        *(f"note: {text}" for text in summary["warnings"]),
        "",
        *_headline_lines(summary),
    ]
    lines += _ranking_lines(summary) + _decision_lines(summary) + _class_lines(summary)
    if summary["calibration"]:
        lines += _calibration_lines(summary["calibration"])
    if summary["single_label"]:
        plain = summary["single_label"]
        lines += [
            "",
            f"  the {plain['excerpts']} plain excerpts, one label each: accuracy {plain['accuracy']:.3f}, macro F1"
            f" {plain['macro_f1']:.3f}",
        ]
    return "\n".join(lines) + "\n"


def _headline_lines(summary: dict[str, Any]) -> list[str]:
    head = summary["headline"]
    levels = summary["aggregations"][head["aggregation"]]["decisions"][head["regime"]]
    lines = [f"  {head['aggregation']}, thresholds {REGIME_WORDS[head['regime']]}:"]
    for score, name in (("micro_f1", "micro F1"), ("macro_f1", "macro F1")):
        level = head["level_of"][score]
        lines.append(f"    {name} {_cell(levels[level][score])}  {LEVEL_WORDS[level]} ({level.replace('_', ' ')})")
    return [*lines, ""]


def _ranking_lines(summary: dict[str, Any]) -> list[str]:
    classes = len(summary["classes"])
    counted = classes - len(summary["aggregations"][summary["headline"]["aggregation"]]["classes_without_labels"])
    over = f"over {counted} of {classes} classes" if counted < classes else f"over all {classes} classes"
    lines = [f"  {'ranking, no thresholds':<{_WIDTH}}  {'LRAP':<20}  mAP {over}"]
    rows = [(name, of["words"], of) for name, of in summary["aggregations"].items()]
    for name, words, scores in rows:
        lines.append(f"  {name:<{_WIDTH}}  {_cell(scores['lrap'])}  {_cell(scores['mean_average_precision'])}  {words}")
    for what, key in PREVALENCE_WORDS.items():
        baseline = summary["baselines"][key]
        lines.append(f"  {what:<{_WIDTH}}  {_cell(baseline['lrap'])}  {_cell(baseline['mean_average_precision'])}")
    main = summary["aggregations"][summary["headline"]["aggregation"]]
    half = main["at_one_half"]
    lines.append(
        f"  {summary['headline']['aggregation']}: mean ROC AUC {score_text(main['mean_roc_auc'], none='-')}; at"
        f" {half['threshold']:g} for every class micro F1 {half['micro_f1']:.3f}, macro F1 {half['macro_f1']:.3f}"
    )
    return lines


def _decision_lines(summary: dict[str, Any]) -> list[str]:
    header = f"  {'decisions, by thresholds':<{_WIDTH}}  {'micro F1':<20}  {'macro F1':<20}  exact  hamming"
    lines = ["", header]
    chosen: dict[tuple[str, str], list[str]] = {}
    for name, of in summary["aggregations"].items():
        for regime, levels in of["decisions"].items():
            for level, scores in levels.items():
                what = f"{name}, {REGIME_WORDS[regime]}, {level.replace('_', ' ')}"
                lines.append(_decision_line(what, scores))
                names = chosen.setdefault((regime, scores["chosen_on"]), [])
                names += [name] if name not in names else []
    constant = summary["baselines"]["constant"]
    lines.append(_decision_line(f"baseline: always {'+'.join(constant['classes'])}", constant))
    for (regime, words), names in chosen.items():
        of_some = "" if len(names) == len(summary["aggregations"]) else f" ({', '.join(names)})"
        lines.append(f"  {REGIME_WORDS[regime]}{of_some}: chosen on {words}")
    lines.append(f"  baselines: {summary['baselines']['source']}")
    return lines


def _decision_line(what: str, scores: dict[str, Any]) -> str:
    return (
        f"  {what:<{_WIDTH}}  {_cell(scores['micro_f1'])}  {_cell(scores['macro_f1'])}"
        f"  {scores['exact_match']['value']:5.3f}  {scores['hamming_loss']['value']:7.3f}"
    )


def _class_lines(summary: dict[str, Any]) -> list[str]:
    head = summary["headline"]
    width = max(len(row["name"]) for row in summary["per_class"])
    lines = [
        "",
        f"  each class: {head['aggregation']}, {REGIME_WORDS[head['regime']]}, {head['level'].replace('_', ' ')}",
        f"  {'class':<{width}}  threshold  precision  recall     F1     AP    AUC  clips"
        + ("  of known" if summary["known_share"] < 1 else ""),
    ]
    for row in summary["per_class"]:
        threshold = "    never" if row["threshold"] is None else f"{row['threshold']:9.3f}"
        precision, area = (
            "    -" if row[name] is None else f"{row[name]:5.3f}" for name in ("average_precision", "roc_auc")
        )
        known = f"  {row['known']:8d}" if summary["known_share"] < 1 else ""
        lines.append(
            f"  {row['name']:<{width}}  {threshold}  {row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:5.3f}"
            f"  {precision}  {area}  {row['support']:5d}{known}"
        )
    return lines


def _calibration_lines(study: dict[str, Any]) -> list[str]:
    fitted = ", ".join(f"{name} {value:.2f}" for name, value in study["temperatures"].items())
    lines = [
        "",
        f"  calibration, fitted on {study['fitted_on']}; temperature: {fitted}",
        f"  {'':<{_WIDTH}}    ECE    NLL   LRAP    mAP  micro F1  macro F1",
    ]
    for row in study["variants"]:
        lines.append(
            f"  {row['aggregation'] + ', ' + row['name'].replace('_', ' '):<{_WIDTH}}"
            f"  {row['expected_calibration_error']:5.3f}  {row['negative_log_likelihood']:5.3f}  {row['lrap']:5.3f}"
            f"  {row['mean_average_precision']:5.3f}  {row['micro_f1']:8.3f}  {row['macro_f1']:8.3f}"
        )
    return lines


def _cell(score: Score) -> str:
    """Return ".500 [.400, .600]" in 20 characters."""
    return f"{score_text(score, none='-'):<20}"
