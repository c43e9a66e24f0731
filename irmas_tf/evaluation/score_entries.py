"""Entries of metrics.json that both tasks share: scores with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from irmas_tf.metrics.song_intervals import CONFIDENCE, Interval

TOP_CONFUSIONS = 8  # that are listed

Score = dict[str, float | None]
"""``value``, ``low`` and ``high``: a score and the ends of its interval, each None where it cannot be had."""


def score_entry(value: float, interval: Interval | None) -> Score:
    """Return a score as metrics.json holds it."""
    low, high = (interval.low, interval.high) if interval else (None, None)
    return {"value": float(value) if np.isfinite(value) else None, "low": low, "high": high}


def interval_entry() -> dict[str, Any]:
    """Return what metrics.json says of the intervals."""
    return {"confidence": CONFIDENCE, "method": "jackknife over songs, Wilson's interval with t quantiles"}
