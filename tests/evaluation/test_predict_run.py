"""The command's tests (tests/test_predict.py) cover its answers, test_answer_output.py its streams and messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from irmas_tf.evaluation.predict_run import predict_run
from irmas_tf.settings import ConfigError


def test_an_output_that_cannot_be_written_is_refused_before_the_run_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        predict_run(str(tmp_path / "no run"), ["x.wav"], output=str(tmp_path))
