"""Evaluations over any number of classes, with names of any length and script; no model and no audio."""

from __future__ import annotations

import dataclasses

import numpy as np

from irmas_tf.config.run_config import Config, DataConfig
from irmas_tf.evaluation.multi_label import Baselines, MultiLabelEvaluation, all_decisions
from irmas_tf.evaluation.scored_clips import LEVELS, ScoredClips, fixed, optimal
from irmas_tf.evaluation.single_label import Evaluation
from tests.helpers.made_evaluation import WINDOWS_PER_CLIP, make_windows
from tests.helpers.tiny_run import make_config

ODD_NAMES = (
    "سه‌تار",
    "尺八",
    "Σαντούρι",
    "ನಾದಸ್ವರ",
    "bağlama, short-necked (cura)",
    "A_name_without_any_blank_that_nobody_would_ever_have_written_by_hand",
    "Southern hemisphere's large double-headed cylindrical drum, played with two sticks",
    "drum & <bass>",
)


def class_names(count: int) -> tuple[str, ...]:
    """Return names of classes: ordinary ones, and every eighth an odd one as far as these go."""
    ordinary = (f"instrument {k}" for k in range(count))
    odd = iter(ODD_NAMES)
    return tuple(next(odd, name) if k % 8 == 1 else name for k, name in enumerate(ordinary))


def config_of(count: int) -> Config:
    """Return the tiny run's configuration, trained on a folder of so many classes."""
    config = make_config()
    return dataclasses.replace(config, data=DataConfig(dataset="folder", classes=class_names(count), cache="none"))


def single_label_of(count: int, per_class: int = 6, right: float = 0.7) -> Evaluation:
    """Return an evaluation in which a class is mostly taken for itself, sometimes for its neighbour."""
    rng = np.random.default_rng(count)
    labels = np.repeat(np.arange(count), per_class)
    answers = np.where(rng.random(len(labels)) < right, labels, (labels + rng.integers(1, 4, len(labels))) % count)
    probabilities = rng.dirichlet(np.full(count, 0.2), len(labels)) * 0.4
    probabilities[np.arange(len(labels)), answers] += 0.6 * rng.uniform(0.7, 1.0, len(labels))
    config = config_of(count)
    return Evaluation(
        split="validation",
        config=config,
        files=tuple(f"{config.labels.codes[c]}/take {i}.wav" for i, c in enumerate(labels)),
        groups=np.arange(len(labels)) // 2,
        labels=labels,
        probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
        train_labels=np.repeat(np.arange(count), 3),
        seconds=2.0,
    )


def multi_label_of(count: int, clips: int = 200) -> MultiLabelEvaluation:
    """Return an evaluation of clips with one to three labels."""
    rng = np.random.default_rng(count)
    labels = np.zeros([clips, count], bool)
    for row in labels:
        row[rng.choice(count, rng.integers(1, min(3, count) + 1), replace=False)] = True
    config = config_of(count)
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, task="multi_label"))
    windows = make_windows(labels, count, config)
    scored = ScoredClips(
        codes=config.labels.codes,
        names=config.labels.names,
        files=tuple(f"clip {k}.wav" for k in range(clips)),
        groups=np.arange(clips) // 4,
        parts=np.zeros(clips, int),
        labels=labels,
        scores=windows.aggregated(),
        durations_seconds=windows.durations_seconds,
    )
    levels = {
        (aggregation, level): fixed(optimal(labels, scores, level), level, "80 mixtures", count)
        for aggregation, scores in scored.scores.items()
        for level in LEVELS
    }
    assert len(windows.clip_of) == WINDOWS_PER_CLIP * clips
    return MultiLabelEvaluation(
        split="test",
        source="run made by hand",
        clips=scored,
        decisions=all_decisions(scored, levels),
        baselines=Baselines.of(labels.sum(axis=0), "the training side", clips),
        config=config,
        windows=windows,
        calibration=None,
        warnings=(),
        seconds=2.0,
    )
