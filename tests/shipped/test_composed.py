"""What answers where no model is named, shown on a stand-in for the file in the package."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

import irmas_tf
from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.run_tflite import write_run_tflite
from irmas_tf.embed import cli as embed
from irmas_tf.inference.window_model import ModelError
from irmas_tf.predict import cli as predict
from irmas_tf.shipped.composed import COMPOSED, MOST_BYTES, SHIPPED_FILE, Composed
from irmas_tf.streaming import cli as streaming
from irmas_tf.streaming import read_model_facts
from irmas_tf.timbres.sources import names_that_may_not_ship
from tests.helpers.tiny_run import RATE_HZ, make_multi_label_run


@pytest.fixture(scope="module")
def tflite(tmp_path_factory):
    run = make_multi_label_run(tmp_path_factory.mktemp("shipped") / "run", 0.4)
    said = write_run_tflite(run)
    assert run.tflite_path.is_file(), said
    return run.tflite_path


@pytest.fixture
def shipped(tflite, monkeypatch):
    monkeypatch.setattr(COMPOSED, "path", tflite)


@pytest.fixture
def sound(tmp_path):
    soundfile.write(tmp_path / "a.wav", 0.3 * np.sin(np.arange(6000) / 3), RATE_HZ)
    return str(tmp_path / "a.wav")


@pytest.mark.slow
def test_the_first_command_needs_nothing_but_a_file(shipped, tflite, sound, tmp_path, capsys):
    assert predict([sound]) == 0
    first, heading, row = capsys.readouterr().out.splitlines()
    assert first.startswith("model composed: how good it is was not measured") and "* named" in heading
    assert row.endswith(sound)
    assert predict(["--format=json", sound]) == 0
    default = json.loads(capsys.readouterr().out)
    assert (default["model"], default["quality"], default["schema"]) == ("composed", None, 1)
    assert predict([f"--model={tflite}", "--format=json", sound]) == 0
    by_path = json.loads(capsys.readouterr().out)
    assert by_path["probabilities"] == default["probabilities"] and by_path["labels"] == default["labels"]
    assert predict([f"--activity={tmp_path / 'activity'}", sound]) == 0
    assert len(list((tmp_path / "activity").iterdir())) == 1


@pytest.mark.slow
def test_so_do_the_others(shipped, sound, tmp_path, capsys):
    assert embed([f"--output={tmp_path / 'e.npz'}", sound]) == 0
    assert streaming(["composed", sound]) == 0
    assert capsys.readouterr().out.endswith("(all)\n")
    model = irmas_tf.load()
    assert model.classify(sound).probabilities == irmas_tf.load("composed").classify(sound).probabilities


def test_a_build_without_it_says_so_in_a_line(sound, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(COMPOSED, "path", tmp_path / "none.tflite")
    assert predict([sound]) == 2
    assert capsys.readouterr().err.startswith("error: this build of irmas_tf holds no model of its own; name one: ")
    with pytest.raises(ModelError, match="irmas download mn04"):
        irmas_tf.load()
    (row,) = COMPOSED.rows()
    assert not row.is_present and row.state == "not in this build"
    with pytest.raises(ConfigError, match="takes nothing after a colon"):
        irmas_tf.load("composed:Drum")


def test_a_damaged_one_is_said_in_the_list(tmp_path):
    (tmp_path / "c.tflite").write_bytes(b"TFL3")
    (row,) = Composed(tmp_path / "c.tflite").rows()
    assert not row.is_present and row.state.startswith("damaged: ")


def test_the_one_in_the_package_is_small_and_says_what_it_is():
    if not SHIPPED_FILE.is_file():
        pytest.skip("this build has none")
    facts = read_model_facts(SHIPPED_FILE)
    assert SHIPPED_FILE.stat().st_size <= MOST_BYTES
    assert (
        facts["thresholds"] and isinstance(facts["figures"], str) and "non-commercial" not in facts["licence"].lower()
    )
    assert not names_that_may_not_ship(facts["corpus"]["sounds"]) and len(facts["sources"]) == 7
    assert irmas_tf.load().classify(np.zeros(8000, np.float32), 8000).is_silent
