from __future__ import annotations

import pytest

from irmas_tf.deploy.saved_model import ExportError
from irmas_tf.deploy.tflite_artefact import TFLITE
from irmas_tf.tflite.metadata import embed
from tests.helpers import lite_run


@pytest.mark.slow
def test_what_stands_in_the_file_is_read(tmp_path):
    path = tmp_path / "a.tflite"
    path.write_bytes(embed(lite_run.lite_content(), lite_run.lite_facts(quantization="none")))
    assert TFLITE.read_facts(path)["config_hash"] == "abc"
    assert TFLITE.load(path).scheme.codes == lite_run.CODES
    path.write_bytes(lite_run.lite_content())
    with pytest.raises(ExportError, match="exported by irmas_tf"):
        TFLITE.read_facts(path)


@pytest.mark.slow
def test_a_file_that_it_writes_passes_its_check(small_loaded, small_music, tmp_path, monkeypatch):
    monkeypatch.setattr("irmas_tf.deploy.export_inputs.check_music", lambda rate_hz: small_music)
    path = tmp_path / "a.tflite"
    TFLITE.write(small_loaded.model, small_loaded.config, small_loaded.facts, path)
    report = TFLITE.check(path, small_loaded, label="a test")
    assert report.passed and report.artefact == "a test", report.table()
