from __future__ import annotations

from pathlib import Path

import numpy as np

from irmas_tf.evaluation.run_levels import FittingClips, default_notes, fixed_levels, own_levels
from irmas_tf.evaluation.scored_clips import CHOSEN_HERE, FIXED, GLOBAL, PER_CLASS
from irmas_tf.metrics.thresholds import best_global
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds
from tests.helpers.made_evaluation import make_labels, make_windows
from tests.helpers.tiny_run import make_config


def test_levels_are_chosen_on_known_labels_and_classes_without_a_positive_one_are_named(tmp_path: Path) -> None:
    config = make_config()
    run = RunDir.create(tmp_path / "run", config)
    labels = make_labels(40, 0).astype(np.int8)
    labels[np.random.default_rng(1).random(labels.shape) < 0.5] = -1
    labels[:, 2] = np.minimum(labels[:, 2], 0)
    windows = make_windows(labels == 1, 2, config)
    levels = fixed_levels(run, config, FittingClips(windows, labels, "40 clips"))
    overall = best_global(labels, windows.aggregated()["mean"])
    found = levels["mean", PER_CLASS].thresholds[0]
    assert found[2] == found[10] == overall == levels["mean", GLOBAL].thresholds[0, 0]
    assert default_notes(labels, config.labels.codes, "40 clips") == [
        "40 clips hold no clip known to have flu, voi: these classes take the threshold for all classes"
    ]


def test_the_runs_own_levels_are_fixed_elsewhere_and_chosen_here_on_its_validation_side(tmp_path: Path) -> None:
    config = make_config()
    run = RunDir.create(tmp_path / "run", config)
    assert own_levels(run, config) == {}
    Thresholds(dict.fromkeys(config.labels.codes, 0.3), 0.4, "made").save(run.thresholds_path)
    assert {decision.regime for decision in own_levels(run, config).values()} == {CHOSEN_HERE}
    fixed = fixed_levels(run, config, None)
    assert fixed["mean", PER_CLASS].regime == FIXED and fixed["mean", PER_CLASS].thresholds[0].tolist() == [0.3] * 11
