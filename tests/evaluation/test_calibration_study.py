from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from irmas_tf.config.labels import MULTI_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.evaluation.calibration_study import (
    AS_IS,
    ESTIMATED_PRIOR,
    TEMPERATURE,
    UNIFORM_PRIOR,
    VARIANT_WORDS,
    class_prior,
    study_calibration,
)
from irmas_tf.evaluation.window_scores import WindowScores
from irmas_tf.metrics.calibration import negative_log_likelihood
from tests.helpers.tiny_run import make_config

PRIOR = np.linspace(0.1, 0.4, 11)


def _multi_label() -> Config:
    config = make_config()
    return dataclasses.replace(config, model=dataclasses.replace(config.model, task=MULTI_LABEL))


def _clips(
    prior: np.ndarray, stated: np.ndarray, seed: int, overstated: float = 1.0
) -> tuple[WindowScores, np.ndarray]:
    """Return one window a clip, logits right for the prior ``stated``, times ``overstated``; and the labels."""
    rng = np.random.default_rng(seed)
    labels = rng.random([3000, 11]) < prior
    evidence = 2 * (np.where(labels, 1.0, -1.0) + rng.standard_normal(labels.shape))
    logits = overstated * (evidence + np.log(stated / (1 - stated)))
    return WindowScores(_multi_label(), logits.astype(np.float32), np.arange(3000), 3000), labels


@pytest.mark.slow
def test_an_overstated_model_is_cooled() -> None:
    validation, validation_labels = _clips(PRIOR, PRIOR, 0, overstated=3.0)
    scored, labels = _clips(PRIOR, PRIOR, 1, overstated=3.0)
    study = study_calibration(validation, validation_labels, scored, labels, "made clips")
    for aggregation in ("mean", "mean_logit"):
        assert study.temperatures[aggregation] == pytest.approx(3.0, rel=0.05)
        before, after = study.variant(aggregation, AS_IS), study.variant(aggregation, TEMPERATURE)
        assert after.negative_log_likelihood < before.negative_log_likelihood
        assert after.reliability.expected_calibration_error < 0.02 < before.reliability.expected_calibration_error
        assert after.mean_average_precision == pytest.approx(before.mean_average_precision), "the order stays"
        assert after.micro_f1 == pytest.approx(before.micro_f1, abs=1e-3), "and so do decisions"
    assert {v.name for v in study.variants} == set(VARIANT_WORDS) and len(study.variants) == 8


@pytest.mark.slow
def test_a_shifted_prior_is_found_without_labels_and_corrected() -> None:
    target = PRIOR[::-1].copy()
    validation, validation_labels = _clips(PRIOR, PRIOR, 2)
    scored, labels = _clips(target, PRIOR, 3)
    study = study_calibration(validation, validation_labels, scored, labels, "made clips")
    np.testing.assert_allclose(study.validation_prior, PRIOR, atol=0.03)
    np.testing.assert_allclose(study.source_priors["mean"], PRIOR, atol=0.03)
    np.testing.assert_allclose(study.estimated_priors["mean"], target, atol=0.04)
    plain, mended = study.variant("mean", TEMPERATURE), study.variant("mean", ESTIMATED_PRIOR)
    assert mended.negative_log_likelihood < plain.negative_log_likelihood
    assert mended.lrap > plain.lrap and mended.macro_f1 > plain.macro_f1
    # Dividing the prior out is half the way from the validation's prior to its mirror image.
    half = study.variant("mean", UNIFORM_PRIOR)
    assert plain.lrap < half.lrap < mended.lrap


@pytest.mark.slow
def test_a_bias_of_the_model_is_no_shift_of_the_prior() -> None:
    """A model that says too much everywhere says so on the validation clips too: the estimate must not run away."""
    (validation, validation_labels), (scored, labels) = _clips(PRIOR, PRIOR, 7), _clips(PRIOR, PRIOR, 8)
    validation, scored = (dataclasses.replace(w, logits=w.logits + np.float32(2.5)) for w in (validation, scored))
    study = study_calibration(validation, validation_labels, scored, labels, "made clips")
    assert (study.source_priors["mean"] > study.validation_prior + 0.1).all()
    np.testing.assert_allclose(study.estimated_priors["mean"], study.source_priors["mean"], atol=0.06)
    plain, mended = study.variant("mean", TEMPERATURE), study.variant("mean", ESTIMATED_PRIOR)
    assert mended.micro_f1 == pytest.approx(plain.micro_f1, abs=0.02)


@pytest.mark.slow
def test_labels_of_the_scored_clips_change_no_probability() -> None:
    validation, validation_labels = _clips(PRIOR, PRIOR, 4)
    scored, labels = _clips(PRIOR, PRIOR, 5)
    one = study_calibration(validation, validation_labels, scored, labels, "")
    other = study_calibration(validation, validation_labels, scored, ~labels, "")
    assert one.temperatures == other.temperatures
    np.testing.assert_array_equal(one.estimated_priors["mean"], other.estimated_priors["mean"])
    np.testing.assert_array_equal(
        one.variant("mean", ESTIMATED_PRIOR).reliability.count, other.variant("mean", ESTIMATED_PRIOR).reliability.count
    )


@pytest.mark.slow
def test_the_temperature_is_fitted_on_the_aggregated_probabilities() -> None:
    windows, labels = _clips(PRIOR, PRIOR, 6, overstated=2.0)
    paired = dataclasses.replace(windows, clip_of=np.arange(3000) // 2, clips=1500)
    labels = labels[::2] | labels[1::2]
    study = study_calibration(paired, labels, paired, labels, "themselves")
    for name, temperature in study.temperatures.items():
        losses = [negative_log_likelihood(labels, paired.aggregated(temperature * x)[name]) for x in (0.9, 1.0, 1.1)]
        assert losses[1] == min(losses)


def test_priors_of_one_class_a_clip_are_shares() -> None:
    labels = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]], bool)
    assert class_prior(labels, exclusive=False).tolist() == [3.5 / 4, 1 / 4, 0.5 / 4]
    assert class_prior(labels, exclusive=True).tolist() == pytest.approx([0.7, 0.2, 0.1])
