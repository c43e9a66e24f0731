from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.inference.open_models import load_model
from irmas_tf.inference.run_folder import RUN_FOLDER
from irmas_tf.inference.run_model import RunModel
from tests.helpers.tiny_run import make_tiny_run


@pytest.mark.slow
def test_a_run_is_ready_when_it_is_loaded(tmp_path):
    run = make_tiny_run(tmp_path / "run")
    model = load_model(run.path)
    assert isinstance(model, RunModel)
    assert RUN_FOLDER.read_facts(run.path) == model.source
    run.model_path.unlink()
    assert np.isfinite(model.values(np.zeros([1, 2000], np.float32))).all()
