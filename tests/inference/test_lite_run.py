"""A run with a file for LiteRT: when that answers, when it must not, and what a machine without TensorFlow gets."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
import soundfile

from irmas_tf import load
from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.run_tflite import write_run_tflite
from irmas_tf.inference.lite_run import LiteRun, open_run
from irmas_tf.inference.open_models import load_model
from irmas_tf.inference.window_model import EMBEDDING, LOGITS, PROBABILITIES, ModelError
from irmas_tf.predict import cli
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.tiny_run import WINDOW_SAMPLES, make_tiny_run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run = make_tiny_run(tmp_path_factory.mktemp("made") / "run")
    assert "the same model for LiteRT" in write_run_tflite(run)
    assert write_run_tflite(run) == ""
    return run


@pytest.fixture
def run(made, tmp_path):
    return RunDir(shutil.copytree(made.path, tmp_path / "run"))


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(0).uniform(-1, 1, [5, WINDOW_SAMPLES]).astype(np.float32)


@pytest.fixture
def without_tensorflow(monkeypatch):
    for name in [m for m in sys.modules if m.partition(".")[0] in ("tensorflow", "keras")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setitem(sys.modules, "keras", None)


@pytest.mark.slow
def test_both_engines_give_the_same_and_say_which_they_are(made, windows):
    lite, keras = open_run(made.path), open_run(made.path, "tensorflow")
    assert (lite.engine, keras.engine) == ("litert", "tensorflow")
    assert lite.source == keras.source and lite.scheme == keras.scheme and lite.audio == keras.audio
    for output in (PROBABILITIES, LOGITS, EMBEDDING):
        np.testing.assert_allclose(lite.values(windows, output), keras.values(windows, output), atol=1e-5)
    assert load(made.path).model.engine == load_model(made.path, "litert").engine == "litert"


@pytest.mark.slow
def test_a_stale_file_is_not_used_and_that_is_said(run, capsys, tmp_path):
    soundfile.write(tmp_path / "a.wav", 0.1 * np.ones(4000), 8000)
    run.identity_path.unlink()  # as in a run of an earlier version, which takes any model that fits
    with run.model_path.open("ab") as file:
        file.write(b"\0")  # behind the end of the zip archive
    model = open_run(run.path)
    assert not isinstance(model, LiteRun)
    assert "was made from another model.keras than the one beside it: TensorFlow answers" in model.engine_note
    assert f"--run_dir={run.path} --out={run.tflite_path} --overwrite" in model.engine_note
    with pytest.raises(ModelError, match=r"--engine=litert: .*another model\.keras"):
        open_run(run.path, "litert")
    assert cli([f"--run_dir={run.path}", "--format=json", str(tmp_path / "a.wav")]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["engine"] == "tensorflow" and "\nnote: " in f"\n{printed.err}"


@pytest.mark.slow
def test_a_file_that_is_none_or_of_another_configuration_is_not_used(run):
    run.tflite_path.write_bytes(b"nothing")
    assert "is not a .tflite file exported by irmas_tf" in open_run(run.path).engine_note
    run.tflite_path.unlink()
    assert open_run(run.path).engine_note == ""
    with pytest.raises(ModelError, match=r"model\.tflite is missing; irmas export-tflite"):
        open_run(run.path, "litert")


@pytest.mark.slow
def test_a_machine_without_tensorflow_gets_answers_or_one_line(run, windows, without_tensorflow):
    run.model_path.unlink()  # nor is Keras' file needed there
    model = open_run(run.path)
    assert model.values(windows).shape == (5, 11) and PROBABILITIES in model.outputs
    run.tflite_path.unlink()
    with pytest.raises(ModelError, match=r'model\.keras needs TensorFlow: pip install "irmas_tf\[train\]"$'):
        open_run(run.path)


@pytest.mark.slow
def test_json_says_what_answered_after_the_keys_it_always_had(made, tmp_path, capsys):
    soundfile.write(tmp_path / "a.wav", 0.1 * np.ones(4000), 8000)
    lines = []
    for flags in ([f"--run_dir={made.path}"], [f"--model={made.tflite_path}"], [f"--model={made.path}"]):
        assert cli([*flags, "--format=json", str(tmp_path / "a.wav")]) == 0
        lines.append(json.loads(capsys.readouterr().out))
    keys = list(lines[0])
    assert keys[:4] == ["file", "duration_seconds", "probabilities", "labels"]
    assert keys[4:] == ["notes", "schema", "label_names", "class_names", "model", "model_sha256", "engine", "quality"]
    assert [line["engine"] for line in lines] == 3 * ["litert"]
    assert [line["model"] for line in lines] == list(map(str, (made.path, made.tflite_path, made.path)))
    assert len({(line["model_sha256"], json.dumps(line["probabilities"])) for line in lines}) == 1


@pytest.mark.slow
def test_a_kind_with_one_engine_refuses_another(made):
    with pytest.raises(ConfigError, match=r"--engine=tensorflow: .* is a \.tflite file, which runs in litert"):
        load_model(made.tflite_path, "tensorflow")
