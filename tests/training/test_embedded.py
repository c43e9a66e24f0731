from __future__ import annotations

import keras
import numpy as np
import pytest

from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training import batches as pipeline
from irmas_tf.training.embedded import EmbeddedClips
from irmas_tf.training.sides import load_sides


def summary_model() -> keras.Model:
    """Four numbers that identify a window."""
    waveform = keras.Input((None,), dtype="float32")
    stack = [waveform[:, 0], waveform[:, -1], waveform[:, 100], waveform[:, 7]]
    return keras.Model(waveform, keras.ops.stack(stack, axis=1))


@pytest.fixture(scope="module")
def sides(corpus, tiny, tmp_path_factory):
    config = tiny(corpus, window_seconds=0.3, window_hop_seconds=0.1)
    train, _ = load_sides(config, RunDir.create(tmp_path_factory.mktemp("sides"), config))[:2]
    return config, train, EmbeddedClips(summary_model(), config, train, lambda: None)


@pytest.mark.slow
def test_evaluation_sees_every_window_of_every_clip_in_order(sides):
    config, side, embedded = sides
    batches = list(pipeline.evaluation_dataset(side.paths, config, batch_size=8, keep=True))
    expected = np.concatenate([summary_model()(waveform) for waveform, _ in batches])
    clips = np.concatenate([clip for _, clip in batches])
    found = list(embedded.evaluation_batches())
    np.testing.assert_array_equal(np.concatenate([vectors for vectors, _ in found]), expected)
    np.testing.assert_array_equal(np.concatenate([clip for _, clip in found]), clips)
    assert len(expected) == 3 * len(side)


def test_training_sees_the_excerpts_of_the_plain_epoch_in_its_order(sides):
    config, side, embedded = sides
    plain = [labels.numpy() for _, labels, _ in pipeline.training_dataset(side.paths, side.targets, config, epoch=2)]
    found = list(embedded.training_batches(2, 0))
    np.testing.assert_array_equal([labels for _, labels in found], plain)
    rows = {tuple(row): tuple(side.targets[clip]) for row, clip in zip(embedded.vectors, embedded.clips, strict=True)}
    for vectors, labels in found:
        assert [rows[tuple(row)] for row in vectors.numpy()] == list(map(tuple, labels.numpy()))


def test_an_epoch_can_begin_anywhere_and_epochs_differ(sides):
    _, _, embedded = sides
    whole = [vectors.numpy() for vectors, _ in embedded.training_batches(0, 0)]
    rest = [vectors.numpy() for vectors, _ in embedded.training_batches(0, 2)]
    np.testing.assert_array_equal(whole[2:], rest)
    other = [vectors.numpy() for vectors, _ in embedded.training_batches(1, 0)]
    assert not np.array_equal(whole, other)


def test_it_stops_when_asked(sides):
    config, side, _ = sides

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        EmbeddedClips(summary_model(), config, side, stop)
