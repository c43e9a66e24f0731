from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from irmas_tf.deploy import export_inputs
from irmas_tf.inference.artefacts import recognise
from irmas_tf.inference.open_models import load_model
from irmas_tf.runtimes.onnx_artefact import ONNX, from_tflite, require_packages
from irmas_tf.runtimes.onnx_model import OnnxModelError
from tests.helpers import ROOT, lite_run
from tests.helpers.stand_in_runtimes import Graph, put_onnx
from tests.weights.test_model_files import ONNX as ONNX_BYTES


@pytest.fixture
def _onnx():
    for package in ("onnxruntime", "tf2onnx"):
        pytest.importorskip(package, reason="in the extra `onnx`")


def test_a_file_is_recognised_by_name_and_by_content(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"x")
    (tmp_path / "b.bin").write_bytes(ONNX_BYTES)
    assert recognise(tmp_path / "a.onnx")[0] == recognise(tmp_path / "b.bin")[0] == "onnx"
    (tmp_path / "c.bin").write_bytes(b"x" * 100)
    assert not ONNX.recognises(tmp_path / "c.bin") and not ONNX.recognises(tmp_path)


def test_what_an_export_needs_is_said_before_the_work(monkeypatch):
    for name in ("tf2onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(OnnxModelError, match=r"needs tf2onnx and onnxruntime: pip install 'irmas_tf\[onnx\]'"):
        require_packages()


@pytest.mark.slow
def test_the_graph_gets_the_names_of_the_signature_and_says_what_it_is(lite_file, tmp_path, monkeypatch):
    """A stand-in for tf2onnx keeps the tensors' names, and one for ONNX Runtime follows them from node to node."""
    content = lite_file.path.read_bytes()
    interpreter = Interpreter(model_content=content)
    (waveform,), (probabilities,) = interpreter.get_input_details(), interpreter.get_output_details()
    put_onnx(monkeypatch, Graph(waveform["name"], probabilities["name"]))
    assert "waveform" != waveform["name"] and "probabilities" != probabilities["name"]
    monkeypatch.setattr("irmas_tf.deploy.tflite.convert", lambda model, config: content)
    path = tmp_path / "a.onnx"
    ONNX.write("a model", "its settings", lite_run.lite_facts(quantization="int8", name="Flöte"), path)
    model = ONNX.load(path)
    windows = np.random.default_rng(0).normal(0, 0.1, [3, lite_run.WINDOW_SAMPLES]).astype(np.float32)
    np.testing.assert_allclose(model.values(windows), lite_run.lite_answer(windows), atol=1e-6)
    facts = ONNX.read_facts(path)
    assert (facts["quantization"], facts["name"]) == ("none", "Flöte") and model.source == facts
    assert json.loads(path.read_bytes())["producer"] == "irmas_tf"


@pytest.mark.slow
@pytest.mark.usefixtures("_onnx")
def test_a_tflite_file_becomes_a_model_with_the_names_of_its_signature(lite_file, tmp_path):
    path = tmp_path / "a.onnx"
    path.write_bytes(from_tflite(lite_file.path.read_bytes(), lite_run.lite_facts()))
    windows = np.random.default_rng(0).normal(0, 0.1, [3, lite_run.WINDOW_SAMPLES]).astype(np.float32)
    np.testing.assert_allclose(load_model(path).values(windows), lite_run.lite_answer(windows), atol=1e-5)
    assert ONNX.read_facts(path)["labels"] == list(lite_run.CODES)
    code = (
        f"import sys, irmas_tf, numpy as np; irmas_tf.load({str(path)!r}).classify(np.ones(5000), 8000);"
        "print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.slow
@pytest.mark.usefixtures("_onnx")
def test_a_run_becomes_a_file_that_passed_its_check(tmp_path, monkeypatch, capsys):
    from irmas_tf.export_onnx import cli

    monkeypatch.setattr(export_inputs, "check_music", lambda rate_hz: {"music": np.sin(np.arange(9000) ** 1.3 / 40)})
    run = lite_run.make_lite_run(tmp_path / "run")
    assert cli([f"--run_dir={run.path}", f"--out={tmp_path / 'a.onnx'}"]) == 0
    assert "FAIL" not in capsys.readouterr().out
    model = load_model(tmp_path / "a.onnx")
    assert set(model.outputs) == {"probabilities", "logits", "embedding"}
    assert json.dumps(dict(model.source)) and model.source["quantization"] == "none"
