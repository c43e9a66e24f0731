"""The multi-label protocol on a run: the test set, or mixtures of the excerpts on one side of the run's split."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import numpy as np

from irmas_tf.config import Config
from irmas_tf.data import irmas, splits
from irmas_tf.data.irmas_layout import DataError
from irmas_tf.data.mixtures import mixture_dataset, mixture_labels, plan_mixtures
from irmas_tf.evaluation.calibration_study import study_calibration
from irmas_tf.evaluation.inference import WindowClassifier
from irmas_tf.evaluation.multi_label import Baselines, MultiLabelEvaluation, SingleLabelScores, all_decisions
from irmas_tf.evaluation.scored_clips import (
    CONVENTIONAL_LEVEL,
    GLOBAL,
    LEVELS,
    PER_CLASS,
    Decision,
    ScoredClips,
    fixed,
    optimal,
)
from irmas_tf.evaluation.testing_clips import label_matrix, official_counts, select_clips
from irmas_tf.evaluation.window_scores import Progress, WindowScores, score_batches, score_files
from irmas_tf.labels import MULTI_LABEL, LabelScheme
from irmas_tf.metrics import single_label
from irmas_tf.metrics.aggregation import AGGREGATIONS, MEAN
from irmas_tf.run_dir import RunDir
from irmas_tf.thresholds_file import Thresholds


@dataclasses.dataclass(frozen=True)
class _Side:
    """One side of the run's split: excerpts, class indices and song groups, in the same order."""

    excerpts: tuple[irmas.Excerpt, ...]
    labels: np.ndarray
    groups: np.ndarray


@dataclasses.dataclass(frozen=True)
class _Mixed:
    """Mixtures of a side and what the model says of them; see `irmas_tf.data.mixtures`."""

    names: tuple[str, ...]
    labels: np.ndarray
    groups: np.ndarray
    windows: WindowScores


