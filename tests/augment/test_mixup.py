from __future__ import annotations

import numpy as np
from scipy import stats

from irmas_tf.training.targets import known_targets, target_bounds
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


def test_a_label_of_a_mixture_is_known_where_it_is_in_both_parts():
    config = several_labels(mixup_alpha=0.4)
    labels = np.full([3, 11], 0, np.int8)
    labels[:, 0], labels[:, 1], labels[:, 2] = [1, 0, -1], [-1, -1, -1], [0, 1, 1]
    share = np.array([0.75, 1.0, 0.75], np.float32)
    _, bounds = apply(config, noise_batch(config, 3), {"mixup": {"share": share}}, target_bounds(labels).numpy())
    targets, known = (x.numpy() for x in known_targets(bounds))
    # The example before the first is the last; the second keeps all of itself.
    np.testing.assert_array_equal(known[:, :3], [[False, False, True], [True, False, True], [False, False, True]])
    np.testing.assert_allclose(targets[:, 2], [0.25, 1.0, 1.0])
    assert targets[1, 0] == 0.0 and known[:, 3:].all() and not targets[:, 3:].any()
