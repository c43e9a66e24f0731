from __future__ import annotations

import csv
import json

import keras
import numpy as np
import pytest
import soundfile

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.embedding import EmbeddingNetwork
from irmas_tf.inference.embedding_files import embed_files, embeddings_file, write_embeddings
from irmas_tf.inference.window_model import ModelError

AUDIO = AudioConfig(sample_rate_hz=8000, window_seconds=0.25, window_hop_seconds=0.25)


@pytest.fixture(scope="module")
def network():
    """A network whose embedding is the mean, the mean square and their sum."""
    waveform = keras.Input((None,))
    mean = keras.ops.mean(waveform, axis=1, keepdims=True)
    square = keras.ops.mean(keras.ops.square(waveform), axis=1, keepdims=True)
    model = keras.Model(waveform, keras.layers.Concatenate()([mean, square, mean + square]))
    return EmbeddingNetwork(model, AUDIO, {"backbone": "toy"})


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name, length in (("a", 4000), ("b", 2000)):
        soundfile.write(tmp_path / f"{name}.wav", rng.uniform(-1, 1, length), 8000, "FLOAT")
    (tmp_path / "c.wav").write_bytes(b"not audio")
    return tmp_path


def expected(path):
    samples, _ = soundfile.read(path, dtype="float32")
    windows = samples.reshape(-1, 2000)
    mean, square = windows.mean(axis=1), np.square(windows).mean(axis=1)
    return np.stack([mean, square, mean + square], axis=1).mean(axis=0)


def test_npz_holds_files_embeddings_and_their_origin(network, folder):
    seen = []
    found = embed_files(
        network,
        [str(folder / f"{name}.wav") for name in "abc"],
        total=3,
        progress=lambda results, total: (seen.append((result, total)) or result for result in results),
    )
    assert [clip.path for clip in found.clips] == [str(folder / "a.wav"), str(folder / "b.wav")]
    assert [failure.path for failure in found.failures] == [str(folder / "c.wav")] and [total for _, total in seen] == [
        3,
        3,
        3,
    ]
    write_embeddings(folder / "out.npz", found, network)
    with np.load(folder / "out.npz", allow_pickle=False) as file:
        assert file["files"].tolist() == [str(folder / "a.wav"), str(folder / "b.wav")]
        assert file["duration_seconds"].tolist() == [0.5, 0.25]
        assert file["embeddings"].dtype == np.float32
        for path, row in zip(file["files"], file["embeddings"], strict=True):
            np.testing.assert_allclose(row, expected(path), atol=1e-6)
        metadata = json.loads(str(file["metadata"]))
    assert metadata["backbone"] == "toy" and metadata["window_seconds"] == 0.25


def test_csv_has_a_row_per_file(network, folder):
    write_embeddings(folder / "out.csv", embed_files(network, [str(folder / "a.wav")]), network)
    header, row = csv.reader((folder / "out.csv").open())
    assert header == ["file", "duration_seconds", "e0", "e1", "e2"]
    assert row[:2] == [str(folder / "a.wav"), "0.500"]
    np.testing.assert_allclose([float(value) for value in row[2:]], expected(folder / "a.wav"), rtol=1e-5)


def test_a_model_without_an_embedding_is_refused(folder):
    class Lite:
        outputs = ("probabilities",)
        source = {"run": "piano"}  # noqa: RUF012

    with pytest.raises(ModelError, match="the model of 'piano': has no embedding, only probabilities; export it again"):
        embed_files(Lite(), [str(folder / "a.wav")])


def test_outputs_that_cannot_be_written_are_refused_at_once(tmp_path):
    with pytest.raises(ConfigError, match=r"end the name in \.npz"):
        embeddings_file(str(tmp_path / "out.txt"))
    with pytest.raises(ConfigError, match="does not exist; make it first"):
        embeddings_file(str(tmp_path / "absent" / "out.npz"))
