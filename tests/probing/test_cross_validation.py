from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.probing.cross_validation import _songs_of_share, cross_validate


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


@pytest.mark.slow
def test_a_learning_curve_ends_at_the_probe_itself_and_rises():
    embeddings, labels, groups = songs(num_songs=480, per_song=2, song_noise=1.5)
    options = {"num_classes": 3, "regularization": 0.1}
    plain = cross_validate(embeddings, labels, groups, **options)
    result = cross_validate(embeddings, labels, groups, learning_curve=True, **options)
    assert plain.curve == ()
    np.testing.assert_array_equal(result.predicted, plain.predicted)
    assert result.fold_accuracies == plain.fold_accuracies
    few, *_, half, whole = result.curve
    assert [point.songs for point in result.curve] == pytest.approx([48, 96, 192, 384], abs=2)
    assert [point.excerpts for point in result.curve] == [2 * point.songs for point in result.curve]
    assert whole.accuracy == np.mean(plain.predicted == labels)
    assert few.accuracy + 0.05 < half.accuracy < whole.accuracy + 0.01


def test_the_songs_of_a_share_nest_and_leave_no_class_out():
    labels = np.repeat([0, 0, 0, 0, 1, 2], 3)
    groups = np.repeat([7, 9, 4, 8, 5, 5], 3)  # one song has excerpts of two classes
    eighth, half, whole = (_songs_of_share(labels, groups, share, seed=[0, 1]) for share in (0.125, 0.5, 1.0))
    assert whole.all() and not (eighth & ~half).any()
    assert [len(np.unique(groups[chosen & (labels == 0)])) for chosen in (eighth, half)] == [1, 2]
    assert eighth[labels > 0].all()
