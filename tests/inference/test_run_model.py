from __future__ import annotations

import errno
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from irmas_tf.inference.run_folder import RUN_FOLDER
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.window_model import EMBEDDING, LOGITS, PROBABILITIES, ModelError
from irmas_tf.models.factory import build_model
from irmas_tf.process.exit_codes import one_line
from irmas_tf.runs.identity import publish_model
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
    np.testing.assert_allclose(RunModel.open(run).values(windows, PROBABILITIES), expected, atol=1e-6)


def test_logits_and_embedding_are_the_models(run: Any, windows: np.ndarray) -> None:
    model = RunModel.open(run)
    whole = keras.models.load_model(run.model_path)
    np.testing.assert_allclose(model.values(windows, LOGITS), whole(windows), atol=1e-6)
    embedding = keras.Model(whole.input, whole.get_layer("embedding").output)(windows)
    np.testing.assert_allclose(model.values(windows, EMBEDDING), embedding, atol=1e-6)
    assert set(model.outputs) == {PROBABILITIES, LOGITS, EMBEDDING}


@pytest.mark.slow
def test_configuration_and_model_are_read_once_and_the_model_only_when_it_is_needed(
    tmp_path: Path, windows: np.ndarray
) -> None:
    run = make_tiny_run(tmp_path / "run")
    model = RunModel.open(run)
    run.config_path.unlink()
    assert model.scheme.num_classes == 11 and model.thresholds is None and model.audio.sample_rate_hz == 8000
    first = model.values(windows)
    run.model_path.unlink()
    np.testing.assert_array_equal(model.values(windows), first)
    assert model.values(windows, EMBEDDING).shape == (9, 16)


def test_a_file_of_a_newer_keras_names_its_version_and_not_a_training(tmp_path: Path) -> None:
    run = make_tiny_run(tmp_path / "run")
    run.identity_path.unlink()
    with zipfile.ZipFile(run.model_path, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "99.1.0"}')
        archive.writestr("config.json", '{"module": "keras.layers", "class_name": "OfTomorrow", "config": {}}')
    with pytest.raises(ModelError, match=r"cannot be loaded; Keras 99\.1\.0 wrote it and .*'keras>=99\.1\.0'$"):
        RunModel.open(run).values(np.zeros([1, tiny_run.WINDOW_SAMPLES], np.float32))


def test_the_batch_a_window_is_in_does_not_matter(run: Any, windows: np.ndarray) -> None:
    model = RunModel.open(run)
    together = model.values(windows)
    for size in (1, 2, 4):
        parts = [model.values(windows[i : i + size]) for i in range(0, len(windows), size)]
        np.testing.assert_allclose(np.concatenate(parts), together, atol=1e-6)


def test_the_model_is_traced_once_for_all_batch_sizes(run: Any, windows: np.ndarray) -> None:
    calls = []

    class Model:
        output_shape = (None, 11)

        def __call__(self, waveform: Any, training: bool) -> Any:
            calls.append(training)
            return waveform[:, :11]

    model = RunModel(run, make_config(), Model())
    model.warm_up()
    for size in (1, 5, 9):
        assert model.values(windows[:size]).shape == (size, 11)
    assert calls == [False], "traced once, in inference mode"


@pytest.mark.slow
def test_a_real_model_with_its_own_layers_survives_saving(tmp_path: Path, windows: np.ndarray) -> None:
    config = make_config()
    model = build_model(config)
    run = make_tiny_run(tmp_path / "run")
    publish_model(run, config, model.save)
    expected = RunModel(run, config, model).values(windows)
    np.testing.assert_allclose(RUN_FOLDER.load(run.path).values(windows), expected, atol=1e-6)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-5)


def test_a_model_of_other_classes_is_refused(tmp_path: Path) -> None:
    run = make_tiny_run(tmp_path / "run")
    waveform = keras.Input([None], name="waveform")
    pooled = keras.layers.GlobalAveragePooling1D()(keras.layers.Reshape([-1, 1])(waveform))
    publish_model(run, make_config(), keras.Model(waveform, keras.layers.Dense(5)(pooled)).save)
    with pytest.raises(ModelError, match=r"model\.keras: the model answers with 5 classes"):
        RUN_FOLDER.load(run.path)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    run = make_tiny_run(tmp_path / "run")
    model = keras.models.load_model(run.model_path)
    kernel, bias = model.get_layer("logits").get_weights()
    kernel[3, 2] = value
    model.get_layer("logits").set_weights([kernel, bias])
    publish_model(run, make_config(), model.save)
    with pytest.raises(ModelError, match=r"model\.keras: .*logits/kernel.* no numbers \(NaN or infinite\)"):
        RUN_FOLDER.load(run.path)


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_an_unusable_model_file_is_named(tmp_path: Path, damage: bytes | None) -> None:
    run = make_tiny_run(tmp_path / "run")
    whole = run.model_path.read_bytes()
    run.model_path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(ModelError, match=r"model\.keras: is .*, not a Keras model; train again"):
        RUN_FOLDER.load(run.path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "member, content, words",
    [
        ("config.json", b'{"a": ' * 100_000, "config.json: has 100000 levels of objects"),
        ("config.json", b'{"module": 1}', "cannot be loaded"),
        ("padding", bytes(70 << 20), "unpacks to 7"),
    ],
)
def test_what_an_archive_says_is_not_believed(tmp_path: Path, member: str, content: bytes, words: str) -> None:
    run = make_tiny_run(tmp_path / "run")
    run.identity_path.unlink()
    with zipfile.ZipFile(run.model_path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | {member: content}
    with zipfile.ZipFile(run.model_path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(ModelError, match=rf"model\.keras: .*{words}"):
        _ = RunModel.open(run).model


def test_weights_with_another_checksum_never_reach_hdf5(tmp_path: Path, monkeypatch: Any) -> None:
    run = make_tiny_run(tmp_path / "run")
    run.identity_path.unlink()
    content = bytearray(run.model_path.read_bytes())
    content[len(content) // 2] ^= 255
    run.model_path.write_bytes(content)
    monkeypatch.setattr(keras.models, "load_model", None)
    with pytest.raises(ModelError, match=r"model\.keras: is damaged \(.*model\.weights\.h5"):
        _ = RunModel.open(run).model


def test_a_full_disk_is_not_taken_for_a_damaged_model(run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    def fill_up(path: Path, compile: bool) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(keras.models, "load_model", fill_up)
    with pytest.raises(OSError, match="No space") as caught:
        _ = RunModel.open(run).model
    assert "TMPDIR" in one_line(caught.value)
