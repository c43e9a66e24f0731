"""An artefact from outside the package (docs/extending.md): written, checked, loaded, answering; deleted if wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import irmas_tf
from irmas_tf.check_export import cli as check_export
from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy import export_inputs, window_check
from irmas_tf.deploy.acceptance import AcceptanceError
from irmas_tf.deploy.export_run import export_artefact
from irmas_tf.deploy.saved_model import ExportError
from irmas_tf.inference.window_model import ModelError
from irmas_tf.predict import cli as predict
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.documented import extension, in_a_new_process
from tests.helpers.small_run import make_small_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def outside(tmp_path_factory):
    with extension(tmp_path_factory.mktemp("half"), "half_weights") as folder, pytest.MonkeyPatch.context() as patch:
        sound = (0.2 * np.sin(np.arange(9000) ** 1.3 / 40)).astype(np.float32)
        patch.setattr(export_inputs, "check_music", lambda rate_hz: {"music": sound})
        patch.setattr(window_check, "median_milliseconds", lambda call: 1.0)  # sixteen calls
        yield folder


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunDir:
    return make_small_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory) -> Path:
    export = export_artefact("half", str(run.path), str(tmp_path_factory.mktemp("made") / "small.npz"))
    assert export.report.passed and "no scores inside" in export.notes[0]
    names = {check.name for check in export.report.checks}
    assert {"facts and label order", "classes and windows", "outputs", "noise", "music", "one sample"} <= names
    assert 0 < export.report.differences["probabilities"] < 0.01, "half precision is not full precision"
    assert [path.name for path in export.path.parent.iterdir()] == ["small.npz"]
    return export.path


@pytest.fixture
def clip(tmp_path) -> Path:
    soundfile.write(tmp_path / "noise.wav", np.random.default_rng(1).normal(0, 0.1, 20_000), 16000)
    return tmp_path / "noise.wav"


def test_it_is_loaded_and_answers_as_its_run(run, exported, clip):
    classifier, wanted = irmas_tf.load(exported), irmas_tf.load(run.path).classify(clip)
    assert classifier.classes == wanted.scheme.codes and classifier.sample_rate_hz == 8000
    np.testing.assert_allclose(classifier.classify(clip).vector, wanted.vector, atol=0.01)
    with pytest.raises(ModelError, match="has no embedding, only probabilities, logits"):
        classifier.embed(clip)


def test_predict_answers_with_it(exported, clip, capsys):
    assert predict([f"--model={exported}", "--format=json", str(clip)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["probabilities"] == pytest.approx(irmas_tf.load(exported).classify(clip).probabilities, abs=1e-6)


def test_a_new_process_hears_of_it_by_name_alone(outside, exported, clip):
    code = f"import irmas_tf; print(irmas_tf.load({str(exported)!r}).classify({str(clip)!r}).labels[0])"
    said = in_a_new_process(outside, "half_weights", code, with_tensorflow=True)
    assert said.split()[-1] == irmas_tf.load(exported).classify(clip).labels[0]


def changed(path: Path, target: Path, factor: float) -> Path:
    """Write an artefact again, with other weights in its last layer."""
    with np.load(path) as file:
        arrays = dict(file)
    last = max((name for name in arrays if name != "about"), key=lambda name: int(name.rpartition("_")[2]))
    np.savez(target, **{**arrays, last: (arrays[last] + factor).astype(np.float16)})
    return target


def test_the_acceptance_check_passes_it_and_deletes_what_differs(run, exported, tmp_path, capsys):
    assert check_export([str(exported), f"--run_dir={run.path}"]) == 0
    assert exported.exists() and "FAIL" not in capsys.readouterr().out
    weights = np.zeros(11)
    weights[3] = 1.0
    wrong = changed(exported, tmp_path / "wrong.npz", weights)
    assert check_export([str(wrong), f"--run_dir={run.path}"]) == 2
    printed = capsys.readouterr()
    assert "FAIL noise" in printed.out
    assert printed.err.rstrip().endswith("It was deleted") and not wrong.exists()


def test_an_export_that_fails_leaves_nothing(run, tmp_path, monkeypatch):
    kind = type(irmas_tf.inference.artefacts.ARTEFACTS.get("half"))
    monkeypatch.setattr(kind, "tolerances", {"probabilities": 1e-9, "logits": 1e-9})
    with pytest.raises(AcceptanceError, match=r"half of .*: the acceptance check failed"):
        export_artefact("half", str(run.path), str(tmp_path / "new" / "a.npz"))
    assert not list(tmp_path.iterdir())
    (tmp_path / "b.npz").touch()
    with pytest.raises(ExportError, match=r"b\.npz: is already there"):
        export_artefact("half", str(run.path), str(tmp_path / "b.npz"))
    with pytest.raises(ConfigError, match="run: the folder of a run cannot be written by an export"):
        export_artefact("run", str(run.path), str(tmp_path / "c"))
