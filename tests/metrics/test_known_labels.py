"""Unknown labels count nowhere: scikit-learn on the known ones is the oracle, per class and over all pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn import metrics as sk

from irmas_tf.metrics import multilabel, single_label, thresholds
from irmas_tf.metrics.calibration import negative_log_likelihood, reliability
from irmas_tf.metrics.known_labels import truth_and_known
from tests.helpers import cases

TOLERANCE = 1e-12


def _cases() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield labels in {-1, 0, 1} and scores: ties, classes without positives, negatives or any label, empty clips."""
    for number in range(cases(60, 600)):
        rng = np.random.default_rng(number)
        clips, classes = int(rng.integers(2, 40)), int(rng.integers(2, 12))
        labels = (rng.random([clips, classes]) < rng.uniform(0.1, 0.7)).astype(np.int8)
        scores = rng.random([clips, classes])
        if number % 2:
            scores = np.round(scores * 3) / 3
        labels[rng.random(labels.shape) < rng.uniform(0.1, 0.9)] = -1
        if number % 3 == 0:
            labels[:, 0] = np.minimum(labels[:, 0], 0)
        if number % 5 == 0:
            labels[:, 1] = -1
        if number % 7 == 0:
            labels[0] = -1
        labels[-1, -1] = 1
        yield labels, scores


@pytest.mark.slow
def test_rankings_of_a_class_are_sklearns_with_the_mask_as_weights() -> None:
    for labels, scores in _cases():
        known = labels >= 0
        precision, area = multilabel.average_precision(labels, scores), multilabel.roc_auc(labels, scores)
        for k in range(labels.shape[1]):
            truth, weight = labels[:, k] == 1, known[:, k]
            assert np.isnan(precision[k]) == (not truth.any())
            if truth.any():
                expected = sk.average_precision_score(truth, scores[:, k], sample_weight=weight)
                assert precision[k] == pytest.approx(expected, abs=TOLERANCE)
            if truth.any() and (weight & ~truth).any():
                expected = sk.roc_auc_score(truth, scores[:, k], sample_weight=weight)
                assert area[k] == pytest.approx(expected, abs=TOLERANCE)
            else:
                assert np.isnan(area[k])
        # OpenMIC's mAP, over the classes that have any positive label.
        assert multilabel.mean_average_precision(labels, scores) == pytest.approx(np.nanmean(precision), abs=TOLERANCE)


@pytest.mark.slow
def test_decisions_are_sklearns_on_the_known_pairs() -> None:
    for labels, scores in _cases():
        known, answers = labels >= 0, scores >= 0.5
        found = multilabel.decision_scores(labels, answers)
        pairs = labels[known], answers[known]
        precision, recall, f1, _ = sk.precision_recall_fscore_support(*pairs, average="binary", zero_division=0)
        assert (found.micro_precision, found.micro_recall) == pytest.approx((precision, recall), abs=TOLERANCE)
        assert found.micro_f1 == pytest.approx(f1, abs=TOLERANCE) == multilabel.micro_f1(labels, answers)
        assert found.hamming_loss == pytest.approx(1 - sk.accuracy_score(*pairs), abs=TOLERANCE)
        columns = [(labels[k, c], answers[k, c]) for c, k in enumerate(known.T)]
        of_class = [sk.f1_score(*column, zero_division=0) if len(column[0]) else 0.0 for column in columns]
        assert found.of_class.f1 == pytest.approx(of_class, abs=TOLERANCE)
        assert found.macro_f1 == pytest.approx(np.mean(of_class), abs=TOLERANCE)
        rows = [(labels[k, known[k]] == answers[k, known[k]]).all() for k in range(len(labels)) if known[k].any()]
        assert found.exact_match == pytest.approx(np.mean(rows))


