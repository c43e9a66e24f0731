"""A look at a run and its data; what commands say of it is in tests/test_refusals.py."""

from __future__ import annotations

import dataclasses

import pytest

from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.splits import make_split, save_split
from irmas_tf.inference.run_data import look_before_scoring
from irmas_tf.inference.window_model import ModelError
from irmas_tf.runs.run_dir import RunDir, RunDirError


def test_what_is_missing_is_named_one_after_the_other(corpus, tiny, tmp_path):
    config = tiny(tmp_path / "gone")
    run = RunDir.create(tmp_path / "run", config)
    with pytest.raises(ModelError, match="no model yet"):
        look_before_scoring(str(run.path), "", "validation")
    run.model_path.write_bytes(b"text")
    with pytest.raises(ModelError, match=r"model\.keras: is .*, not a Keras model"):
        look_before_scoring(str(run.path), "", "validation")
    run.model_path.write_bytes(b"PK\5\6" + bytes(18))  # an empty archive
    with pytest.raises(DataError, match=r"split\.json: cannot be read"):
        look_before_scoring(str(run.path), "", "validation")
    present = dataclasses.replace(config, data=dataclasses.replace(config.data, data_dir=str(corpus)))
    save_split(run.split_path, make_split(present.dataset.training(corpus)))
    with pytest.raises(DataError, match="gone: no such folder"):
        look_before_scoring(str(run.path), "", "validation")
    look_before_scoring(str(run.path), str(corpus), "validation")
    with pytest.raises(DataError, match="holds no IRMAS test clips"):
        look_before_scoring(str(run.path), str(corpus), "test")
    (run.path / "evaluation").touch()
    with pytest.raises(RunDirError, match=r"evaluation/validation: the reports go there, and .* \(Not a directory\)"):
        look_before_scoring(str(run.path), str(corpus), "validation")
