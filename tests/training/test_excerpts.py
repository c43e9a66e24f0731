from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.data import pipeline
from irmas_tf.layers.normalization import BinNormalization
from irmas_tf.models.factory import build_model
from irmas_tf.run_dir import RunDir
from irmas_tf.settings import ConfigError
from irmas_tf.training.excerpts import load_sides, set_statistics


@pytest.fixture
def run(tmp_path) -> RunDir:
    return RunDir(tmp_path)


def test_the_sides_are_disjoint_labelled_and_repeatable(corpus, tiny, run):
    config = tiny(corpus)
    train, validation = load_sides(config, run)
    assert len(train) + len(validation) == 72
    assert not set(train.paths) & set(validation.paths)
    for side in (train, validation):
        for path, label in zip(side.paths, side.labels, strict=True):
            assert f"[{config.labels.codes[label]}]" in path
    again = load_sides(config, run)
    assert again[0].paths == train.paths and again[1].paths == validation.paths


def test_a_saved_split_is_kept_whatever_the_seed_says_now(corpus, tiny, run):
    first = load_sides(tiny(corpus, split_seed=1), run)
    assert load_sides(tiny(corpus, split_seed=2), run)[0].paths == first[0].paths


def test_no_folder_and_too_large_a_batch_are_refused(corpus, tiny, run):
    with pytest.raises(ConfigError, match="--data_dir is empty"):
        load_sides(tiny(""), run)
    with pytest.raises(ConfigError, match=r"--batch_size=1000: must be at most the \d+ excerpts"):
        load_sides(tiny(corpus, batch_size=1000), run)


def test_statistics_centre_the_training_features(corpus, tiny, run):
    import keras

    config = tiny(
        corpus,
        branches=(
            "mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000",
            "linear:frame_length=512:hop_length=256:num_bins=24:max_frequency_hz=4000",
        ),
    )
    train, _ = load_sides(config, run)
    model = build_model(config)
    set_statistics(model, train, config)
    layers = [layer for layer in model.layers if isinstance(layer, BinNormalization)]
    assert len(layers) == 2
    normalised = keras.Model(model.input, {layer.name: layer.output for layer in layers})
    batches = [normalised(x) for x, _ in pipeline.evaluation_dataset(train.paths, config, batch_size=32)]
    for layer in layers:
        values = np.concatenate([np.asarray(b[layer.name]).reshape(-1, b[layer.name].shape[-1]) for b in batches])
        np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=1e-3)
        np.testing.assert_allclose(values.std(axis=0), 1.0, atol=1e-3)
