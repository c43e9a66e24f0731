"""The multi-label protocol on a run: a test set, or the excerpts on one side of its split, or mixtures of these."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from irmas_tf.beginnings.who_saw import leak_notes
from irmas_tf.config.labels import MULTI_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.datasets import irmas, splits
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.split_sides import SplitSide, SplitSides, split_sides
from irmas_tf.datasets.testing_clips import label_matrix, part_sizes, select_clips
from irmas_tf.evaluation.calibration_study import study_calibration
from irmas_tf.evaluation.multi_label import Baselines, MultiLabelEvaluation, SingleLabelScores, all_decisions
from irmas_tf.evaluation.run_excerpts import evaluate_excerpts, fitting_clips
from irmas_tf.evaluation.run_levels import FittingClips, default_notes, fixed_levels, missing_levels, own_levels
from irmas_tf.evaluation.scored_clips import ScoredClips
from irmas_tf.evaluation.scored_mixtures import score_mixtures
from irmas_tf.evaluation.test_part import TEST, TRAIN, VALIDATION, has_test_clips, published_counts, test_side
from irmas_tf.evaluation.window_scores import Progress, score_files
from irmas_tf.inference.run_model import RunModel
from irmas_tf.metrics import single_label
from irmas_tf.metrics.aggregation import MEAN
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds


def evaluate_multi_label(
    run: RunModel,
    data_dir: str | Path = "",
    split: str = "test",
    *,
    batch_size: int = 32,
    unique_clips: bool = False,
    progress: Progress | None = None,
) -> MultiLabelEvaluation:
    """Run the run's best model over a test set, or over one side of its split.

    Test clips are those that the data set publishes as whole clips (IRMAS), else the excerpts of its test part. A side
    of the split is scored as training judges by it: mixtures where every excerpt has one class, else the excerpts.

    Args:
        run: the run; its model may answer with one label (softmax) or several.
        data_dir: folder of the data; by default the one of the run's configuration.
        split: test, validation or train.
        batch_size: windows per batch.
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
    if split == TEST and has_test_clips(config.dataset):
        return _evaluate_test(run, folder, batch_size, unique_clips, progress)
    excerpts, sides = _load_sides(run.run, config, folder)
    if split == TEST:
        side = test_side(config, folder)
        notes = leak_notes(run.run, [*excerpts, *config.dataset.test_items(folder)], side.names)
    else:
        side = getattr(sides, split)
        notes = leak_notes(run.run, excerpts, side.names) if split == VALIDATION else []
    if split == TRAIN:
        notes = ["these excerpts were trained on: the scores say nothing about new songs"]
    if split != TEST and side.is_single:
        return _evaluate_mixtures(run, sides, split, notes, batch_size)
    return evaluate_excerpts(run, sides, side, split, notes, batch_size=batch_size, progress=progress)


def _evaluate_test(
    model: RunModel,
    data_dir: str,
    batch_size: int,
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
    validation: FittingClips | None = fitting_clips(model, sides.validation, batch_size) if sides else None
    levels = fixed_levels(run, config, validation)
    if validation is not None:
        notes += default_notes(validation.labels, scored.codes, validation.words)
    if config.model.task == MULTI_LABEL and not run.thresholds_path.exists():
        notes.append(f"the run has no {run.thresholds_path.name}, which predict needs; train the run again")
    if absent:
        notes.append(f"the run's training data is not at hand ({absent}): no calibration{missing_levels(levels)}")
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
        baselines=_baselines(config, sides.train if sides else None, len(clips)),
        config=config,
        windows=windows,
        calibration=study_calibration(validation.windows, validation.labels, windows, scored.labels, validation.words)
        if validation
        else None,
        warnings=tuple(notes),
        seconds=seconds,
    )


def _evaluate_mixtures(
    model: RunModel, sides: SplitSides, split: str, said: list[str], batch_size: int
) -> MultiLabelEvaluation:
    run, config = model.run, model.config
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
    themselves = split == VALIDATION
    fitting = (
        FittingClips(mixed.windows, mixed.labels, "these very mixtures")
        if themselves
        else fitting_clips(model, sides.validation, batch_size)
    )
    notes = [
        *said,
        "mixtures share songs: intervals count each with the song of its leading excerpt, and are a little narrow",
    ]
    if themselves:
        notes.append("thresholds and temperature were chosen on these mixtures: what depends on them is optimistic")
    if mixed.windows.single_window:
        notes.append(
            f"every mixture is a single window of {config.audio.window_seconds:g} s: mean and mean logit are the same"
            " here, and S2 is the mean in each clip's own scale; clips of the test set have many windows, so this"
            " does not tell which way to combine them is best there"
        )
    levels = own_levels(run, config) if themselves else fixed_levels(run, config, fitting)
    if themselves and levels:
        notes.append("the run's own thresholds are for the mean: S2 and mean logit have those of the oracle alone")
    predicted = plain.argmax(axis=1)
    return MultiLabelEvaluation(
        split=split,
        source=f"run {run.path.name} ({config.model.task}), one mixture led by each excerpt of the {split} side",
        clips=scored,
        decisions=all_decisions(scored, levels, other_songs=False),
        baselines=_baselines(config, sides.train, len(scored)),
        config=config,
        windows=mixed.windows,
        render=mixed.render,
        calibration=study_calibration(fitting.windows, fitting.labels, mixed.windows, mixed.labels, fitting.words),
        single_label=SingleLabelScores(
            len(predicted),
            single_label.accuracy(side.labels, predicted),
            single_label.macro_f1(side.labels, predicted, config.labels.num_classes),
        ),
        warnings=tuple(notes),
        seconds=seconds,
    )


def _load_sides(run: RunDir, config: Config, data_dir: str) -> tuple[list[LabelledExcerpt], SplitSides]:
    """Return the excerpts of the data set, and both sides of the run's split.

    Raises:
        DataError: the training data or the split is missing or incomplete.
    """
    excerpts = list(config.dataset.training(data_dir))
    return excerpts, split_sides(splits.load_split(run.split_path), excerpts, config.labels)


def _find_sides(run: RunDir, config: Config, data_dir: str) -> tuple[SplitSides | None, str]:
    """Return both sides from the given folder or the run's own, or None and why.

    Raises:
        DataError: they are not there, and there are no published counts of the classes that could stand in.
    """
    reasons = []
    for folder in dict.fromkeys((data_dir, config.data.data_dir)):
        if folder:
            try:
                return _load_sides(run, config, folder)[1], ""
            except DataError as error:
                reasons.append(str(error))
    if not config.dataset.official_counts:
        raise DataError("; ".join(reasons) or "--data_dir is empty: give the folder of the data set")
    return None, "; ".join(reasons)


def _baselines(config: Config, train: SplitSide | None, clips: int) -> Baselines:
    if train is not None:
        return Baselines.of_training(train.targets, clips)
    return Baselines.of(published_counts(config.dataset), "the official training set", clips)
