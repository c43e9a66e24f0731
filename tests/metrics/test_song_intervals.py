from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from irmas_tf.metrics.song_intervals import (
    Parts,
    Songs,
    interval_of,
    intervals_of_each,
    ratio_parts,
    wilson_interval,
)


def test_sums_are_those_of_each_song() -> None:
    songs = Songs(["b", "a", "b"])
    np.testing.assert_array_equal(songs.sums([1, 2, 3]), [2, 4])
    np.testing.assert_array_equal(songs.sums([[True, False], [True, True], [True, False]]), [[1, 1], [2, 0]])
    with pytest.raises(ValueError, match="2 values and the songs of 3 clips"):
        songs.sums([1, 2])


def test_wilson_is_scipys_where_songs_are_many() -> None:
    """With a million songs Student's t is normal."""
    for right, trials in ((7, 10), (0, 12), (12, 12), (1, 200)):
        ours = wilson_interval(right / trials, trials, 1_000_000)
        low, high = stats.binomtest(right, trials).proportion_ci(method="wilson")
        assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-5)
        assert ours.low <= right / trials <= ours.high


def test_the_variance_is_that_of_leaving_songs_out() -> None:
    rng = np.random.default_rng(0)
    bottom = rng.integers(1, 9, [12, 3]).astype(float)
    top = rng.random([12, 3]) * bottom
    parts = ratio_parts(top, bottom)
    values = top.sum(axis=0) / bottom.sum(axis=0)
    without = np.array([(top.sum(axis=0) - t) / (bottom.sum(axis=0) - b) for t, b in zip(top, bottom, strict=True)])
    np.testing.assert_allclose(parts.values, values)
    np.testing.assert_allclose(parts.variances, ((without - values) ** 2).sum(axis=0))
    np.testing.assert_allclose(np.abs(parts.together), np.abs((without - values).sum(axis=1)))


def test_songs_of_one_clip_are_a_proportion() -> None:
    """Clips that are songs of their own: the variance is that of independent trials."""
    right = np.r_[np.ones(70), np.zeros(30)][:, np.newaxis]
    interval = interval_of(ratio_parts(right, np.ones([100, 1]), trials=100))
    assert interval is not None
    wilson = wilson_interval(0.7, 100, 100)
    assert interval.low == pytest.approx(wilson.low, abs=0.002)
    assert interval.high == pytest.approx(wilson.high, abs=0.002)


def test_where_everything_is_right_a_song_is_one_trial() -> None:
    perfect = interval_of(ratio_parts(np.full([20, 1], 10.0), np.full([20, 1], 10.0), trials=200))
    assert perfect is not None and perfect.high == 1
    assert perfect.low == pytest.approx(wilson_interval(1, 20, 20).low) and 0.75 < perfect.low < 0.9


def test_what_one_song_holds_has_no_interval_of_its_own() -> None:
    one_song = ratio_parts(np.array([[3.0]]), np.array([[4.0]]))
    assert interval_of(one_song) is None and intervals_of_each(one_song) == [None]
    held_once = ratio_parts(np.array([[3.0], [0.0]]), np.array([[4.0], [0.0]]))
    assert interval_of(held_once) is None
    nothing = ratio_parts(np.zeros([3, 1]), np.zeros([3, 1]))
    assert interval_of(nothing) is None and intervals_of_each(nothing) == []


def test_a_class_of_one_song_widens_the_interval_of_the_mean() -> None:
    """It is given the variance of one song of the others, not none."""
    rng = np.random.default_rng(1)
    top = rng.random([30, 4])
    known = interval_of(ratio_parts(top, np.ones([30, 4])))
    alone, bottom = np.c_[top, np.zeros(30)], np.c_[np.ones([30, 4]), np.zeros(30)]
    alone[0, 4], bottom[0, 4] = 0.5, 1.0
    parts = ratio_parts(alone, bottom)
    assert parts.songs_of.tolist() == [30] * 4 + [1]
    with_it = interval_of(parts)
    assert known is not None and with_it is not None
    assert with_it.high - with_it.low > 1.3 * (known.high - known.low)
    assert isinstance(parts, Parts) and parts.variances[4] == 0


def test_the_interval_of_a_ranking_score_is_students_on_the_logit_scale() -> None:
    values = np.random.default_rng(3).beta(8, 1, 25)
    parts = ratio_parts(values[:, np.newaxis], np.ones([25, 1]))
    found = interval_of(parts, of_rankings=True)
    # By the delta method; each song's influence is divided by 1 - its share.
    error = stats.sem(values) * np.sqrt(25 / 24) / (values.mean() * (1 - values.mean()))
    low, high = stats.t.interval(0.95, 24, special.logit(values.mean()), error)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((special.expit(low), special.expit(high)), rel=1e-9)
    perfect = ratio_parts(np.ones([25, 1]), np.ones([25, 1]))
    assert interval_of(perfect, of_rankings=True) == interval_of(perfect)
