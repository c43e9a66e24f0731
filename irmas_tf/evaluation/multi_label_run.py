"""The multi-label protocol on a run: the test set, or mixtures of the excerpts on one side of the run's split."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from irmas_tf.config.datasets import IRMAS
from irmas_tf.config.labels import MULTI_LABEL, LabelScheme
from irmas_tf.config.run_config import Config
from irmas_tf.datasets import irmas, splits
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.split_sides import SplitSides, split_sides
from irmas_tf.datasets.testing_clips import label_matrix, official_counts, part_sizes, select_clips
from irmas_tf.evaluation.calibration_study import study_calibration
from irmas_tf.evaluation.multi_label import Baselines, MultiLabelEvaluation, SingleLabelScores, all_decisions
from irmas_tf.evaluation.scored_clips import (
    CHOSEN_HERE,
    CONVENTIONAL_LEVEL,
    GLOBAL,
    LEVELS,
    PER_CLASS,
    Decision,
    ScoredClips,
    fixed,
    optimal,
)
from irmas_tf.evaluation.scored_mixtures import ScoredMixtures, score_mixtures
from irmas_tf.evaluation.window_scores import Progress, score_files
from irmas_tf.inference.run_model import RunModel
from irmas_tf.metrics import single_label
from irmas_tf.metrics.aggregation import AGGREGATIONS, MEAN
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds


def evaluate_multi_label(
    run: RunModel,
    data_dir: str | Path = "",
    split: str = "test",
    *,
    batch_size: int = 32,
    replicates: int = 1000,
    unique_clips: bool = False,
    progress: Progress | None = None,
) -> MultiLabelEvaluation:
    """Run the run's best model over the test set, or over the mixtures of one side of its split.

    Args:
        run: the run; its model may answer with one label (softmax) or several.
        data_dir: folder of the data; by default the one of the run's configuration.
        split: test, validation or train.
        batch_size: windows per batch.
        replicates: bootstrap replicates of the intervals.
        unique_clips: count byte-identical test clips once.
        progress: called with the results and their number, returns the results; shows that time passes.

    Raises:
        RunDirError, ModelError, ThresholdsError: the run is incomplete or damaged.
        DataError: there is no data, or files are missing, damaged or without labels; the message names them.
    """
    config = run.config
    if run.run.thresholds_path.exists():
        Thresholds.load(run.run.thresholds_path, config.labels.codes)  # before the long part
    folder = os.fspath(data_dir) or config.data.data_dir
    if split == "test":
        return _evaluate_test(run, folder, batch_size, replicates, unique_clips, progress)
    return _evaluate_mixtures(run, folder, split, batch_size, replicates)


def _evaluate_test(
    model: RunModel,
    data_dir: str,
    batch_size: int,
    replicates: int,
    unique_clips: bool,
    progress: Progress | None,
) -> MultiLabelEvaluation:
    run, config = model.run, model.config
    all_clips = config.dataset.test_clips(data_dir)
    clips, notes = select_clips(all_clips, unique_clips, config.dataset.official_parts)
    model.warm_up()
    start = time.perf_counter()
    windows = score_files(model, [str(clip.path) for clip in clips], batch_size=batch_size, progress=progress)
    seconds = time.perf_counter() - start
    scored = ScoredClips(
        codes=config.labels.codes,
        names=config.labels.names,
        files=tuple(os.path.relpath(clip.path, data_dir) for clip in clips),
        groups=np.array(irmas.group_clips(clips)),
        parts=np.array([clip.part for clip in clips]),
        labels=label_matrix([clip.irmas_codes for clip in clips], config.labels),
        scores=windows.aggregated(),
        paths=tuple(str(clip.path) for clip in clips),
        durations_seconds=windows.durations_seconds,
        part_sizes=part_sizes(all_clips),
    )
    sides, absent = _find_sides(run, config, data_dir)
    validation = score_mixtures(model, sides.validation, batch_size) if sides else None
    levels = _fixed_levels(run, config, validation)
    fitted_on = f"{len(validation)} mixtures of the run's validation excerpts" if validation else ""
    if config.model.task == MULTI_LABEL and not run.thresholds_path.exists():
        notes.append(f"the run has no {run.thresholds_path.name}, which predict needs; train the run again")
    if absent:
        notes.append(f"the run's training data is not at hand ({absent}): no calibration{_missing(levels)}")
    if validation is not None and validation.windows.single_window and not windows.single_window:
        notes.append(
            "thresholds fixed in advance come from mixtures of a single window each, where mean and mean logit are the"
            " same and S2 is the mean in each clip's own scale; these clips have several windows"
        )
    return MultiLabelEvaluation(
        split="test",
        source=f"run {run.path.name} ({config.model.task}), windows of {config.audio.window_seconds:g} s every"
        f" {config.audio.window_hop_seconds:g} s",
        clips=scored,
        decisions=all_decisions(scored, levels),
        baselines=_baselines(config.labels, sides.train.labels if sides else None, len(clips)),
        config=config,
        windows=windows,
        calibration=study_calibration(validation.windows, validation.labels, windows, scored.labels, fitted_on)
        if validation
        else None,
        warnings=tuple(notes),
        seconds=seconds,
        replicates=replicates,
    )


def _evaluate_mixtures(
    model: RunModel, data_dir: str, split: str, batch_size: int, replicates: int
) -> MultiLabelEvaluation:
    run, config = model.run, model.config
    sides = _load_sides(run, config, data_dir)
    model.warm_up()
    side = getattr(sides, split)
    start = time.perf_counter()
    mixed = score_mixtures(model, side, batch_size)
    seconds = time.perf_counter() - start
    plain = score_files(model, side.paths, batch_size=batch_size).aggregated()[MEAN]
    scored = ScoredClips(
        codes=config.labels.codes,
        names=config.labels.names,
        files=mixed.names,
        groups=mixed.groups,
        parts=np.zeros(len(mixed), int),
        labels=mixed.labels,
        scores=mixed.windows.aggregated(),
    )
    themselves = split == "validation"
    fitting = mixed if themselves else score_mixtures(model, sides.validation, batch_size)
    words = "these very mixtures" if themselves else f"{len(fitting)} mixtures of the run's validation excerpts"
    notes = ["mixtures share songs: intervals count each with the song of its leading excerpt, and are a little narrow"]
    if split == "train":
        notes.insert(0, "these excerpts were trained on: the scores say nothing about new songs")
    if themselves:
        notes.append("thresholds and temperature were chosen on these mixtures: what depends on them is optimistic")
    if mixed.windows.single_window:
        notes.append(
            f"every mixture is a single window of {config.audio.window_seconds:g} s: mean and mean logit are the same"
            " here, and S2 is the mean in each clip's own scale; clips of the test set have many windows, so this"
            " does not tell which way to combine them is best there"
        )
    levels = _own_levels(run, config) if themselves else _fixed_levels(run, config, fitting)
    if themselves and levels:
        notes.append("the run's own thresholds are for the mean: S2 and mean logit have those of the oracle alone")
    predicted = plain.argmax(axis=1)
    return MultiLabelEvaluation(
        split=split,
        source=f"run {run.path.name} ({config.model.task}), one mixture led by each excerpt of the {split} side",
        clips=scored,
        decisions=all_decisions(scored, levels, other_songs=False),
        baselines=_baselines(config.labels, sides.train.labels, len(scored)),
        config=config,
        windows=mixed.windows,
        render=mixed.render,
        calibration=study_calibration(fitting.windows, fitting.labels, mixed.windows, mixed.labels, words),
        single_label=SingleLabelScores(
            len(predicted),
            single_label.accuracy(side.labels, predicted),
            single_label.macro_f1(side.labels, predicted, config.labels.num_classes),
        ),
        warnings=tuple(notes),
        seconds=seconds,
        replicates=replicates,
    )


def _load_sides(run: RunDir, config: Config, data_dir: str) -> SplitSides:
    """Return both sides of the run's split.

    Raises:
        DataError: the training data or the split is missing or incomplete.
    """
    return split_sides(splits.load_split(run.split_path), config.dataset.training(data_dir), config.labels)


def _find_sides(run: RunDir, config: Config, data_dir: str) -> tuple[SplitSides | None, str]:
    """Return both sides from the given folder or the run's own, or None and why.

    Raises:
        DataError: they are not there, and there are no published counts of the classes that could stand in.
    """
    reasons = []
    for folder in dict.fromkeys((data_dir, config.data.data_dir)):
        if folder:
            try:
                return _load_sides(run, config, folder), ""
            except DataError as error:
                reasons.append(str(error))
    if config.data.dataset != IRMAS:
        raise DataError("; ".join(reasons) or "--data_dir is empty: give the folder of the data set")
    return None, "; ".join(reasons)


def _own_levels(run: RunDir, config: Config) -> dict[tuple[str, str], Decision]:
    """Return (aggregation, level) -> the run's own levels on the mixtures they were chosen on; it may have none."""
    return {
        key: dataclasses.replace(decision, regime=CHOSEN_HERE) for key, decision in _levels_of_file(run, config).items()
    }


