from __future__ import annotations

import shutil

import numpy as np
import pytest
import soundfile

from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.splits import load_split
from irmas_tf.layers.normalization import BinNormalization
from irmas_tf.models.factory import build_model
from irmas_tf.runs.run_dir import RunDir, RunDirError
from irmas_tf.training import batches as pipeline
from irmas_tf.training.excerpts import set_statistics
from irmas_tf.training.sides import load_sides


@pytest.fixture
def run(tmp_path) -> RunDir:
    return RunDir(tmp_path)


def test_the_sides_are_disjoint_labelled_and_repeatable(corpus, tiny, run):
    config = tiny(corpus)
    train, validation = load_sides(config, run)[:2]
    assert len(train) + len(validation) == 72
    assert not set(train.paths) & set(validation.paths)
    for side in (train, validation):
        for path, label in zip(side.paths, side.labels, strict=True):
            assert f"[{config.labels.codes[label]}]" in path
    again = load_sides(config, run)[:2]
    assert again[0].paths == train.paths and again[1].paths == validation.paths


def test_a_saved_split_is_kept_when_excerpts_are_added(corpus, tiny, run, tmp_path_factory):
    data = shutil.copytree(corpus, tmp_path_factory.mktemp("grown") / "data")
    first = load_sides(tiny(data), run)[:2]
    known = min((data / "IRMAS-TrainingData" / "cel").iterdir())
    soundfile.write(known.with_name("[cel][cla]9999__1.wav"), np.zeros(100), 8000)
    again = load_sides(tiny(data), run)[:2]
    assert [side.paths for side in again] == [side.paths for side in first]


def test_the_split_of_a_start_that_failed_is_not_taken_over(corpus, tiny, run, tmp_path_factory):
    load_sides(tiny(corpus, split_seed=1), run)
    again = load_sides(tiny(corpus, split_seed=2), run)[:2]
    fresh = load_sides(tiny(corpus, split_seed=2), RunDir(tmp_path_factory.mktemp("fresh")))[:2]
    assert again[0].paths == fresh[0].paths
    assert load_split(run.split_path).seed == 2
    run.model_path.touch()
    with pytest.raises(RunDirError, match="--split_seed=3"):
        load_sides(tiny(corpus, split_seed=3), run)


def test_no_folder_and_too_large_a_batch_are_refused(corpus, tiny, run):
    with pytest.raises(ConfigError, match="--data_dir is empty"):
        load_sides(tiny(""), run)
    with pytest.raises(ConfigError, match=r"--batch_size=1000: must be at most the \d+ excerpts"):
        load_sides(tiny(corpus, batch_size=1000), run)
    assert list(run.path.iterdir()) == []


@pytest.mark.slow
def test_statistics_centre_the_training_features(corpus, tiny, run):
    import keras

    config = tiny(
        corpus,
        branches=(
            "mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000",
            "linear:frame_length=512:hop_length=256:num_bins=24:max_frequency_hz=4000",
        ),
    )
    train, _ = load_sides(config, run)[:2]
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
