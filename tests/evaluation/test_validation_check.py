"""Acceptance checks compare models on the validation side: on the known labels, by the run's own thresholds."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pytest
import soundfile
from scipy.special import expit

from irmas_tf.audio.windows import window_starts
from irmas_tf.datasets.split_sides import label_matrix
from irmas_tf.evaluation.validation_check import validation_score
from irmas_tf.inference.run_model import RunModel
from irmas_tf.runs.run_dir import RunDir
from tests.helpers import partly_known as made
from tests.helpers.tiny_run import HOP_SAMPLES, WINDOW_SAMPLES


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunDir]:
    folder = tmp_path_factory.mktemp("check")
    with made.registered():
        yield made.make_partly_known_run(folder / "run", made.write_excerpts(folder / "data"))


@pytest.mark.slow
def test_decisions_on_known_labels_of_the_validation_side(run: RunDir) -> None:
    config, model = run.load_config(), keras.models.load_model(run.model_path)
    excerpts = config.dataset.training(config.data.data_dir)
    held_out = [excerpt for excerpt in excerpts if int(excerpt.name.split("-")[0]) >= 5]
    labels = label_matrix(held_out, config.labels)
    answers = []
    for excerpt in held_out:
        samples = soundfile.read(excerpt.path, dtype="float32")[0]
        windows = [samples[s : s + WINDOW_SAMPLES] for s in window_starts(len(samples), WINDOW_SAMPLES, HOP_SAMPLES)]
        answers.append(expit(model(np.stack(windows)).numpy()).mean(axis=0) >= [0.4, 0.5, 0.6])
    known, truth = labels >= 0, labels == 1
    named = np.array(answers) & known
    expected = 2 * (named & truth).sum() / (named.sum() + truth.sum())
    score = validation_score(RunModel.open(run.path))
    assert score == (pytest.approx(expected), len(held_out), "micro F1") and 0 < score.value < 1


class Certain:
    """A model that hears every class everywhere."""

    def __init__(self, run: RunModel) -> None:
        self.audio, self.scheme, self.source = run.audio, run.scheme, run.source
        self.thresholds, self.outputs = run.thresholds, ("probabilities",)

    def values(self, windows: np.ndarray, output: str = "probabilities") -> np.ndarray:
        return np.ones([len(windows), self.scheme.num_classes], np.float32)


def test_another_model_answers_the_same_excerpts(run: RunDir) -> None:
    config = run.load_config()
    held_out = [e for e in config.dataset.training(config.data.data_dir) if int(e.name.split("-")[0]) >= 5]
    labels = label_matrix(held_out, config.labels)
    live = RunModel.open(run.path)
    heard = (labels == 1).sum()
    expected = 2 * heard / (heard + (labels >= 0).sum())
    assert validation_score(live, "", Certain(live)) == (pytest.approx(expected), len(held_out), "micro F1")
