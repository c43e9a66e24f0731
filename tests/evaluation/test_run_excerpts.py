"""Runs whose excerpts have several and unknown labels: the excerpts themselves are scored, unknown labels nowhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn import metrics as sk

from irmas_tf.beginnings.who_saw import seen_path
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.evaluation import multi_label_run
from irmas_tf.evaluation.multi_label import Baselines
from irmas_tf.evaluation.multi_label_summary import summarize_multi_label
from irmas_tf.evaluation.scored_clips import CHOSEN_HERE, FIXED, OTHER_SONGS, PER_CLASS
from irmas_tf.inference.run_model import RunModel
from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.runs.run_dir import RunDir
from tests.helpers import partly_known as made

CODES = made.CODES


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunDir]:
    folder = tmp_path_factory.mktemp("partly_known")
    with made.registered():
        yield made.make_partly_known_run(folder / "run", made.write_excerpts(folder / "data"))


def _evaluate(run: RunDir, split: str):
    return multi_label_run.evaluate_multi_label(RunModel.open(run.path), "", split)


@pytest.mark.slow
def test_the_validation_side_is_scored_as_it_is(run: RunDir) -> None:
    evaluation = _evaluate(run, "validation")
    assert evaluation.clips.files == tuple(f"{song}-{k}.wav" for song in (5, 6, 7) for k in range(3))
    assert evaluation.clips.songs == 3 and evaluation.render is None and evaluation.clips.labels.dtype == np.int8
    regimes = {key[1] for key in evaluation.decisions}
    assert {CHOSEN_HERE, OTHER_SONGS} <= regimes and FIXED not in regimes
    assert evaluation.headline[1] == OTHER_SONGS, "the run's own levels were chosen on these very excerpts"
    assert any("chosen on these very excerpts" in text and "optimistic" in text for text in evaluation.warnings)


def test_figures_of_the_test_part_are_sklearns_on_the_known_labels(run: RunDir) -> None:
    evaluation = _evaluate(run, "test")
    labels, scores = evaluation.clips.labels, evaluation.clips.scores["mean"]
    known = labels >= 0
    assert evaluation.clips.songs == 2 and not known.all()
    assert evaluation.decisions["mean", FIXED, PER_CLASS].thresholds[0].tolist() == [0.4, 0.5, 0.6]
    summary = summarize_multi_label(evaluation)
    for k, row in enumerate(summary["per_class"]):
        truth, weight = labels[:, k] == 1, known[:, k]
        assert (row["class"], row["name"], row["known"]) == (CODES[k], made.NAMES[CODES[k]], weight.sum())
        expected = sk.average_precision_score(truth, scores[:, k], sample_weight=weight) if truth.any() else None
        assert row["average_precision"] == pytest.approx(expected, abs=1e-12)
        half = sk.f1_score(truth, scores[:, k] >= 0.5, sample_weight=weight, zero_division=0)
        assert row["f1_at_one_half"] == pytest.approx(half, abs=1e-12)
    figures = summary["aggregations"]["mean"]
    precisions = [row["average_precision"] for row in summary["per_class"] if row["average_precision"] is not None]
    assert figures["mean_average_precision"]["value"] == pytest.approx(np.mean(precisions))
    assert figures["at_one_half"]["macro_f1"] == pytest.approx(
        np.mean([row["f1_at_one_half"] for row in summary["per_class"]])
    )
    assert (summary["known_labels"], summary["names"]) == (known.sum(), list(made.NAMES.values()))
    assert any("of the labels are known" in text for text in summary["warnings"])


def test_constant_answers_come_from_known_training_labels() -> None:
    labels = np.array([[1, 0, -1], [1, -1, 0], [-1, 0, 1], [1, 0, -1]], np.int8)
    baselines = Baselines.of_training(labels, 2)
    assert baselines.prevalence.tolist() == [1.0, 0.0, 0.5] and "66.7% are known" in baselines.source
    assert baselines.answers.tolist() == [[True, False, True]] * 2, "{0}: 6/7; {0, 2}: 8/9; all: 8/12"
    single = np.eye(3, dtype=np.int8)[[0, 0, 1]]
    np.testing.assert_array_equal(
        Baselines.of_training(single, 1).prevalence, Baselines.of(single.sum(0), "", 1).prevalence
    )


def test_the_training_side_is_said_to_have_been_trained_on(run: RunDir) -> None:
    assert "trained on" in _evaluate(run, "train").warnings[0]


@pytest.mark.slow
def test_songs_that_the_run_before_had_learnt_are_counted(run: RunDir) -> None:
    assert not any("had been learnt" in text for text in _evaluate(run, "validation").warnings)
    write_json_atomic(seen_path(run), {"run": "earlier", "names": ["5-0.wav", "6-1.flac", "9-0.wav", "no such"]})
    try:
        assert any("2 of 3 songs had been learnt by the run" in text for text in _evaluate(run, "validation").warnings)
        assert any("1 of 2 songs had been learnt by the run" in text for text in _evaluate(run, "test").warnings)
        seen_path(run).write_text("{")
        with pytest.raises(DataError, match=r"seen\.json: is damaged"):
            _evaluate(run, "validation")
    finally:
        seen_path(run).unlink()
