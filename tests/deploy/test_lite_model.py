from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from irmas_tf.deploy.lite_interpreter import LiteModelError
from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.inference.exported_labels import LabelsError
from irmas_tf.inference.prediction import predict_files
from irmas_tf.inference.window_model import ModelError
from irmas_tf.tflite.metadata import embed
from tests.helpers import ROOT, lite_run


@pytest.fixture(scope="module")
def content() -> bytes:
    return lite_run.lite_content()


def write(path, content, **facts):
    path.write_bytes(embed(content, lite_run.lite_facts(quantization="none", **facts)))
    return path


@pytest.mark.slow
def test_a_file_is_a_model_of_windows_that_says_what_it_is(content, tmp_path):
    levels = {"vio": 0.3, "cel": 0.5, "flu": 0.25}
    model = LiteModel.open(write(tmp_path / "a.tflite", content, kind="multi_label", thresholds=levels))
    windows = np.random.default_rng(0).normal(0, 0.1, [5, lite_run.WINDOW_SAMPLES]).astype(np.float32)
    np.testing.assert_allclose(model.values(windows), lite_run.lite_answer(windows), atol=1e-5)
    assert model.outputs == ("probabilities",), "a file of an earlier version has no more"
    with pytest.raises(ModelError, match=r"has no embedding, only probabilities; export it again"):
        model.values(windows, "embedding")
    assert model.scheme.names == ("cello", "flute", "violin")
    assert model.thresholds.tolist() == [0.5, 0.25, 0.3] and model.source["model_sha256"] == "def"
    audio = model.audio
    assert (audio.sample_rate_hz, audio.window_samples, audio.window_hop_samples) == (8000, 2000, 1000)
    assert LiteModel.open(write(tmp_path / "b.tflite", content)).thresholds is None


@pytest.mark.slow
def test_it_answers_for_files_without_tensorflow(content, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.random.default_rng(1).normal(0, 0.1, 5000), 8000, "FLOAT")
    path = write(tmp_path / "a.tflite", content)
    (wanted,) = predict_files(LiteModel.open(path), [str(tmp_path / "a.wav")])
    code = (
        f"import sys, irmas_tf; answer = irmas_tf.load({str(path)!r}).classify({str(tmp_path / 'a.wav')!r});"
        "print(answer.labels[0], *answer.vector, 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    label, *numbers, has_tensorflow, has_keras = done.stdout.split()
    assert (label, has_tensorflow, has_keras) == (wanted.labels[0], "False", "False")
    np.testing.assert_allclose([float(number) for number in numbers], wanted.vector, atol=1e-6)


def test_what_is_no_model_is_refused(content, tmp_path):
    (tmp_path / "a.tflite").write_bytes(content)
    with pytest.raises(LiteModelError, match=r"a\.tflite: is not a \.tflite file exported by irmas_tf"):
        LiteModel.open(tmp_path / "a.tflite")
    with pytest.raises(LabelsError, match=r"b\.tflite: is damaged \(rate and windows: --sample_rate_hz=1000"):
        LiteModel.open(write(tmp_path / "b.tflite", content, sample_rate_hz=1000))
    whole = write(tmp_path / "c.tflite", content).read_bytes()
    (tmp_path / "c.tflite").write_bytes(bytes(100) + whole[100:])
    with pytest.raises(LiteModelError, match=r"c\.tflite: is damaged, or was changed after its export"):
        LiteModel.open(tmp_path / "c.tflite")


def test_what_fails_while_it_answers_names_the_file(content, tmp_path, monkeypatch):
    model = LiteModel.open(write(tmp_path / "a.tflite", content))
    windows = np.zeros([1, lite_run.WINDOW_SAMPLES], np.float32)

    def fail(*_):
        raise LiteModelError("this .tflite model cannot run")

    monkeypatch.setattr(model._interpreter, "values", lambda *_: {"probabilities": np.zeros([1, 4], np.float32)})
    with pytest.raises(LiteModelError, match=r"a\.tflite: answers with other classes than it names; export it again"):
        model.values(windows)
    for method, use in (("values", lambda: model.values(windows)), ("allocate", model.warm_up)):
        monkeypatch.setattr(model._interpreter, method, fail)
        with pytest.raises(LiteModelError, match=r"a\.tflite: this \.tflite model cannot run"):
            use()
