from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.config.labels import IRMAS_CODES, MULTI_LABEL
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.naming import check_levels, decision_levels, named_codes
from irmas_tf.inference.run_model import RunModel
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds, ThresholdsError
from tests.helpers.tiny_run import make_config


def _model(folder: Path, task: str = MULTI_LABEL) -> RunModel:
    config = make_config()
    return RunModel(RunDir(folder), dataclasses.replace(config, model=dataclasses.replace(config.model, task=task)))


def test_named_classes() -> None:
    probabilities = np.array([0.2, 0.5, 0.5])
    assert named_codes(probabilities, None, ("a", "b", "c")) == ("b",)
    assert named_codes(probabilities, np.array([0.2, 0.6, 0.5]), ("a", "b", "c")) == ("a", "c"), "at the level is named"
    assert named_codes(probabilities, np.full(3, 0.9), ("a", "b", "c")) == ()


def test_levels_of_a_multi_label_run_are_those_of_its_file(tmp_path: Path) -> None:
    with pytest.raises(ThresholdsError, match=r"thresholds\.json: cannot be read"):
        decision_levels("run", _model(tmp_path))
    per_class = {code: 0.05 * (k + 1) for k, code in enumerate(reversed(IRMAS_CODES))}
    Thresholds(per_class, 0.4, "a test").save(RunDir(tmp_path).thresholds_path)
    levels = decision_levels("run", _model(tmp_path))
    np.testing.assert_allclose(levels, [per_class[code] for code in IRMAS_CODES])


def test_other_levels(tmp_path: Path) -> None:
    assert decision_levels("run", _model(tmp_path, "single_label")) is None
    assert decision_levels("none", _model(tmp_path)) is None
    for task in ("single_label", MULTI_LABEL):
        np.testing.assert_array_equal(decision_levels("0.25", _model(tmp_path, task)), np.full(11, 0.25))


@pytest.mark.parametrize("text", ["", "0", "1.1", "-0.5", "nan", "inf", "RUN", "0,5"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--thresholds=.*must be run, none, or a number above 0"):
        check_levels(text)
    for fine in ("run", "none", "1", "0.5", "1e-3"):
        check_levels(fine)
