from __future__ import annotations

from typing import ClassVar

import numpy as np
import soundfile

from irmas_tf.audio.walk import Failure
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.prediction import predict_files
from tests.helpers.tiny_run import make_config


class LevelModel:
    """Stands in for a model: a window's first sample, times eleven and rounded, is the class."""

    outputs = ("probabilities",)
    audio = make_config().audio
    scheme = make_config().labels
    thresholds = None
    source: ClassVar[dict[str, str]] = {}

    def values(self, windows: np.ndarray, output: str) -> np.ndarray:
        return np.eye(11)[np.round(11 * windows[:, 0]).astype(int)]


def _levels(classes: list[int], samples: int) -> np.ndarray:
    """Return sound that `LevelModel` knows, float32: so many samples for each class."""
    levels = np.repeat(classes, samples) / 11
    return (levels + 0.01 * np.resize([1, -1], levels.size)).astype(np.float32)  # a constant would be silence


def test_an_answer_is_the_mean_and_names_the_most_probable_class(tmp_path):
    model = LevelModel()
    size = model.audio.window_samples
    assert model.audio.window_hop_samples * 2 == size
    levels = _levels([3, 3, 3, 7], size // 2)
    soundfile.write(tmp_path / "a.wav", levels, model.audio.sample_rate_hz, "FLOAT")
    first, second = predict_files(model, [str(tmp_path / "a.wav"), str(tmp_path / "absent.wav")])
    assert isinstance(first, Answer)
    assert first.labels == (model.scheme.codes[3],)
    np.testing.assert_allclose(first.vector, np.eye(11)[3])
    assert first.duration_seconds == len(levels) / model.audio.sample_rate_hz
    assert isinstance(second, Failure) and second.path.endswith("absent.wav")


def test_levels_name_any_number_of_classes_and_activity_leaves_the_answer_as_it_is(tmp_path):
    model = LevelModel()
    size, rate = model.audio.window_samples, model.audio.sample_rate_hz
    # Windows half a window apart: classes 3, 3, 7.
    soundfile.write(tmp_path / "a.wav", _levels([3, 3, 7, 7], size // 2), rate, "FLOAT")
    wanted = {0.7: (), 2 / 3: (3,), 0.3: (3, 7)}
    for level, classes in wanted.items():
        for with_activity in (False, True):
            (answer,) = predict_files(
                model,
                [str(tmp_path / "a.wav")],
                levels=np.full(11, level - 1e-9),
                with_activity=with_activity,
            )
            assert answer.labels == tuple(model.scheme.codes[k] for k in classes)
            np.testing.assert_allclose(answer.vector, (2 * np.eye(11)[3] + np.eye(11)[7]) / 3)
            assert (answer.activity is not None) is with_activity
    np.testing.assert_array_equal(answer.activity.probabilities.argmax(axis=1), [3, 3, 7])
    np.testing.assert_allclose(answer.activity.starts, [0, size / 2 / rate, size / rate])
    assert answer.activity.window_seconds == size / rate and answer.activity.duration_seconds == 2 * size / rate
