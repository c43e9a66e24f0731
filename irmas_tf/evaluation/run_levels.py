"""What a run decides by: its own thresholds, or levels chosen on its validation side, and who says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from irmas_tf.config.run_config import Config
from irmas_tf.evaluation.scored_clips import (
    CHOSEN_HERE,
    CONVENTIONAL_LEVEL,
    GLOBAL,
    LEVELS,
    PER_CLASS,
    Decision,
    fixed,
    optimal,
)
from irmas_tf.evaluation.window_scores import WindowScores
from irmas_tf.metrics.aggregation import AGGREGATIONS, MEAN
from irmas_tf.metrics.thresholds import without_positive
from irmas_tf.process.checksums import checksum_of
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds

Levels = dict[tuple[str, str], Decision]
"""(aggregation, level) -> decision levels."""


@dataclasses.dataclass(frozen=True)
class FittingClips:
    """Clips that levels and calibration are fitted on: the run's validation side, as training judges by it.

    Attributes:
        windows: what the model says of them.
        labels: [clips, classes] bool, or int8 with -1 for unknown.
        words: what they are.
    """

    windows: WindowScores
    labels: np.ndarray
    words: str


def own_levels(run: RunDir, config: Config) -> Levels:
    """Return the run's own levels, for the very clips they were chosen on; it may have none."""
    return {
        key: dataclasses.replace(decision, regime=CHOSEN_HERE) for key, decision in levels_of_file(run, config).items()
    }


def levels_of_file(run: RunDir, config: Config) -> Levels:
    """Return the levels in the run's file, which are for means of probabilities.

    Raises:
        ThresholdsError: the file is damaged, or of another model.
    """
    codes, classes = config.labels.codes, config.labels.num_classes
    if not run.thresholds_path.exists():
        return {}
    model = checksum_of(run.model_path) if run.model_path.exists() else ""
    saved = Thresholds.load(run.thresholds_path, codes, model)
    words = f"{saved.chosen_on} (the run's {run.thresholds_path.name})"
    return {
        (MEAN, GLOBAL): fixed(saved.overall, GLOBAL, words, classes),
        (MEAN, PER_CLASS): fixed(saved.vector(codes), PER_CLASS, words, classes),
    }


def fixed_levels(run: RunDir, config: Config, fitting: FittingClips | None) -> Levels:
    """Return levels chosen in advance.

    Means of probabilities go by the run's own file, which is what predict answers with; the others by the validation
    side. Without either a conventional level stands in, and says so.

    Raises:
        ThresholdsError: the run's file is damaged.
    """
    classes = config.labels.num_classes
    levels: Levels = {}
    if fitting is not None:
        for aggregation, scores in fitting.windows.aggregated().items():
            for level in LEVELS:
                levels[aggregation, level] = fixed(
                    optimal(fitting.labels, scores, level), level, fitting.words, classes
                )
    levels |= levels_of_file(run, config)
    if not levels:
        words = f"no data: {CONVENTIONAL_LEVEL:g} by convention"
        for aggregation in AGGREGATIONS:
            levels[aggregation, GLOBAL] = fixed(CONVENTIONAL_LEVEL, GLOBAL, words, classes)
    return levels


def missing_levels(levels: Mapping[tuple[str, str], Decision]) -> str:
    """Return which rows the tables lack without levels fixed in advance, as the end of a note; or nothing."""
    absent = [
        f"{aggregation}, {level.replace('_', ' ')}"
        for aggregation in AGGREGATIONS
        for level in LEVELS
        if (aggregation, level) not in levels
    ]
    return f"; and no thresholds fixed in advance, so no such rows, for: {'; '.join(absent)}" if absent else ""


def default_notes(labels: np.ndarray, codes: Sequence[str], words: str) -> list[str]:
    """Return a note on the classes that no threshold of their own can be chosen for; they take that of all classes.

    Args:
        labels: of the clips to choose on, [clips, classes] bool, or int8 with -1 for unknown.
        codes: of the classes.
        words: what the clips are.
    """
    names = [code for code, none in zip(codes, without_positive(labels), strict=True) if none]
    if not names:
        return []
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return [f"{words} hold no clip known to have {shown}: these classes take the threshold for all classes"]
