from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from irmas_tf.deploy.saved_model import FACTS_NAME, ExportError
from irmas_tf.deploy.saved_model_artefact import SAVED_MODEL
from irmas_tf.inference.exported_labels import LabelsError
from irmas_tf.inference.window_model import OUTPUTS


@pytest.mark.slow
def test_every_output_of_every_window_is_the_runs(small_saved_model, small_loaded):
    model, live = SAVED_MODEL.load(small_saved_model), small_loaded.live
    windows = np.random.default_rng(0).normal(0, 0.1, [5, 2000]).astype(np.float32)
    for output in OUTPUTS:
        found, wanted = model.values(windows, output), live.values(windows, output)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, atol=1e-5 * max(1.0, np.abs(wanted).max()))
    assert (model.audio, model.scheme.codes, model.thresholds) == (live.audio, live.scheme.codes, live.thresholds)
    assert model.source["model_sha256"] == small_loaded.facts["model_sha256"] == live.source["model_sha256"]


def test_thresholds_are_in_the_order_of_the_classes(small_saved_model, tmp_path):
    folder = shutil.copytree(small_saved_model, tmp_path / "1")
    facts = json.loads((folder / FACTS_NAME).read_text())
    levels = {code: 0.05 * (k + 1) for k, code in enumerate(reversed(facts["labels"]))}
    (folder / FACTS_NAME).write_text(json.dumps({**facts, "thresholds": levels}))
    assert SAVED_MODEL.load(folder).thresholds.tolist() == [levels[code] for code in facts["labels"]]


def test_a_folder_that_does_not_say_what_it_is_is_refused(small_saved_model, tmp_path):
    folder = shutil.copytree(small_saved_model, tmp_path / "1")
    (folder / FACTS_NAME).write_text('{"labels": ["a", "b"]}')
    with pytest.raises(LabelsError, match=r"signature\.json: is not the signature\.json of an export"):
        SAVED_MODEL.load(folder)
    (folder / FACTS_NAME).unlink()
    for call in (SAVED_MODEL.load, SAVED_MODEL.read_facts):
        with pytest.raises(ExportError, match=r"signature\.json: cannot be read .*; is this an exported SavedModel"):
            call(folder)
