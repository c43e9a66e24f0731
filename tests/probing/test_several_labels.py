"""The probe of several and unknown labels: a class is learnt from, and scored on, the excerpts of which it is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from irmas_tf.config.labels import LabelScheme
from irmas_tf.metrics.multilabel import mean_average_precision
from irmas_tf.probing.probe_run import summarize, summary_table
from irmas_tf.probing.several_labels import cross_validate_labels

SCHEME = LabelScheme.of("two", {"low tone": "low", "high": "high tone"})


def _case(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 2, [60, 2]).astype(np.int8)
    vectors = targets @ rng.normal(size=[2, 5]) + 0.3 * rng.normal(size=[60, 5])
    targets[rng.random(targets.shape) < 0.4] = -1
    return vectors, targets, np.repeat(np.arange(20), 3)


def test_a_song_is_answered_by_a_regression_on_the_known_labels_of_others() -> None:
    vectors, targets, groups = _case()
    result = cross_validate_labels(vectors, targets, groups, folds=20, regularization=1.0)
    held_out = groups == 7
    scaler = StandardScaler().fit(vectors[~held_out])
    for k in range(2):
        known = ~held_out & (targets[:, k] >= 0)
        model = LogisticRegression(C=1.0, max_iter=2000).fit(scaler.transform(vectors[known]), targets[known, k])
        expected = model.predict_proba(scaler.transform(vectors[held_out]))[:, 1]
        np.testing.assert_allclose(result.probabilities[held_out, k], expected, atol=1e-6)
    summary = summarize(result, SCHEME)
    assert summary["mean_average_precision"]["value"] == mean_average_precision(targets, result.probabilities) > 0.8
    assert [row["known"] for row in summary["per_class"]] == (targets >= 0).sum(axis=0).tolist()
    assert summary["names"] == ["low", "high tone"] and "% of the labels known" in summary_table(summary, SCHEME)


def test_unknown_labels_teach_nothing() -> None:
    vectors, targets, groups = _case()
    targets[:, 1] = -1
    result = cross_validate_labels(vectors, targets, groups, folds=3)
    assert (result.probabilities[:, 1] == 0.5).all()
    with pytest.raises(ValueError, match="only 20 songs"):
        cross_validate_labels(vectors, targets, groups, folds=21)
