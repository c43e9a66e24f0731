"""A made-up session stands for ONNX Runtime, which these tests do not need; test_onnx_artefact.py has a real one."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from irmas_tf.inference.exported_labels import LabelsError
from irmas_tf.inference.window_model import ModelError
from irmas_tf.runtimes.onnx_model import FACTS, OnnxModel, OnnxModelError, facts_of, open_session
from tests.helpers.lite_run import CODES, WINDOW_SAMPLES, lite_answer, lite_facts
from tests.helpers.stand_in_runtimes import Graph, InferenceSession, OnnxFile, put_onnx


class Session:
    """What `OnnxModel` uses of an InferenceSession; computes what the .tflite file of the tests does."""

    def __init__(self, facts=None, inputs=("waveform",), outputs=("logits", "probabilities")):
        self.names = {"inputs": inputs, "outputs": outputs}
        self.metadata = {} if facts is None else {FACTS: facts}

    def get_inputs(self):
        return [SimpleNamespace(name=name) for name in self.names["inputs"]]

    def get_outputs(self):
        return [SimpleNamespace(name=name) for name in self.names["outputs"]]

    def get_modelmeta(self):
        return SimpleNamespace(custom_metadata_map=self.metadata)

    def run(self, names, feeds):
        (window,) = feeds.values()
        assert list(feeds) == ["waveform"] and window.shape == (1, WINDOW_SAMPLES) and window.dtype == np.float32
        return [lite_answer(window) if name == "probabilities" else None for name in names]


def test_it_is_a_model_of_windows_that_says_what_it_is():
    model = OnnxModel(Session(), lite_facts(thresholds=dict.fromkeys(CODES, 0.25), kind="multi_label"), "a.onnx")
    windows = np.random.default_rng(0).normal(0, 0.1, [3, WINDOW_SAMPLES])
    np.testing.assert_allclose(model.values(windows), lite_answer(windows), atol=1e-6)
    assert model.scheme.codes == CODES and model.thresholds.tolist() == [0.25] * 3
    assert model.audio.window_samples == WINDOW_SAMPLES and model.engine == "onnxruntime"
    assert model.outputs == ("probabilities", "logits")
    with pytest.raises(ModelError, match="has no embedding, only probabilities, logits"):
        model.values(windows, "embedding")


@pytest.mark.parametrize("names", [{"inputs": ("x",)}, {"outputs": ("y",)}])
def test_a_model_of_another_kind_is_refused(names):
    with pytest.raises(OnnxModelError, match=r"^a\.onnx: does not turn a waveform into probabilities"):
        OnnxModel(Session(**names), lite_facts(), "a.onnx")


@pytest.mark.parametrize("text, words", [(None, "was not exported by irmas_tf"), ("{", "was not"), ("3", "no object")])
def test_facts_that_are_missing_or_damaged(text, words):
    with pytest.raises(OnnxModelError, match=rf"^a\.onnx: .*{words}"):
        facts_of(Session(text), "a.onnx")
    assert facts_of(Session(json.dumps({"a": "é"})), "a.onnx") == {"a": "é"}
    with pytest.raises(LabelsError):
        OnnxModel(Session(), {"labels": 3}, "a.onnx")


def test_without_onnx_runtime_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "a.onnx").write_bytes(b"x")
    with pytest.raises(OnnxModelError, match=r"a\.onnx: running an \.onnx file needs ONNX Runtime: pip install"):
        open_session(tmp_path / "a.onnx")


@pytest.mark.parametrize("is_real", [True, False])
def test_a_file_that_is_no_model_is_one_line(tmp_path, monkeypatch, is_real):
    if is_real:
        pytest.importorskip("onnxruntime", reason="onnxruntime is in the extra `onnx`")
    else:  # which says it in two lines
        put_onnx(monkeypatch, Graph("waveform", "probabilities"))
    (tmp_path / "a.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(OnnxModelError, match=r"a\.onnx: is not an ONNX model, or is damaged \(.*\); export it again$"):
        open_session(tmp_path / "a.onnx")


def test_a_file_is_opened_on_the_processor_with_errors_only(tmp_path, monkeypatch):
    put_onnx(monkeypatch, Graph("waveform", "probabilities"))
    file = OnnxFile(Graph("waveform", "probabilities"))
    entry = file.metadata_props.add()
    entry.key, entry.value = FACTS, json.dumps(lite_facts())
    (tmp_path / "a.onnx").write_bytes(file.SerializeToString())
    monkeypatch.chdir(tmp_path)
    model = OnnxModel.open("a.onnx")
    (session,) = InferenceSession.made
    assert session.options.log_severity_level == 3
    window = np.ones([1, WINDOW_SAMPLES])
    np.testing.assert_allclose(model.values(window), lite_answer(window), atol=1e-6)
