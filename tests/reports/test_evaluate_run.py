"""The command's tests (tests/test_evaluate.py) cover whole evaluations; this one covers the order of checks."""

from __future__ import annotations

import pytest

from irmas_tf.config.settings import ConfigError
from irmas_tf.reports.evaluate_run import evaluate_run


def test_an_impossible_split_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ConfigError, match="must be one of validation, train, test"):
        evaluate_run("/no/such/run", split="all")
    with pytest.raises(ConfigError, match="--unique_clips: is for --split=test, not validation"):
        evaluate_run("/no/such/run", unique_clips=True)
