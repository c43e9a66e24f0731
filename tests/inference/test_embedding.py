from __future__ import annotations

import hashlib

import numpy as np
import pytest

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.run_config import Config, ModelConfig
from irmas_tf.inference.embedding import load_backbone
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.window_model import EMBEDDING, ModelError
from irmas_tf.models.factory import build_model, embedding_model
from irmas_tf.models.pretrained import embedding_backbone
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.weights.loading import load_pretrained
from irmas_tf.weights.weight_file import read_weight_file, write_weight_file

SPEC = BACKBONES.get("mn01")


@pytest.fixture(scope="module")
def plain(mn01_weights):
    return load_backbone("mn01", str(mn01_weights), 0.5, 0.25)


@pytest.mark.slow
def test_a_backbone_gives_its_embedding_of_a_window(plain, mn01_weights):
    embedder = plain
    assert embedder.outputs == (EMBEDDING,)
    assert (embedder.audio.sample_rate_hz, embedder.audio.window_samples) == (32000, 16000)
    assert embedder.source["backbone"] == "mn01" and embedder.source["weights"]["file"] == "x.pt"
    windows = np.random.default_rng(0).uniform(-0.5, 0.5, [3, 16000]).astype(np.float32)
    values = embedder.values(windows)
    assert values.shape == (3, 96) == (3, SPEC.embedding_size) and values.dtype == np.float32
    model = embedding_backbone(SPEC)
    unlike = model(windows).numpy()
    load_pretrained(model, SPEC, mn01_weights)
    expected = model(windows).numpy()
    size = np.linalg.norm(expected)
    assert np.linalg.norm(values - expected) < 1e-4 * size < 1e-2 * np.linalg.norm(values - unlike)


@pytest.mark.slow
def test_a_profile_has_the_bands_of_three_layers_and_a_source_of_its_own(plain, mn01_weights):
    embedder = load_backbone("mn01", str(mn01_weights), 0.5, 0.25, profile=True)
    assert embedder.source == {**plain.source, "profile": True}  # or a cache of one would answer for the other
    windows = np.random.default_rng(0).uniform(-0.5, 0.5, [2, 16000]).astype(np.float32)
    assert embedder.values(windows).shape == (2, 8 * 16 + 4 * 16 + 4 * SPEC.embedding_size)
    last = embedder.values(windows)[:, -4 * SPEC.embedding_size :].reshape(2, 4, -1)
    np.testing.assert_allclose(last.mean(axis=1), plain.values(windows), rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="yamnet has no profile"):
        embedding_backbone(BACKBONES.get("yamnet"), profile=True)


@pytest.mark.slow
def test_another_backbones_weights_are_refused(mn01_weights):
    with pytest.raises(WeightsError, match="holds weights of mn01, not of mn02"):
        load_backbone("mn02", str(mn01_weights), 0.5, 0.25)
    with pytest.raises(ValueError, match="mn04"):
        load_backbone("mn99", str(mn01_weights), 0.5, 0.25)


@pytest.mark.slow
def test_the_source_names_the_weights_themselves(plain, mn01_weights, tmp_path):
    """The same published file can be converted again, and differently."""
    file = read_weight_file(mn01_weights)
    tensors = {key: 2 * value if key == "features_16_bn/gamma" else value for key, value in file.tensors.items()}
    other = write_weight_file(tmp_path / "mn01.npz", file.metadata, tensors)
    sources = [dict(plain.source), load_backbone("mn01", str(other), 0.5, 0.25).source]
    assert sources[0].pop("weights_sha256") == hashlib.sha256(mn01_weights.read_bytes()).hexdigest()
    assert sources[1].pop("weights_sha256") == hashlib.sha256(other.read_bytes()).hexdigest()
    assert sources[0] == sources[1] and mn01_weights.read_bytes() != other.read_bytes()


@pytest.mark.slow
def test_a_run_gives_what_stands_before_its_classifier(tmp_path):
    branch = "mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000"
    config = Config(
        audio=AudioConfig(sample_rate_hz=8000, window_seconds=0.5, window_hop_seconds=0.5),
        model=ModelConfig(branches=(branch,), stage_channels=(8,), stem_stride=2, head_units=12),
    )
    run = RunDir.create(tmp_path / "run", config)
    with pytest.raises(ModelError, match="no model yet"):
        _ = RunModel.open(run).model
    model = build_model(config)
    model.save(run.model_path)
    embedder = RunModel.open(run)
    windows = np.random.default_rng(1).uniform(-0.5, 0.5, [2, 4000]).astype(np.float32)
    sha256 = hashlib.sha256(run.model_path.read_bytes()).hexdigest()
    assert embedder.source == {"run": "run", "configuration": config.hash, "model_sha256": sha256}
    values = embedder.values(windows, EMBEDDING)
    assert values.shape == (2, 12)
    np.testing.assert_allclose(values, embedding_model(model)(windows), atol=1e-5)
