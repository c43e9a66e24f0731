from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from irmas_tf.metrics import calibration as c


def _two_class(clips: int, prior: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of classes that are independent, and the logits of the evidence alone (prior one half)."""
    rng = np.random.default_rng(seed)
    labels = rng.random([clips, len(prior)]) < prior
    # A normal observation around +1 or -1 with deviation s has the log likelihood ratio 2 x / s^2.
    evidence = 2 * (np.where(labels, 1.0, -1.0) + 0.9 * rng.standard_normal(labels.shape)) / 0.9**2
    return labels, evidence


def test_reliability_is_sklearns_calibration_curve() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random([200, 5]) ** 2
    labels = rng.random([200, 5]) < probabilities
    found = c.reliability(labels, probabilities, bins=10)
    right, given = calibration_curve(labels.ravel(), probabilities.ravel(), n_bins=10)
    there = found.count > 0
    np.testing.assert_allclose(found.frequency[there], right)
    np.testing.assert_allclose(found.probability[there], given)
    assert found.count.sum() == 1000


def test_calibration_error_by_hand() -> None:
    # Three pairs at .9 of which one is right, and one at .1 that is wrong: (3 |.9 - 1/3| + |.1 - 0|) / 4.
    labels, probabilities = [1, 0, 0, 0], [0.9, 0.9, 0.9, 0.1]
    assert c.expected_calibration_error(labels, probabilities) == pytest.approx((3 * (0.9 - 1 / 3) + 0.1) / 4)
    assert c.expected_calibration_error([1, 0], [1.0, 0.0]) == 0


def test_likelihood_is_sklearns() -> None:
    rng = np.random.default_rng(1)
    probabilities, labels = rng.uniform(0.01, 0.99, [50, 4]), rng.random([50, 4]) < 0.4
    expected = log_loss(labels.ravel(), probabilities.ravel())
    assert c.negative_log_likelihood(labels, probabilities) == pytest.approx(expected)


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_the_temperature_of_overstated_logits_is_found(factor: float) -> None:
    prior = np.full(4, 0.5)
    labels, logits = _two_class(4000, prior, seed=2)

    def loss(temperature: float) -> float:
        return c.negative_log_likelihood(labels, expit(factor * logits / temperature))

    found = c.fit_temperature(loss)
    assert found == pytest.approx(factor, rel=0.06)
    assert loss(found) <= min(loss(found * 1.05), loss(found / 1.05))


def test_the_temperature_stays_within_bounds() -> None:
    assert 0.05 <= c.fit_temperature(lambda x: x) <= 0.06
    assert 19 <= c.fit_temperature(lambda x: -x) <= 20


@pytest.mark.parametrize("exclusive", [True, False])
def test_correcting_there_and_back_changes_nothing(exclusive: bool) -> None:
    rng = np.random.default_rng(3)
    probabilities = softmax(rng.standard_normal([20, 5]), axis=1) if exclusive else rng.uniform(0.01, 0.99, [20, 5])
    source, target = rng.dirichlet(np.ones(5) * 3, 2)
    there = c.correct_prior(probabilities, source, target, exclusive=exclusive)
    assert not np.allclose(there, probabilities)
    np.testing.assert_allclose(c.correct_prior(there, target, source, exclusive=exclusive), probabilities, rtol=1e-9)
    if exclusive:
        np.testing.assert_allclose(there.sum(axis=1), 1)


def test_a_prior_moves_the_logit_by_the_log_of_its_odds() -> None:
    _, evidence = _two_class(50, np.array([0.5, 0.5]), seed=4)
    source, target = np.array([0.3, 0.6]), np.array([0.1, 0.7])
    found = c.correct_prior(expit(evidence + np.log(source / (1 - source))), source, target, exclusive=False)
    np.testing.assert_allclose(found, expit(evidence + np.log(target / (1 - target))), rtol=1e-9)


def test_the_prior_of_unlabelled_clips_is_found_and_mends_the_calibration() -> None:
    source, target = np.array([0.5, 0.3, 0.6]), np.array([0.1, 0.5, 0.6])
    labels, evidence = _two_class(5000, target, seed=5)
    stale = expit(evidence + np.log(source / (1 - source)))
    found = c.estimate_prior(stale, source, exclusive=False)
    np.testing.assert_allclose(found, target, atol=0.02)
    mended = c.correct_prior(stale, source, found, exclusive=False)
    assert c.expected_calibration_error(labels, mended) < 0.02 < c.expected_calibration_error(labels, stale)
    assert c.negative_log_likelihood(labels, mended) < c.negative_log_likelihood(labels, stale)


def test_the_prior_of_exclusive_classes_is_found() -> None:
    rng = np.random.default_rng(6)
    source, target = np.array([0.4, 0.4, 0.2]), np.array([0.7, 0.1, 0.2])
    label = rng.choice(3, 5000, p=target)
    # Observations around a corner of the simplex each: the log likelihoods of three normal densities.
    x = np.eye(3)[label] + 0.5 * rng.standard_normal([5000, 3])
    likelihood = -((x[:, np.newaxis] - np.eye(3)) ** 2).sum(axis=2) / (2 * 0.5**2)
    found = c.estimate_prior(softmax(likelihood + np.log(source), axis=1), source, exclusive=True)
    np.testing.assert_allclose(found, target, atol=0.03)
    assert found.sum() == pytest.approx(1)


def test_a_class_that_is_not_there_keeps_a_prior_above_zero() -> None:
    found = c.estimate_prior(np.full([50, 2], [1e-9, 0.5]), np.array([0.5, 0.5]), exclusive=False)
    assert 0 < found[0] <= 0.5 / 51 + 1e-12
    assert np.isfinite(c.correct_prior(np.array([[0.0, 1.0]]), np.array([0.5, 0.5]), found, exclusive=False)).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: c.reliability([True], [0.1, 0.2]), "1 labels and 2 probabilities"),
        (lambda: c.reliability([True], [1.5]), r"in \[0, 1\]"),
        (lambda: c.correct_prior([[0.5]], [0.0], [0.5], exclusive=False), "source prior"),
        (lambda: c.correct_prior([[0.5]], [0.5], [1.0], exclusive=False), "target prior"),
    ],
)
def test_what_is_no_probability_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
