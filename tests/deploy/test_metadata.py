from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.deploy.metadata import describe, differences
from irmas_tf.process.checksums import checksum_of
from irmas_tf.runs.run_dir import RunDir, RunDirError
from irmas_tf.runs.thresholds import Thresholds, ThresholdsError


@pytest.fixture
def run(small_run, tmp_path) -> RunDir:
    shutil.copytree(small_run.path, tmp_path / "some run")
    return RunDir.open(tmp_path / "some run")


def test_the_facts_are_those_of_the_run(run):
    facts = describe(run, run.load_config())
    assert facts["labels"] == list(IRMAS_CODES)
    assert facts["label_names"][0] == "cello" and len(facts["label_names"]) == 11
    assert (facts["sample_rate_hz"], facts["window_samples"], facts["window_hop_samples"]) == (8000, 2000, 1000)
    assert facts["model_sha256"] == hashlib.sha256(run.model_path.read_bytes()).hexdigest()
    assert facts["config_hash"] == run.load_config().hash
    assert facts["run"] == "some run"
    assert "CC BY-NC-SA 3.0" in facts["licence"]
    assert facts["metrics"] is facts["pretrained"] is facts["thresholds"] is None
    assert json.loads(json.dumps(facts)) == facts


def test_scores_of_an_evaluation_travel_along(run):
    folder = run.evaluation_dir("validation")
    folder.mkdir(parents=True)
    scores = {"split": "validation", "accuracy": 0.5, "macro_f1": 0.25, "excerpts": 20, "confusion": [[1]]}
    scores["model_sha256"] = checksum_of(run.model_path)
    (folder / "metrics.json").write_text(json.dumps(scores))
    found = describe(run, run.load_config())["metrics"]
    assert found == {"split": "validation", "accuracy": 0.5, "macro_f1": 0.25, "excerpts": 20}


@pytest.fixture
def run_of_several(run) -> RunDir:
    sections = json.loads(run.config_path.read_text())
    sections["model"]["task"] = "multi_label"
    run.config_path.write_text(json.dumps(sections))
    return run


def test_thresholds_of_a_multi_label_run_travel_along_and_nothing_leaves_without_them(run_of_several):
    run, config = run_of_several, run_of_several.load_config()
    with pytest.raises(ThresholdsError, match=r"thresholds\.json: cannot be read"):
        describe(run, config)
    levels = {code: 0.3 + 0.01 * place for place, code in enumerate(IRMAS_CODES)}
    Thresholds(levels, 0.35, "mixtures").save(run.thresholds_path)
    facts = describe(run, config)
    assert (facts["kind"], facts["thresholds"]) == ("multi_label", levels)


def test_scores_of_several_labels_travel_along(run_of_several):
    run = run_of_several
    Thresholds(dict.fromkeys(IRMAS_CODES, 0.5), 0.5, "mixtures").save(run.thresholds_path)
    decision = {"chosen_on": "mixtures", "micro_f1": {"value": 0.6}, "macro_f1": {"value": 0.5}, "hamming_loss": 0.1}
    aggregation = {"lrap": {"value": 0.8}, "mean_average_precision": {"value": 0.7}, "words": "mean"}
    of_all = {**decision, "micro_f1": {"value": 0.65}, "macro_f1": {"value": 0.45}}
    aggregation["decisions"] = {"chosen_here": {"per_class": decision, "global": of_all}}
    headline = {"aggregation": "mean", "regime": "chosen_here", "level": "per_class", "chosen_on": "mixtures"}
    headline["level_of"] = {"micro_f1": "global", "macro_f1": "per_class"}
    found = {"split": "validation", "clips": 9, "songs": 3, "headline": headline, "aggregations": {"mean": aggregation}}
    found["model_sha256"] = checksum_of(run.model_path)
    folder = run.evaluation_dir("validation")
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(found))
    assert describe(run, run.load_config())["metrics"] == {
        "split": "validation",
        "clips": 9,
        "songs": 3,
        "headline": headline,
        "lrap": {"value": 0.8},
        "mean_average_precision": {"value": 0.7},
        "micro_f1": {"value": 0.65},
        "macro_f1": {"value": 0.5},
    }
    del headline["level_of"]  # as earlier evaluations wrote it
    (folder / "metrics.json").write_text(json.dumps(found))
    assert describe(run, run.load_config())["metrics"]["micro_f1"] == {"value": 0.6}


@pytest.mark.parametrize("content", ["{half", "[1]"])
def test_a_damaged_evaluation_does_not_stop_an_export(run, content):
    folder = run.evaluation_dir("validation")
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(content)
    assert describe(run, run.load_config())["metrics"] is None


def test_where_pretrained_weights_come_from_travels_along_or_nothing_does(run):
    run.pretrained_path.write_text(json.dumps({"mn04": {"licence": "MIT"}}))
    assert describe(run, run.load_config())["pretrained"] == {"mn04": {"licence": "MIT"}}
    run.pretrained_path.write_text("{half")
    with pytest.raises(RunDirError, match=r"pretrained\.json: is damaged .* names a licence"):
        describe(run, run.load_config())


CHANGES = {
    "labels": lambda facts: [facts["labels"][1], facts["labels"][0], *facts["labels"][2:]],
    "label_names": lambda facts: facts["label_names"][::-1],
    "sample_rate_hz": lambda facts: 16000,
    "window_hop_samples": lambda facts: 1,
    "model_sha256": lambda facts: "0" * 64,
    "kind": lambda facts: "multi_label",
    "thresholds": lambda facts: [0.5] * 11,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_decides_the_answers_must_be_the_same(run, name):
    facts = describe(run, run.load_config())
    assert differences(facts, {**facts, "metrics": 1, "irmas_tf": "9.9.9", "run": "renamed"}) == []
    (found,) = differences(facts, {**facts, name: CHANGES[name](facts)})
    assert found.startswith(f"{name} is ") and "in the run" in found
    missing = {key: value for key, value in facts.items() if key != name}
    assert len(differences(facts, missing)) == (0 if facts[name] is None else 1)
