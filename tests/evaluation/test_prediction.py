from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import soundfile

from irmas_tf.evaluation.answers import Answer
from irmas_tf.evaluation.audio_files import Failure
from irmas_tf.evaluation.prediction import predict_files

make_config = runpy.run_path(str(Path(__file__).parent / "tiny_run.py"))["make_config"]


class LevelClassifier:
    """Stands in for a model: a window's first sample, times eleven and rounded, is the class."""

    def __init__(self) -> None:
        self.config = make_config()
        self.codes = self.config.labels.codes
        self.window_samples = self.config.audio.window_samples

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        return np.eye(11)[np.round(11 * windows[:, 0]).astype(int)]


def test_an_answer_is_the_mean_and_names_the_most_probable_class(tmp_path):
    classifier = LevelClassifier()
    size = classifier.window_samples
    assert classifier.config.audio.window_hop_samples * 2 == size
    levels = np.repeat([3, 3, 3, 7], size // 2).astype(np.float32) / 11
    soundfile.write(tmp_path / "a.wav", levels, classifier.config.audio.sample_rate_hz, "FLOAT")
    first, second = predict_files(classifier, [str(tmp_path / "a.wav"), str(tmp_path / "absent.wav")])
    assert isinstance(first, Answer)
    assert first.labels == (classifier.codes[3],)
    np.testing.assert_allclose(first.probabilities, np.eye(11)[3])
    assert first.duration_seconds == len(levels) / classifier.config.audio.sample_rate_hz
    assert isinstance(second, Failure) and second.path.endswith("absent.wav")
