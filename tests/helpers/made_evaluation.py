"""Evaluations of both tasks made by hand, in which everything follows from a seed; no model and no audio."""

from __future__ import annotations

import functools

import numpy as np

from irmas_tf.config.run_config import Config
from irmas_tf.datasets.testing_clips import official_counts
from irmas_tf.evaluation.calibration_study import study_calibration
from irmas_tf.evaluation.multi_label import Baselines, MultiLabelEvaluation, all_decisions
from irmas_tf.evaluation.scored_clips import LEVELS, ScoredClips, fixed, optimal
from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.evaluation.window_scores import WindowScores
from tests.helpers.tiny_run import make_config

WINDOWS_PER_CLIP = 3


def make_windows(labels: np.ndarray, seed: int, config: Config) -> WindowScores:
    """Return logits that follow the labels, with noise."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(labels, WINDOWS_PER_CLIP, axis=0)
    logits = 2.5 * truth - 2.0 + rng.normal(0, 1.2, truth.shape)
    return WindowScores(
        config=config,
        logits=logits.astype(np.float32),
        clip_of=np.repeat(np.arange(len(labels)), WINDOWS_PER_CLIP),
        clips=len(labels),
        start_seconds=np.tile([0.0, 1.5, 2.0], len(labels)),
        durations_seconds=(5.0,) * len(labels),
    )


def make_labels(clips: int, seed: int) -> np.ndarray:
    """Return 1 to 3 labels per clip; the last class is never there."""
    rng = np.random.default_rng(seed)
    labels = np.zeros([clips, 11], bool)
    for row in labels:
        row[rng.choice(10, rng.integers(1, 4), replace=False)] = True
    return labels


def make_evaluation(config: Config, clips: int = 60, songs: int = 15) -> MultiLabelEvaluation:
    """Return an evaluation of ``clips`` clips in three Parts, with a calibration."""
    labels, validation_labels = make_labels(clips, 0), make_labels(80, 1)
    windows, validation = make_windows(labels, 2, config), make_windows(validation_labels, 3, config)
    song = np.arange(clips) * songs // clips
    scored = ScoredClips(
        codes=config.labels.codes,
        names=config.labels.names,
        files=tuple(f"Part{s % 3 + 1}/song {s}, live-{k}.wav" for k, s in enumerate(song)),
        groups=song,
        parts=song % 3 + 1,
        labels=labels,
        scores=windows.aggregated(),
        durations_seconds=windows.durations_seconds,
    )
    levels = {
        (aggregation, level): fixed(optimal(validation_labels, scores, level), level, "80 mixtures", 11)
        for aggregation, scores in validation.aggregated().items()
        for level in LEVELS
    }
    return MultiLabelEvaluation(
        split="test",
        source="run made by hand",
        clips=scored,
        decisions=all_decisions(scored, levels),
        baselines=Baselines.of(official_counts(config.labels), "the official training set", clips),
        config=config,
        windows=windows,
        calibration=study_calibration(validation, validation_labels, windows, labels, "80 mixtures"),
        warnings=("made by hand",),
        seconds=2.0,
    )


@functools.cache
def multi_label_evaluation() -> MultiLabelEvaluation:
    """Return `make_evaluation` of the tiny run, the same object every time."""
    return make_evaluation(make_config())


@functools.cache
def single_label_evaluation() -> Evaluation:
    """Return 60 excerpts of 20 songs, without audio; classes 9 and 10 never occur."""
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(0, 9, 20), 3)
    probabilities = rng.dirichlet(np.ones(11), 60) + 0.35 * np.eye(11)[labels]
    return Evaluation(
        split="validation",
        config=make_config(),
        files=tuple(f"cel/[cel][cla]{i:04d}__1.wav" for i in range(60)),
        groups=np.repeat(np.arange(20), 3),
        labels=labels,
        probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
        train_labels=np.array([3, 3, 4]),
        seconds=2.0,
    )
