from __future__ import annotations

import json

import numpy as np
import pytest

from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.deploy.run_tflite import write_run_tflite
from irmas_tf.shipped import stamp
from irmas_tf.streaming import read_model_facts
from tests.helpers.tiny_run import make_multi_label_run, make_tiny_run

FACTS = {"figures": "right for .61", "licence": "Do what you like.", "command": "c", "seed": 0}
CORPUS = {
    "seed": 18,
    "sounds": [{"name": "FluidR3_GM.sf2"}, {"name": "voice"}],
    "licence": "as its sources",
    "songs": 3,
}


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    run = make_multi_label_run(tmp_path_factory.mktemp("stamp") / "run", 0.4)
    write_run_tflite(run)
    return run.tflite_path


def stamped(export, tmp_path, facts, corpus=CORPUS):
    (tmp_path / "corpus.json").write_text(json.dumps(corpus))
    (tmp_path / "facts.json").write_text(json.dumps(facts) if isinstance(facts, dict) else facts)
    out = tmp_path / "composed.tflite"
    return stamp.cli(
        [str(export), f"--facts={tmp_path / 'facts.json'}", f"--corpus={tmp_path / 'corpus.json'}", f"--out={out}"]
    ), out


@pytest.mark.slow
def test_facts_change_and_numbers_do_not(export, tmp_path, capsys):
    status, out = stamped(export, tmp_path, FACTS)
    assert status == 0 and "right for .61" in capsys.readouterr().out
    before, after = read_model_facts(export), read_model_facts(out)
    assert before.pop("content_sha256") != after.pop("content_sha256"), "the licence in the model is another one"
    corpus = {"seed": 18, "sounds": CORPUS["sounds"]}
    new = {
        **FACTS,
        "sources": ["FluidR3_GM.sf2", "voice"],
        "licence_of_sources": "as its sources",
        "corpus": corpus,
    }
    assert {name: after[name] for name in new} == new
    assert {name: after[name] for name in before if name not in new} == {
        k: v for k, v in before.items() if k not in new
    }
    windows = np.random.default_rng(0).standard_normal((3, 2000)).astype(np.float32) / 10
    models = LiteModel.open(export), LiteModel.open(out)
    for name in models[0].outputs:
        np.testing.assert_array_equal(models[0].values(windows, name), models[1].values(windows, name))
    content = out.read_bytes()
    assert b"Do what you like." in content and content.count(b"CC BY-NC-SA") == 0, "also for other readers of metadata"


@pytest.mark.slow
@pytest.mark.parametrize(
    "facts, words",
    [
        ({**FACTS, "labels": ["a"]}, "labels are the export's own"),
        ({"figures": "x"}, "lacks licence, command, seed"),
        ({**FACTS, "sources": ["mine"]}, "sources are taken from --corpus"),
        ("{", "is no JSON"),
        ("[]", "must be a JSON object"),
    ],
)
def test_facts_that_cannot_be_used_are_a_line(export, tmp_path, capsys, facts, words):
    status, out = stamped(export, tmp_path, facts)
    assert status == 2 and words in capsys.readouterr().err and not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "corpus, words",
    [
        ({"soundfont": "x"}, "names no sounds"),
        ({"sounds": [{"name": "voice"}, {"name": "TimGM6mb.sf2"}]}, "--corpus: TimGM6mb.sf2: not a source"),
        ({"sounds": [{"name": "my.sf2"}]}, "my.sf2: not a source"),
    ],
)
def test_a_corpus_whose_terms_forbid_it_or_are_unknown_makes_no_model_of_the_package(
    export, tmp_path, capsys, corpus, words
):
    status, out = stamped(export, tmp_path, FACTS, corpus)
    assert status == 2 and words in capsys.readouterr().err and not out.exists()


@pytest.mark.slow
def test_a_model_of_one_label_or_too_large_is_not_the_package_s(export, tmp_path, monkeypatch, capsys):
    run = make_tiny_run(tmp_path / "run")
    write_run_tflite(run)
    assert stamped(run.tflite_path, tmp_path, FACTS)[0] == 2
    assert "no thresholds for several instruments" in capsys.readouterr().err
    monkeypatch.setattr(stamp, "MOST_BYTES", 1000)
    assert stamped(export, tmp_path, FACTS)[0] == 2
    assert "--quantization=dynamic" in capsys.readouterr().err
