from __future__ import annotations

import keras
import numpy as np
import pytest
import soundfile

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.data import DataConfig
from irmas_tf.config.labels import get_label_scheme
from irmas_tf.config.run_config import Config, ModelConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.evaluation import probe_run
from irmas_tf.inference.embedding import EmbeddingNetwork
from irmas_tf.inference.run_model import RunModel
from irmas_tf.models.factory import build_model
from irmas_tf.runs.run_dir import RunDir

SCHEME = get_label_scheme("irmas")
CODES = ("cel", "gel", "voi")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """Three classes of six songs, two excerpts a song: a constant of a class's own level in noise."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for number, code in enumerate(CODES):
        target = folder / "IRMAS-TrainingData" / code
        target.mkdir(parents=True)
        for song in range(6):
            for excerpt in (1, 2):
                samples = 0.3 * (number - 1) + 0.1 * rng.standard_normal(4000).clip(-4, 4)
                soundfile.write(target / f"[{code}][cla]{10 * number + song:04d}__{excerpt}.wav", samples, 8000)
    return folder


@pytest.fixture
def embedder():
    waveform = keras.Input((None,))
    mean = keras.ops.mean(waveform, axis=1, keepdims=True)
    model = keras.Model(waveform, keras.layers.Concatenate()([mean, mean * mean]))
    audio = AudioConfig(sample_rate_hz=8000, window_seconds=0.25, window_hop_seconds=0.25)
    return EmbeddingNetwork(model, audio, {"backbone": "toy"})


def probe(embedder, data_dir, tmp_path, folds=3, **options):
    options = {"cache_dir": str(tmp_path), "folds": folds, "regularization": 10.0, "seed": 0, **options}
    return probe_run.probe_data(embedder, Irmas(DataConfig()), str(data_dir), **options)


def test_levels_are_told_apart_and_the_summary_says_so(embedder, data_dir, tmp_path):
    summary = probe_run.summarize(probe(embedder, data_dir, tmp_path), SCHEME)
    assert summary["accuracy"]["value"] == 1.0
    assert (summary["excerpts"], summary["songs"], summary["folds"]) == (36, 18, 3)
    assert summary["majority_baseline"] == pytest.approx(1 / 3)
    assert summary["per_class_f1"]["gel"] == 1.0
    table = probe_run.summary_table(summary, SCHEME)
    assert "accuracy  1.000" in table and "36 excerpts of 18 songs" in table


def test_a_learning_curve_is_summarized_and_written(embedder, data_dir, tmp_path):
    assert probe_run.summarize(probe(embedder, data_dir, tmp_path), SCHEME)["learning_curve"] == []
    summary = probe_run.summarize(probe(embedder, data_dir, tmp_path, learning_curve=True), SCHEME)
    assert [point["songs"] for point in summary["learning_curve"]] == [3, 3, 6, 12]
    assert summary["learning_curve"][-1] == {"songs": 12, "excerpts": 24, "accuracy": 1.0}
    table = probe_run.summary_table(summary, SCHEME)
    assert table.endswith("     12        24     1.000\n")


@pytest.fixture
def calls(monkeypatch):
    """Return a list that grows with every computation of embeddings."""
    calls, original = [], probe_run.embed_files
    monkeypatch.setattr(probe_run, "embed_files", lambda *args, **kwargs: calls.append(1) or original(*args, **kwargs))
    return calls


def test_embeddings_are_computed_once_and_again_when_a_file_changes(embedder, data_dir, tmp_path, calls):
    first = probe(embedder, data_dir, tmp_path)
    again = probe(embedder, data_dir, tmp_path)
    np.testing.assert_array_equal(first.predicted, again.predicted)
    assert len(calls) == 1
    path = next((data_dir / "IRMAS-TrainingData" / "cel").iterdir())
    soundfile.write(path, np.zeros(3000), 8000)
    probe(embedder, data_dir, tmp_path)
    assert len(calls) == 2


def test_embeddings_of_another_model_in_the_same_run_folder_are_not_taken(data_dir, tmp_path, calls):
    branch = "mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000"
    config = Config(
        audio=AudioConfig(sample_rate_hz=8000, window_seconds=0.25, window_hop_seconds=0.25),
        model=ModelConfig(branches=(branch,), stage_channels=(8,), stem_stride=2, head_units=12),
    )
    run = RunDir.create(tmp_path / "run", config)
    for seed, expected in ((0, 1), (1, 2), (1, 2)):
        keras.utils.set_random_seed(seed)
        if len(calls) < expected:
            build_model(config).save(run.model_path)
        probe(RunModel.open(run), data_dir, tmp_path / "cache")
        assert len(calls) == expected


def test_embeddings_of_another_version_are_not_taken(embedder, data_dir, tmp_path, calls, monkeypatch):
    probe(embedder, data_dir, tmp_path)
    monkeypatch.setattr(probe_run, "__version__", "99")
    probe(embedder, data_dir, tmp_path)
    assert len(calls) == 2


def test_too_many_folds_are_refused(embedder, data_dir, tmp_path):
    with pytest.raises(ConfigError, match="--folds=7"):
        probe(embedder, data_dir, tmp_path, folds=7)


def test_unreadable_excerpts_are_refused(embedder, data_dir, tmp_path):
    broken = data_dir / "IRMAS-TrainingData" / "voi" / "[voi][cla]0099__1.wav"
    broken.write_bytes(b"RIFF")
    try:
        with pytest.raises(ConfigError, match="1 of 37 excerpts cannot be read"):
            probe(embedder, data_dir, tmp_path)
    finally:
        broken.unlink()
