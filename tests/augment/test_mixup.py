from __future__ import annotations

import numpy as np
from scipy import stats

from tests.helpers.augmenting import apply, drawn_over, noise_batch, several_labels


def test_shares_follow_the_folded_beta_distribution():
    drawn = drawn_over(several_labels(mixup_alpha=0.5), 100)["share"]
    assert drawn.min() >= 0.5 and drawn.max() <= 1.0
    beta = stats.beta(0.5, 0.5)
    assert stats.kstest(drawn, lambda x: beta.cdf(x) - beta.cdf(1 - x)).pvalue > 0.01


def test_waveforms_and_targets_are_mixed_alike():
    config = several_labels(mixup_alpha=0.4)
    waveform, targets = noise_batch(config, 4), np.eye(11, dtype=np.float32)[[4, 1, 2, 7]]
    share = np.array([1.0, 0.5, 0.75, 0.6], np.float32)
    mixed, labels = apply(config, waveform, {"mixup": {"share": share}}, targets)
    for i in range(4):
        np.testing.assert_allclose(mixed[i], share[i] * waveform[i] + (1 - share[i]) * waveform[i - 1], rtol=1e-5)
        np.testing.assert_allclose(labels[i], share[i] * targets[i] + (1 - share[i]) * targets[i - 1], rtol=1e-6)
    np.testing.assert_array_equal(mixed[0], waveform[0])
