from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from irmas_tf.inference.classifier import ModelError, WindowClassifier
from irmas_tf.models.factory import build_model
from tests.helpers import tiny_run

make_config, make_tiny_run = tiny_run.make_config, tiny_run.make_tiny_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_tiny_run(tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, [9, tiny_run.WINDOW_SAMPLES]).astype(np.float32)


def test_probabilities_are_the_softmax_of_the_models_logits(run: Any, windows: np.ndarray) -> None:
    logits = keras.models.load_model(run.model_path)(windows).numpy().astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(WindowClassifier.load(run).probabilities(windows), expected, atol=1e-6)


def test_logits_are_the_models_and_both_serve_as_window_models(run: Any, windows: np.ndarray) -> None:
    classifier = WindowClassifier.load(run)
    expected = keras.models.load_model(run.model_path)(windows).numpy()
    np.testing.assert_allclose(classifier.logits(windows), expected, atol=1e-6)
    for model, function in (
        (classifier.window_logits, classifier.logits),
        (classifier.window_probabilities, classifier.probabilities),
    ):
        assert model.width == 11 and model.audio == classifier.config.audio
        np.testing.assert_array_equal(model.values(windows), function(windows))


def test_the_batch_a_window_is_in_does_not_matter(run: Any, windows: np.ndarray) -> None:
    classifier = WindowClassifier.load(run)
    together = classifier.probabilities(windows)
    for size in (1, 2, 4):
        parts = [classifier.probabilities(windows[i : i + size]) for i in range(0, len(windows), size)]
        np.testing.assert_allclose(np.concatenate(parts), together, atol=1e-6)


def test_the_model_is_traced_once_for_all_batch_sizes(windows: np.ndarray) -> None:
    calls = []

    class Model:
        output_shape = (None, 11)

        def __call__(self, waveform: Any, training: bool) -> Any:
            calls.append(training)
            return waveform[:, :11]

    classifier = WindowClassifier(Model(), make_config())
    classifier.warm_up()
    for size in (1, 5, 9):
        assert classifier.probabilities(windows[:size]).shape == (size, 11)
    assert calls == [False], "traced once, in inference mode"


def test_a_real_model_with_its_own_layers_survives_saving(tmp_path: Path, windows: np.ndarray) -> None:
    config = make_config()
    model = build_model(config)
    run = make_tiny_run(tmp_path / "run")
    model.save(run.model_path)
    expected = WindowClassifier(model, config).probabilities(windows)
    np.testing.assert_allclose(WindowClassifier.load(run).probabilities(windows), expected, atol=1e-6)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-5)


def test_a_model_of_other_classes_is_refused(tmp_path: Path) -> None:
    run = make_tiny_run(tmp_path / "run")
    waveform = keras.Input([None], name="waveform")
    pooled = keras.layers.GlobalAveragePooling1D()(keras.layers.Reshape([-1, 1])(waveform))
    keras.Model(waveform, keras.layers.Dense(5)(pooled)).save(run.model_path)
    with pytest.raises(ModelError, match=r"model\.keras: the model answers with 5 classes"):
        WindowClassifier.load(run)


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_an_unusable_model_file_is_named(tmp_path: Path, damage: bytes | None) -> None:
    run = make_tiny_run(tmp_path / "run")
    whole = run.model_path.read_bytes()
    run.model_path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(ModelError, match=r"model\.keras: cannot be loaded"):
        WindowClassifier.load(run)
