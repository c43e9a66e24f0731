"""Scores as text, and the words around them that every report shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from irmas_tf.evaluation.score_entries import Score

NONE = "–"


def score_text(score: Score, decimals: int = 3, gap: str = " ", none: str = NONE) -> str:
    """Return a score and its interval: .500 [.40, .60].

    Args:
        score: to be written.
        decimals: of the ends of the interval.
        gap: between the two.
        none: what is written where there is no score.
    """
    value, low, high = score["value"], score["low"], score["high"]
    if value is None:
        return none
    ends = "" if low is None or high is None else f"{gap}[{low:.{decimals}f}, {high:.{decimals}f}]"
    return f"{value:.3f}{ends}"


def figure_text(value: float | None, decimals: int = 3) -> str:
    """Return a figure, or a dash."""
    return NONE if value is None else f"{value:.{decimals}f}"


def headline_text(summary: dict[str, Any]) -> str:
    """Return the split and its two main scores, for the heading of a picture."""
    if "aggregations" in summary:
        head = summary["headline"]
        levels = summary["aggregations"][head["aggregation"]]["decisions"][head["regime"]]
        scores = {
            name: levels[head["level_of"][key]][key]
            for key, name in (("micro_f1", "micro F1"), ("macro_f1", "macro F1"))
        }
    else:
        scores = {"accuracy": summary["accuracy"], "macro F1": summary["macro_f1"]}
    return f"{summary['split']}: " + ", ".join(f"{name} {score_text(score, 2)}" for name, score in scores.items())


def footer_text(summary: dict[str, Any], files: Sequence[str]) -> str:
    """Return the last line of a page: what made it, how its intervals were made, and which files say the same."""
    hashed = f", configuration {summary['config_hash']}" if summary["config_hash"] else ""
    return (
        f"irmas_tf.evaluate{hashed}. Intervals: 95 %, {summary['interval']['method']}."
        f" The same figures as tables: {', '.join(files)} beside this"
        " page."
    )
