"""Influences of songs on average precision and ROC AUC, against scikit-learn and against derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from irmas_tf.metrics import multilabel
from irmas_tf.metrics.ranking_influence import average_precision_of_songs, roc_auc_of_songs
from irmas_tf.metrics.song_intervals import Songs

STATISTICS = [
    (average_precision_of_songs, average_precision_score, multilabel.weighted_average_precision),
    (roc_auc_of_songs, roc_auc_score, multilabel.weighted_roc_auc),
]


def _class(clips: int = 120, decimals: int = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray, Songs]:
    """Return labels and scores, with ties, of a class, and songs of uneven size."""
    rng = np.random.default_rng(seed)
    labels = rng.random(clips) < 0.3
    scores = np.round(labels * 0.4 + rng.random(clips), decimals)
    return labels, scores, Songs(np.sort(rng.integers(0, 25, clips)) * 3 - 7)


@pytest.mark.parametrize("decimals", [0, 1, 9])
@pytest.mark.parametrize("of_songs, reference, _", STATISTICS)
def test_the_value_is_scikit_learn_s_and_leaving_songs_out_is_near_the_change(of_songs, reference, _, decimals):
    labels, scores, songs = _class(decimals=decimals)
    value, change, holding = of_songs(labels, scores, songs.position, songs)
    assert value == pytest.approx(reference(labels, scores))
    kept = [songs.position != song for song in range(songs.count)]
    without = np.array([reference(labels[k], scores[k]) for k in kept]) - value
    assert np.abs(change - without).max() < 0.1 * np.abs(without).max()
    assert holding == len(set(songs.position[labels])) < songs.count


@pytest.mark.parametrize("of_songs, _, weighted", STATISTICS)
def test_changes_are_derivatives_by_the_weights_of_songs(of_songs, _, weighted):
    labels, scores, songs = _class()
    value, change, _holding = of_songs(labels, scores, songs.position, songs)
    member = songs.position == np.arange(songs.count)[:, np.newaxis]
    step = 1e-6
    slope = (weighted(labels, scores, 1 + step * member) - value) / step
    if of_songs is average_precision_of_songs:
        held = np.bincount(songs.position, labels) / labels.sum()
        np.testing.assert_allclose(change, -slope / (1 - held), atol=1e-5)
    else:  # each side is divided by its own rest
        assert np.corrcoef(change, -slope)[0, 1] > 0.999


@pytest.mark.parametrize("of_songs, _, __", STATISTICS)
def test_songs_that_are_not_there_change_nothing_and_order_does_not_matter(of_songs, _, __):
    labels, scores, songs = _class()
    value, change, holding = of_songs(labels, scores, songs.position, songs)
    shuffled = np.random.default_rng(1).permutation(len(labels))
    other = of_songs(labels[shuffled], scores[shuffled], songs.position[shuffled], songs)
    assert other[0] == pytest.approx(value) and other[2] == holding
    np.testing.assert_allclose(other[1], change, atol=1e-12)
    rows = songs.position < 20  # the known clips of a class; the last songs have none
    _, partly, _ = of_songs(labels[rows], scores[rows], songs.position[rows], songs)
    assert partly.shape == (songs.count,) and not partly[20:].any() and partly[:20].any()


@pytest.mark.parametrize("of_songs, _, __", STATISTICS)
def test_a_song_that_holds_the_class_alone_has_no_change(of_songs, _, __):
    """Without it there would be no figure; its variance is the business of the intervals."""
    scores = np.array([0.9, 0.3, 0.5, 0.4, 0.8, 0.1])
    labels = np.array([True, True, False, False, False, False])
    songs = Songs([0, 0, 1, 1, 2, 2])
    _, change, holding = of_songs(labels, scores, songs.position, songs)
    assert holding == 1 and np.isfinite(change).all()
    assert change[0] == 0 and change[1:].any()