def _levels_of_file(run: RunDir, config: Config) -> dict[tuple[str, str], Decision]:
    """Return (aggregation, level) -> the levels in the run's file, which are for means of probabilities."""
    codes, classes = config.labels.codes, config.labels.num_classes
    if not run.thresholds_path.exists():
        return {}
    found = Thresholds.load(run.thresholds_path, codes)
    words = f"{found.chosen_on} (the run's {run.thresholds_path.name})"
    return {
        (MEAN, GLOBAL): fixed(found.overall, GLOBAL, words, classes),
        (MEAN, PER_CLASS): fixed(found.vector(codes), PER_CLASS, words, classes),
    }


def _fixed_levels(run: RunDir, config: Config, validation: ScoredMixtures | None) -> dict[tuple[str, str], Decision]:
    """Return (aggregation, level) -> levels chosen in advance.

    Means of probabilities go by the run's own file, which is what predict answers with; the others by the validation
    mixtures. Without either a conventional level stands in, and says so.
    """
    classes = config.labels.num_classes
    levels: dict[tuple[str, str], Decision] = {}
    if validation is not None:
        words = f"{len(validation)} mixtures of the run's validation excerpts"
        for aggregation, scores in validation.windows.aggregated().items():
            for level in LEVELS:
                levels[aggregation, level] = fixed(optimal(validation.labels, scores, level), level, words, classes)
    levels |= _levels_of_file(run, config)
    if not levels:
        words = f"no data: {CONVENTIONAL_LEVEL:g} by convention"
        for aggregation in AGGREGATIONS:
            levels[aggregation, GLOBAL] = fixed(CONVENTIONAL_LEVEL, GLOBAL, words, classes)
    return levels


def _missing(levels: Mapping[tuple[str, str], Decision]) -> str:
    """Return which rows the tables lack without levels fixed in advance, as the end of a note; or nothing."""
    absent = [
        f"{aggregation}, {level.replace('_', ' ')}"
        for aggregation in AGGREGATIONS
        for level in LEVELS
        if (aggregation, level) not in levels
    ]
    return f"; and no thresholds fixed in advance, so no such rows, for: {'; '.join(absent)}" if absent else ""


def _baselines(scheme: LabelScheme, train_labels: np.ndarray | None, clips: int) -> Baselines:
    if train_labels is not None:
        counts = np.bincount(train_labels, minlength=scheme.num_classes)
        return Baselines.of(counts, f"{len(train_labels)} training excerpts of the run", clips)
    return Baselines.of(official_counts(scheme), "the official training set", clips)
