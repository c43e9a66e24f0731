from __future__ import annotations

import numpy as np

from irmas_tf.metrics.confidence import selective_curves


def test_only_confident_answers_are_given() -> None:
    given, right = selective_curves([0.9, 0.5, 0.5, 0.1], [True, True, False, False], [0.0, 0.5, 0.6, 0.95])
    np.testing.assert_allclose(given, [1, 0.75, 0.25, 0])
    np.testing.assert_allclose(right, [0.5, 2 / 3, 1, np.nan])


def test_against_a_loop() -> None:
    rng = np.random.default_rng(0)
    confidence, right = rng.random(200), rng.random(200) < 0.4
    levels = np.linspace(0, 1, 30)
    given, hits = selective_curves(confidence, right, levels)
    for level, share, of_given in zip(levels, given, hits, strict=True):
        kept = right[confidence >= level]
        assert share == len(kept) / 200
        assert (np.isnan(of_given) and not len(kept)) or of_given == kept.mean()
