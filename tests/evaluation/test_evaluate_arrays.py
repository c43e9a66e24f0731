from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import sklearn.metrics as sk

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.evaluation.evaluate_arrays import ArraysError, evaluate
from irmas_tf.reports.evaluate_scores import evaluate_scores
from tests.helpers import ROOT
from tests.helpers.made_evaluation import make_labels

CLIPS = 36
SONGS = np.arange(CLIPS) // 3


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return make_labels(CLIPS, 3)


@pytest.fixture(scope="module")
def scores(labels) -> np.ndarray:
    return np.random.default_rng(4).random([CLIPS, 11]) * 0.6 + 0.4 * labels


def test_the_figures_are_those_of_scikit_learn(labels, scores):
    found = evaluate(labels.astype(int).tolist(), scores.tolist(), SONGS, dataset="irmas", threshold=0.7)
    figures = found["aggregations"]["scores"]
    assert figures["lrap"]["value"] == pytest.approx(sk.label_ranking_average_precision_score(labels, scores))
    fixed = figures["decisions"]["fixed"]["global"]
    assert fixed["micro_f1"]["value"] == pytest.approx(sk.f1_score(labels, scores >= 0.7, average="micro"))
    assert figures["lrap"]["low"] < figures["lrap"]["value"] < figures["lrap"]["high"]
    assert found["classes"] == list(IRMAS_CODES) and found["songs"] == 12
    assert found["baselines"]["source"] == "the official training set"
    json.dumps(found, allow_nan=False)


def test_they_are_those_of_the_same_scores_in_a_file(labels, scores, tmp_path):
    lines = ["file,song,labels," + ",".join(IRMAS_CODES)]
    for k in range(CLIPS):
        codes = " ".join(code for code, yes in zip(IRMAS_CODES, labels[k], strict=True) if yes)
        lines.append(f"{k}.wav,{SONGS[k]},{codes}," + ",".join(map(repr, scores[k].tolist())))
    (tmp_path / "scores.csv").write_text("\n".join(lines) + "\n")
    of_file = evaluate_scores(str(tmp_path / "scores.csv")).summary
    of_arrays = evaluate(labels, scores, SONGS, dataset="irmas")
    for words in (of_file, of_arrays):
        words["aggregations"]["scores"]["decisions"]["fixed"]["global"].pop("chosen_on")
    for name in ("aggregations", "baselines", "songs", "labels_per_clip"):
        assert of_arrays[name] == of_file[name]
    named = evaluate(labels, scores, [f"song {k}" for k in SONGS])["aggregations"]["scores"]
    assert named["lrap"]["value"] == of_file["aggregations"]["scores"]["lrap"]["value"]


def test_one_label_per_clip_has_an_accuracy_and_a_confusion_matrix(scores):
    truth = np.random.default_rng(5).integers(0, 4, CLIPS)
    found = evaluate(truth, scores[:, :4], SONGS, classes=["a", "b", "c", "d"])
    predicted = scores[:, :4].argmax(axis=1)
    assert found["accuracy"]["value"] == pytest.approx(sk.accuracy_score(truth, predicted))
    assert found["macro_f1"]["value"] == pytest.approx(sk.f1_score(truth, predicted, average="macro"))
    assert found["confusion"] == sk.confusion_matrix(truth, predicted).tolist()
    assert [row["class"] for row in found["per_class"]] == ["a", "b", "c", "d"] and found["songs"] == 12


def test_classes_of_ones_own_have_baselines_of_ones_own(labels, scores):
    own = {"classes": ["a", "b", "c"], "names": ["first", "second", "third"]}
    rows = labels[:, :3].any(axis=1)
    truth, values, songs = labels[rows, :3], scores[rows, :3], SONGS[rows]
    found = evaluate(truth, values, songs, **own, training_counts=[5, 3, 2], threshold=[0.5, 0.6, 0.7])
    assert found["names"] == ["first", "second", "third"]
    assert [row["prevalence_in_training"] for row in found["per_class"]] == [0.5, 0.3, 0.2]
    fixed = found["aggregations"]["scores"]["decisions"]["fixed"]["per_class"]
    assert fixed["thresholds"] == {"all": {"a": 0.5, "b": 0.6, "c": 0.7}}
    assert evaluate(truth, values, songs, **own)["baselines"]["source"] == "the scored clips themselves: an oracle"


def test_unknown_labels_count_nowhere(labels, scores):
    partly = np.where(np.random.default_rng(6).random(labels.shape) < 0.6, -1, labels.astype(int))
    found = evaluate(partly, scores, SONGS)
    other = evaluate(partly, np.where(partly < 0, 1 - scores, scores), SONGS)
    assert found["aggregations"] == other["aggregations"], "whatever is said of them"
    assert found["classes"] == [str(k) for k in range(11)] and found["known_labels"] == (partly >= 0).sum()
    weight = partly[:, 2] >= 0
    expected = sk.average_precision_score(partly[:, 2] == 1, scores[:, 2], sample_weight=weight)
    assert found["per_class"][2]["average_precision"] == pytest.approx(expected, abs=1e-12)
    truth = np.random.default_rng(5).integers(0, 4, CLIPS)
    truth[::5] = -1
    single = evaluate(truth, scores[:, :4], SONGS)
    assert single["excerpts"] == (truth >= 0).sum() and any(
        "8 of 36 clips have no known" in w for w in single["warnings"]
    )


def test_songs_that_nobody_names_are_warned_of(labels, scores):
    assert any("every clip is a song of its own" in note for note in evaluate(labels, scores)["warnings"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scores": np.zeros(36)}, r"scores have shape \[36\]; give \[clips, classes\]"),
        ({"scores": np.full([36, 11], np.nan)}, "scores hold NaN"),
        ({"scores": [["a"] * 11] * 36}, "scores are not an array of numbers"),
        ({"labels": np.zeros([35, 11])}, r"labels have shape \[35, 11\]; give 0 and 1 \(unknown: -1\) of"),
        ({"labels": np.full([36, 11], 0.5)}, "give 0 and 1"),
        ({"labels": np.full([36, 11], -1)}, "all -1, unknown"),
        ({"dataset": "nosuch"}, "dataset=nosuch: must be one of"),
        ({"dataset": "folder"}, "dataset=folder: has the classes that its data holds"),
        ({"dataset": "irmas", "names": list("abcdefghijk")}, "leave out classes and names"),
        ({"labels": np.full(36, 11)}, "36 class indices from 0 to 10"),
        ({"songs": [1, 2]}, "songs are 2, scores are of 36 clips"),
        ({"classes": ["a"]}, "classes are 1, scores have 11 columns"),
        ({"classes": ["a"] * 11}, "a code is given twice"),
        ({"names": ["a"]}, "names are 1"),
        ({"threshold": [0.5, 0.5]}, "must be one number, or one for each of 11 classes"),
        ({"training_counts": [1, 2]}, "training_counts: give 11 numbers"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(labels, scores, change, words):
    with pytest.raises(ArraysError, match=words) as caught:
        evaluate(**{"labels": labels, "scores": scores, "songs": SONGS, **change})
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_it_needs_no_tensorflow_and_prints_nothing():
    code = (
        "import sys, irmas_tf; irmas_tf.evaluate([[1, 0], [0, 1]], [[.9, .2], [.3, .8]], ['a', 'b']);"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
