from __future__ import annotations

import pytest

from irmas_tf.runs.origin import EXTRA_DATA, INIT_FROM, licences_of, origin_path, read_origin, write_origin
from irmas_tf.runs.run_dir import RunDir, RunDirError
from tests.helpers.tone_corpus import tiny_config


def test_licences_are_those_of_all_that_was_learnt_from_each_once(tmp_path):
    config = tiny_config()
    run = RunDir.create(tmp_path, config)
    irmas = config.dataset.licence
    assert read_origin(run) == {} and licences_of(run, config) == [irmas]
    write_origin(run, **{EXTRA_DATA: {"licence": "CC0."}})
    write_origin(run, **{INIT_FROM: {"licences": [irmas, "CC BY 4.0."]}})
    assert licences_of(run, config) == [irmas, "CC0.", "CC BY 4.0."]
    run.record(config)
    assert read_origin(run) == {}, "a start without a checkpoint is none"
    origin_path(run).write_text("[]")
    with pytest.raises(RunDirError, match=r"origin\.json: is damaged .*; restore it, it names a licence"):
        licences_of(run, config)
