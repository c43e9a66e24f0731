"""The file for LiteRT that a training leaves: it makes no training fail, and a stale one does not stay."""

from __future__ import annotations

import shutil

import pytest

from irmas_tf.deploy import export_run, run_tflite
from irmas_tf.deploy.acceptance import AcceptanceError
from irmas_tf.deploy.run_tflite import write_run_tflite
from tests.helpers.tiny_run import make_multi_label_run, make_tiny_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_tiny_run(tmp_path_factory.mktemp("run") / "tiny")


@pytest.mark.parametrize(
    "error, reason",
    [(AcceptanceError("it differs"), "it differs"), (RuntimeError("no such\noperation"), "no such operation")],
)
def test_what_goes_wrong_is_a_note(run, monkeypatch, error, reason):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(export_run, "export_tflite", fail)
    run.tflite_path.write_bytes(b"an earlier one")
    assert write_run_tflite(run) == f"note: no model.tflite, TensorFlow answers for the run ({reason})"
    assert not run.tflite_path.exists()


def test_an_interruption_is_none(run, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(export_run, "export_tflite", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_run_tflite(run)


def test_without_litert_it_says_what_to_install(run, monkeypatch):
    monkeypatch.setattr(run_tflite, "is_installed", lambda module: False)
    assert "pip install ai-edge-litert" in write_run_tflite(run)


def test_beside_another_run_s_model_the_file_stays(tmp_path):
    run = make_tiny_run(tmp_path / "run")
    run.tflite_path.write_bytes(b"of the run's own model")
    shutil.copy(make_multi_label_run(tmp_path / "other").model_path, run.model_path)
    assert "is not the model of this run: task multi_label" in write_run_tflite(run)
    assert run.tflite_path.read_bytes() == b"of the run's own model"