@pytest.mark.slow
def test_lrap_is_sklearns_on_the_known_classes_of_each_clip() -> None:
    for labels, scores in _cases():
        of_clips = multilabel.lrap_of_clips(labels, scores)
        for row, given, found in zip(labels, scores, of_clips, strict=True):
            known = row >= 0
            alike = len(set(row[known])) < 2
            if alike and not known.all():
                assert np.isnan(found)  # nothing of it can be ranked: a 1 for every such clip would say nothing
            else:
                expected = sk.label_ranking_average_precision_score([row[known]], [given[known]])
                assert found == pytest.approx(expected, abs=TOLERANCE)
        if np.isfinite(of_clips).any():
            assert multilabel.lrap(labels, scores) == pytest.approx(np.nanmean(of_clips), abs=TOLERANCE)
        else:
            assert np.isnan(multilabel.lrap(labels, scores))


def test_what_is_scored_where_nobody_knows_the_label_changes_nothing() -> None:
    labels, scores = next(_cases())
    other = np.where(labels >= 0, scores, 1 - scores)
    for score in (multilabel.lrap, multilabel.mean_average_precision, multilabel.mean_roc_auc, thresholds.best_global):
        assert score(labels, scores) == score(labels, other)
    np.testing.assert_array_equal(thresholds.best_per_class(labels, scores), thresholds.best_per_class(labels, other))
    assert negative_log_likelihood(labels, scores) == negative_log_likelihood(labels, other)
    for a, b in zip(thresholds.counts_at(labels, scores, [0.3, 0.7]), thresholds.counts_at(labels, other, [0.3, 0.7])):
        np.testing.assert_array_equal(a, b)
    found, again = reliability(labels, scores), reliability(labels, other)
    np.testing.assert_array_equal(found.frequency, again.frequency)
    assert found.count.sum() == (labels >= 0).sum()


@pytest.mark.slow
def test_a_threshold_is_the_best_of_the_known_labels() -> None:
    for labels, scores in _cases():
        known = labels >= 0
        level = thresholds.best_global(labels, scores)
        candidates = [*np.unique(scores), 2.0]
        best = max(sk.f1_score(labels[known], scores[known] >= x, zero_division=0) for x in candidates)
        assert sk.f1_score(labels[known], scores[known] >= level, zero_division=0) == pytest.approx(best)
        of_class = thresholds.best_per_class(labels, scores, fallback=0.25)
        missing = thresholds.without_positive(labels)
        assert (of_class[missing] == 0.25).all() and missing.tolist() == (~(labels == 1).any(axis=0)).tolist()


def test_an_excerpt_of_unknown_class_counts_nowhere() -> None:
    labels, predicted = np.array([0, -1, 1, 1, -1]), np.array([0, 0, 1, 0, 2])
    assert single_label.accuracy(labels, predicted) == pytest.approx(2 / 3)
    assert single_label.confusion_matrix(labels, predicted, 3).sum() == 3
    assert single_label.majority_baseline(np.array([-1, -1, 2]), labels, 3).class_index == 2
    with pytest.raises(ValueError, match="no label is known"):
        single_label.class_scores(np.array([-1]), np.array([0]), 3)


def test_labels_are_0_1_or_unknown() -> None:
    truth, known = truth_and_known([[1, 0, -1]])
    assert (truth.tolist(), known.tolist()) == ([[True, False, False]], [[True, True, False]])
    for wrong in ([[2]], [[0.5]], [[np.nan]]):
        with pytest.raises(ValueError, match="-1"):
            truth_and_known(wrong)
    for score in (multilabel.lrap, multilabel.average_precision):
        with pytest.raises(ValueError, match="no label is known"):
            score(np.full([2, 2], -1), np.zeros([2, 2]))


@pytest.mark.slow
def test_a_thousand_classes_are_ranked_in_little_memory() -> None:
    rng = np.random.default_rng(0)
    labels, scores = rng.random([300, 1000]) < 0.03, rng.random([300, 1000])
    expected = sk.label_ranking_average_precision_score(labels, scores)
    assert multilabel.lrap(labels, scores) == pytest.approx(expected, abs=TOLERANCE)