def evaluate_multi_label(
    run: RunDir,
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
        run: the run folder; its model may answer with one label (softmax) or several.
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
    config = run.load_config()
    if run.thresholds_path.exists():
        Thresholds.load(run.thresholds_path, config.labels.codes)  # what is wrong with it is said before the long part
    folder = os.fspath(data_dir) or config.data.data_dir
    if split == "test":
        return _evaluate_test(run, config, folder, batch_size, replicates, unique_clips, progress)
    return _evaluate_mixtures(run, config, folder, split, batch_size, replicates)


def _evaluate_test(
    run: RunDir,
    config: Config,
    data_dir: str,
    batch_size: int,
    replicates: int,
    unique_clips: bool,
    progress: Progress | None,
) -> MultiLabelEvaluation:
    clips, notes = select_clips(irmas.index_testing(data_dir, content_ids=True), unique_clips)
    classifier = WindowClassifier.load(run)
    classifier.warm_up()
    start = time.perf_counter()
    windows = score_files(classifier, [str(clip.path) for clip in clips], batch_size=batch_size, progress=progress)
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
    )
    sides, absent = _find_sides(run, config, data_dir)
    validation = sides and _mix(classifier, config, sides["validation"], batch_size)
    levels = _fixed_levels(run, config, validation or None)
    fitted_on = f"{len(validation.names)} mixtures of the run's validation excerpts" if validation else ""
    if config.model.task == MULTI_LABEL and not run.thresholds_path.exists():
        notes.append(f"the run has no {run.thresholds_path.name}, which predict needs; train the run again")
    if absent:
        notes.append(f"the run's training data is not at hand ({absent}): no calibration")
    return MultiLabelEvaluation(
        split="test",
        source=f"run {run.path.name} ({config.model.task}), windows of {config.audio.window_seconds:g} s every"
        f" {config.audio.window_hop_seconds:g} s",
        clips=scored,
        decisions=all_decisions(scored, levels),
        baselines=_baselines(config.labels, sides["train"].labels if sides else None, len(clips)),
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
    run: RunDir, config: Config, data_dir: str, split: str, batch_size: int, replicates: int
) -> MultiLabelEvaluation:
    sides = _load_sides(run, config, data_dir)
    classifier = WindowClassifier.load(run)
    classifier.warm_up()
    side = sides[split]
    start = time.perf_counter()
    mixed = _mix(classifier, config, side, batch_size)
    seconds = time.perf_counter() - start
    plain = score_files(classifier, [str(e.path) for e in side.excerpts], batch_size=batch_size).aggregated()[MEAN]
    scored = ScoredClips(
        codes=config.labels.codes,
        names=config.labels.names,
        files=mixed.names,
        groups=mixed.groups,
        parts=np.zeros(len(mixed.names), int),
        labels=mixed.labels,
        scores=mixed.windows.aggregated(),
    )
    fitting = mixed if split == "validation" else _mix(classifier, config, sides["validation"], batch_size)
    themselves = split == "validation"
    words = "these very mixtures" if themselves else f"{len(fitting.names)} mixtures of the run's validation excerpts"
    notes = ["mixtures share songs: intervals count each with the song of its leading excerpt, and are a little narrow"]
    if split == "train":
        notes.insert(0, "these excerpts were trained on: the scores say nothing about new songs")
    if themselves:
        notes.append("thresholds and temperature were chosen on these mixtures: what depends on them is optimistic")
    levels = _fixed_levels(run, config, None if themselves else fitting, conventional=not themselves)
    predicted = plain.argmax(axis=1)
    return MultiLabelEvaluation(
        split=split,
        source=f"run {run.path.name} ({config.model.task}), one mixture led by each excerpt of the {split} side",
        clips=scored,
        decisions=all_decisions(scored, levels, other_songs=False),
        baselines=_baselines(config.labels, sides["train"].labels, len(scored)),
        config=config,
        windows=mixed.windows,
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


def _load_sides(run: RunDir, config: Config, data_dir: str) -> dict[str, _Side]:
    """Return both sides of the run's split.

    Raises:
        DataError: the training data or the split is missing or incomplete.
    """
    excerpts = irmas.index_training(data_dir)
    group_of = dict(zip((e.name for e in excerpts), irmas.group_excerpts(excerpts), strict=True))
    sides = splits.resolve(splits.load_split(run.split_path), excerpts)
    return {
        name: _Side(
            tuple(side),
            np.array([config.labels.index(e.irmas_code) for e in side]),
            np.array([group_of[e.name] for e in side]),
        )
        for name, side in zip(("train", "validation"), sides, strict=True)
    }


def _find_sides(run: RunDir, config: Config, data_dir: str) -> tuple[dict[str, _Side] | None, str]:
    """Return both sides from the given folder or the run's own, or None and why."""
    reasons = []
    for folder in dict.fromkeys((data_dir, config.data.data_dir)):
        if folder:
            try:
                return _load_sides(run, config, folder), ""
            except DataError as error:
                reasons.append(str(error))
    return None, "; ".join(reasons)


def _mix(classifier: WindowClassifier, config: Config, side: _Side, batch_size: int) -> _Mixed:
    # The seed and the order are those of training, so that these are the mixtures its thresholds were chosen on.
    plan = plan_mixtures(side.labels, side.groups, seed=config.data.split_seed)
    batches = mixture_dataset([str(e.path) for e in side.excerpts], plan, config, batch_size=batch_size)
    return _Mixed(
        names=tuple(" + ".join(side.excerpts[part].name for part in mixture.parts) for mixture in plan),
        labels=mixture_labels(plan, side.labels, config.labels.num_classes),
        groups=np.array([side.groups[mixture.parts[0]] for mixture in plan]),
        windows=score_batches(classifier, batches, len(plan)),
    )


def _fixed_levels(
    run: RunDir, config: Config, validation: _Mixed | None, *, conventional: bool = True
) -> dict[tuple[str, str], Decision]:
    """Return (aggregation, level) -> levels chosen in advance.

    Means of probabilities go by the run's own file, which is what predict answers with; the others by the validation
    mixtures. Without either a conventional level stands in, if asked for, and says so.
    """
    codes, classes = config.labels.codes, config.labels.num_classes
    levels: dict[tuple[str, str], Decision] = {}
    if validation is not None:
        words = f"{len(validation.names)} mixtures of the run's validation excerpts"
        for aggregation, scores in validation.windows.aggregated().items():
            for level in LEVELS:
                levels[aggregation, level] = fixed(optimal(validation.labels, scores, level), level, words, classes)
    if run.thresholds_path.exists():
        found = Thresholds.load(run.thresholds_path, codes)
        words = f"{found.chosen_on} (the run's {run.thresholds_path.name})"
        levels[MEAN, GLOBAL] = fixed(found.overall, GLOBAL, words, classes)
        levels[MEAN, PER_CLASS] = fixed(found.vector(codes), PER_CLASS, words, classes)
    if not levels and conventional:
        words = f"no data: {CONVENTIONAL_LEVEL:g} by convention"
        for aggregation in AGGREGATIONS:
            levels[aggregation, GLOBAL] = fixed(CONVENTIONAL_LEVEL, GLOBAL, words, classes)
    return levels


def _baselines(scheme: LabelScheme, train_labels: np.ndarray | None, clips: int) -> Baselines:
    if train_labels is not None:
        counts = np.bincount(train_labels, minlength=scheme.num_classes)
        return Baselines.of(counts, f"{len(train_labels)} training excerpts of the run", clips)
    return Baselines.of(official_counts(scheme), "the official training set", clips)
