from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.evaluation.probe import cross_validate


def songs(num_songs=60, per_song=4, classes=3, song_noise=0.0, seed=0):
    """Embeddings of songs: a class's own place, and a song's own place far from it."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(num_songs), per_song)
    labels = groups % classes
    of_class = 3.0 * np.eye(classes, 20)[labels]
    of_song = song_noise * rng.standard_normal([num_songs, 20])[groups]
    return of_class + of_song + rng.standard_normal([len(groups), 20]), labels, groups


def test_separable_classes_are_found():
    embeddings, labels, groups = songs()
    result = cross_validate(embeddings, labels, groups, num_classes=3)
    assert len(result.fold_accuracies) == 5
    assert np.mean(result.predicted == labels) > 0.9
    assert result.confusion.shape == (3, 3) and result.confusion.sum() == len(labels)
    interval = result.intervals()["accuracy"]
    assert interval.low < np.mean(result.predicted == labels) < interval.high


def test_a_songs_siblings_do_not_help():
    """Labels by chance per song: with siblings in the training folds the probe would know them all."""
    embeddings, _, groups = songs(num_songs=200, song_noise=30.0)
    labels = np.random.default_rng(1).integers(0, 3, 200)[groups]
    result = cross_validate(embeddings, labels, groups, num_classes=3, regularization=10.0)
    assert np.mean(result.predicted == labels) < 0.5


def test_the_seed_decides_the_folds():
    data = songs(song_noise=3.0)
    first, again, other = (cross_validate(*data, num_classes=3, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.predicted, again.predicted)
    assert first.fold_accuracies != other.fold_accuracies


def test_bad_input_is_named():
    embeddings, labels, groups = songs(num_songs=9)
    with pytest.raises(ValueError, match="--folds=5: class 0 has only 3 songs"):
        cross_validate(embeddings, labels, groups, num_classes=3)
    with pytest.raises(ValueError, match="do not match"):
        cross_validate(embeddings, labels[1:], groups, num_classes=3, folds=3)
