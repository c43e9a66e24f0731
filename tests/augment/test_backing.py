from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.augment import pipeline
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_layout import DataError
from tests.helpers.augmenting import RATE_HZ, apply, draw, drawn_over, noise_batch, several_labels


def test_a_stretch_of_the_music_lies_so_far_below_the_example_and_labels_stay(tmp_path):
    song = np.random.default_rng(5).uniform(-0.3, 0.3, 3 * RATE_HZ).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", song, RATE_HZ, subtype="FLOAT")
    config = several_labels(backing_probability=0.99, backing_dir=str(tmp_path))
    prepared = pipeline.prepare(config)
    numbers = draw(config, batch=4)
    below = np.array([6, 20, 12, 6], np.float32)
    numbers["backing"] |= {"backing_turn": np.array([[0, 0]] * 3 + [[0.9, 0.999]], np.float32), "below_db": below}
    waveform = noise_batch(config, 4)
    waveform[2] = 0.0
    targets = np.eye(11, dtype=np.float32)[:4]
    out, labels = apply(config, waveform, numbers, targets, prepared)
    np.testing.assert_array_equal(labels, targets)
    assert not out[2].any() and (out[3] == waveform[3]).all(), "of silence and of what has no turn"
    added = (out - waveform)[:2].astype(np.float64)
    measured = 20 * np.log10(np.sqrt(np.mean(waveform[:2].astype(np.float64) ** 2, axis=1) / np.mean(added**2, axis=1)))
    np.testing.assert_allclose(measured, below[:2], atol=0.01)
    start = int(numbers["backing"]["backing_place"][0, 1] * len(song))
    stretch = np.resize(np.roll(song, -start), out.shape[1])
    assert np.corrcoef(added[0], stretch)[0, 1] > 0.999


def test_levels_are_between_the_two_flags_and_what_is_missing_is_named(tmp_path):
    drawn = drawn_over(several_labels(backing_probability=0.5, backing_dir="x", backing_max_db=9.0), 50)["below_db"]
    assert 6 <= drawn.min() < 6.1 and 8.9 < drawn.max() <= 9
    with pytest.raises(ConfigError, match=r"--backing_probability=0\.5: has no effect without --backing_dir"):
        several_labels(backing_probability=0.5)
    with pytest.raises(ConfigError, match="--backing_dir=songs: has no effect without --backing_probability"):
        several_labels(backing_dir="songs")
    with pytest.raises(DataError, match=r"--backing_dir=.*: does not exist"):
        pipeline.prepare(several_labels(backing_probability=0.5, backing_dir=str(tmp_path / "no")))
