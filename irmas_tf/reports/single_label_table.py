"""The summary of a single-label evaluation as a table for people."""

from __future__ import annotations

from typing import Any

from irmas_tf.evaluation.score_entries import Score
from irmas_tf.reports.score_texts import score_text


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
