"""The multi-label protocol on excerpts themselves: a side of the run's split, or the data set's own test part.

It is that of data sets whose excerpts have several or unknown labels. Where every excerpt has one class, a multi-label
run is validated on mixtures (`irmas_tf.evaluation.scored_mixtures`), since nothing else would have several labels.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from irmas_tf.config.labels import MULTI_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.split_sides import SplitSide, SplitSides
from irmas_tf.evaluation.calibration_study import study_calibration
from irmas_tf.evaluation.multi_label import Baselines, MultiLabelEvaluation, all_decisions
from irmas_tf.evaluation.run_levels import FittingClips, default_notes, fixed_levels, own_levels
from irmas_tf.evaluation.scored_clips import ScoredClips
from irmas_tf.evaluation.scored_mixtures import score_mixtures
from irmas_tf.evaluation.test_part import TEST, TRAIN, VALIDATION, labels_of
from irmas_tf.evaluation.window_scores import Progress, WindowScores, score_files
from irmas_tf.inference.run_model import RunModel


def fitting_clips(model: RunModel, side: SplitSide, batch_size: int) -> FittingClips:
    """Return the validation side as training judges by it: mixtures of single-label excerpts, else the excerpts.

    Raises:
        DataError: an excerpt cannot be read.
    """
    if side.is_single:
        mixed = score_mixtures(model, side, batch_size)
        return FittingClips(mixed.windows, mixed.labels, f"{len(mixed)} mixtures of the run's validation excerpts")
    windows = score_files(model, side.paths, batch_size=batch_size)
    return FittingClips(windows, labels_of(side), f"{len(side)} validation excerpts of the run")


def evaluate_excerpts(
    model: RunModel,
    sides: SplitSides,
    side: SplitSide,
    split: str,
    notes: Sequence[str],
    *,
    batch_size: int,
    progress: Progress | None,
) -> MultiLabelEvaluation:
    """Run the run's best model over excerpts with several or unknown labels.

    Args:
        model: the run.
        sides: of its split.
        side: what is scored: one of them, or the data set's test part.
        split: "validation", "train" or "test".
        notes: what is to be said first.
        batch_size: windows per batch.
        progress: called with the results and their number, returns the results.

    Raises:
        DataError: an excerpt cannot be read.
    """
    run, config = model.run, model.config
    model.warm_up()
    start = time.perf_counter()
    windows = score_files(model, side.paths, batch_size=batch_size, progress=progress)
    seconds = time.perf_counter() - start
    scored = _scored(config, side, windows)
    themselves = split == VALIDATION
    said = list(notes)
    if themselves:
        fitting = FittingClips(windows, scored.labels, "these very excerpts")
        levels = own_levels(run, config)
        said.append(
            "the run's thresholds, its best epoch and the calibration were chosen on these very excerpts: what depends"
            " on them is optimistic"
        )
    else:
        fitting = fitting_clips(model, sides.validation, batch_size)
        levels = fixed_levels(run, config, fitting)
        said += default_notes(fitting.labels, scored.codes, fitting.words)
    if config.model.task == MULTI_LABEL and not run.thresholds_path.exists():
        said.append(f"the run has no {run.thresholds_path.name}, which predict needs; train the run again")
    what = {TEST: "the test part of the data set", TRAIN: "the training side", VALIDATION: "the validation side"}
    return MultiLabelEvaluation(
        split=split,
        source=f"run {run.path.name} ({config.model.task}), excerpts of {what[split]}",
        clips=scored,
        decisions=all_decisions(scored, levels),
        baselines=Baselines.of_training(sides.train.targets, len(scored)),
        config=config,
        windows=windows,
        calibration=study_calibration(fitting.windows, fitting.labels, windows, scored.labels, fitting.words),
        warnings=tuple(said),
        seconds=seconds,
    )


def _scored(config: Config, side: SplitSide, windows: WindowScores) -> ScoredClips:
    return ScoredClips(
        codes=config.labels.codes,
        names=config.labels.names,
        files=side.names,
        groups=side.groups,
        parts=np.zeros(len(side), int),
        labels=labels_of(side),
        scores=windows.aggregated(),
        paths=side.paths,
        durations_seconds=windows.durations_seconds,
    )
