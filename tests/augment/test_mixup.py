from __future__ import annotations

import numpy as np
import tensorflow as tf
from scipy import stats

from irmas_tf.augment.mixup import mix, mixing_weights


def test_weights_depend_on_seed_and_step_only():
    first = mixing_weights(1, 7, 16, 0.4)
    np.testing.assert_array_equal(first, mixing_weights(1, 7, 16, 0.4))
    assert not np.array_equal(first, mixing_weights(1, 8, 16, 0.4))
    assert not np.array_equal(first, mixing_weights(2, 7, 16, 0.4))
    assert first.dtype == np.float32


def test_weights_follow_the_folded_beta_distribution():
    drawn = np.concatenate([mixing_weights(0, step, 100, 0.5) for step in range(100)])
    assert drawn.min() >= 0.5 and drawn.max() <= 1.0
    beta = stats.beta(0.5, 0.5)
    result = stats.kstest(drawn, lambda x: beta.cdf(x) - beta.cdf(1 - x))
    assert result.pvalue > 0.01


def test_off_means_examples_stay_whole():
    np.testing.assert_array_equal(mixing_weights(0, 0, 4, 0.0), np.ones(4))


def test_waveforms_and_targets_are_mixed_alike():
    rng = np.random.default_rng(0)
    waveform = rng.standard_normal([4, 10]).astype(np.float32)
    targets = np.eye(4, dtype=np.float32)
    share = np.array([1.0, 0.5, 0.75, 0.6], np.float32)
    mixed, labels = mix(tf.constant(waveform), tf.constant(targets), tf.constant(share))
    for i in range(4):
        np.testing.assert_allclose(mixed[i], share[i] * waveform[i] + (1 - share[i]) * waveform[i - 1], rtol=1e-6)
        assert float(labels[i][i]) == share[i]
    np.testing.assert_allclose(np.sum(labels, axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(mixed[0], waveform[0])
