from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.metrics.aggregation import AGGREGATION_WORDS, AGGREGATIONS, mean_over_windows, s2_of_mean


def test_means_are_those_of_each_clips_windows() -> None:
    values = np.random.default_rng(0).random([10, 3]).astype(np.float32)
    clip_of = np.array([0, 0, 0, 1, 2, 2, 3, 3, 3, 3])
    expected = [values[clip_of == k].astype(float).mean(axis=0) for k in range(4)]
    np.testing.assert_allclose(mean_over_windows(values, clip_of, 4), expected, rtol=1e-12)


def test_a_clip_without_windows_is_named() -> None:
    with pytest.raises(ValueError, match="clip 1 has no window"):
        mean_over_windows(np.zeros([2, 3]), np.array([0, 2]), 3)


def test_s2_is_the_sum_over_windows_divided_by_the_largest_class() -> None:
    windows = np.random.default_rng(1).random([7, 4])
    sums = windows.sum(axis=0)
    np.testing.assert_allclose(s2_of_mean(windows.mean(axis=0)[np.newaxis])[0], sums / sums.max(), rtol=1e-12)


def test_s2_of_nothing_is_nothing() -> None:
    assert s2_of_mean(np.array([[0.0, 0.0], [0.2, 0.1]])).tolist() == [[0.0, 0.0], [1.0, 0.5]]


def test_every_aggregation_is_described() -> None:
    assert set(AGGREGATION_WORDS) == set(AGGREGATIONS)
