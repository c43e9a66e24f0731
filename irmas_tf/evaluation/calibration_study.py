"""Temperature and prior correction, fitted on validation clips, with and without: what they change on the clips scored.

Four variants of the same probabilities:

- ``as_is``: as the model gives them.
- ``temperature``: logits divided by one number, fitted on the validation clips' likelihood.
- ``uniform_prior``: the temperature, then the validation prior divided out: every class as likely as any other. Nothing
  of the scored clips is used.
- ``estimated_prior``: the temperature, then the prior that explains the scored clips best (EM). Their audio is used,
  their labels are not: a transductive figure, not one of a clip on its own.

The prior that is taken out is the one that the probabilities imply on the validation clips, their mean there. For
calibrated probabilities it is the frequency of the labels. For others that frequency would not do: the estimate would
take a model's bias for a shift, and run away to "always" or "never".

Thresholds are chosen on the validation clips as the temperature leaves them; the prior corrections are there to make
the same thresholds right for other priors.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.evaluation.scored_clips import GLOBAL, PER_CLASS, optimal
from irmas_tf.evaluation.window_scores import WindowScores
from irmas_tf.metrics.aggregation import MEAN, MEAN_LOGIT
from irmas_tf.metrics.calibration import (
    Reliability,
    correct_prior,
    estimate_prior,
    fit_temperature,
    negative_log_likelihood,
    reliability,
)
from irmas_tf.metrics.known_labels import truth_and_known
from irmas_tf.metrics.multilabel import lrap, macro_f1, mean_average_precision, micro_f1

AS_IS, TEMPERATURE, UNIFORM_PRIOR, ESTIMATED_PRIOR = "as_is", "temperature", "uniform_prior", "estimated_prior"
VARIANT_WORDS = {
    AS_IS: "as the model gives them",
    TEMPERATURE: "temperature",
    UNIFORM_PRIOR: "temperature, validation prior divided out",
    ESTIMATED_PRIOR: "temperature, prior estimated from these clips without labels (transductive)",
}
PROBABILITY_AGGREGATIONS = (MEAN, MEAN_LOGIT)  # S2 is no probability


@dataclasses.dataclass(frozen=True)
class Variant:
    """Scores of one variant of the probabilities, all in [0, 1] but the likelihood.

    Attributes:
        name: one of `VARIANT_WORDS`.
        aggregation: how windows were combined.
        negative_log_likelihood: mean over (clip, class), nats.
        reliability: bins of probability and frequency; holds the expected calibration error.
        lrap, mean_average_precision: of the ranking.
        micro_f1: at the global level chosen on the validation clips.
        macro_f1: at the levels per class chosen on them.
    """

    name: str
    aggregation: str
    negative_log_likelihood: float
    reliability: Reliability
    lrap: float
    mean_average_precision: float
    micro_f1: float
    macro_f1: float


@dataclasses.dataclass(frozen=True)
class CalibrationStudy:
    """What was fitted, and what it did.

    Attributes:
        fitted_on: the validation clips, in words.
        temperatures: aggregation -> temperature; logits are divided by it.
        validation_prior: [classes] how frequent each class is among the validation clips (softmax: as shares).
        source_priors: aggregation -> [classes] mean probability on the validation clips, which is taken out.
        estimated_priors: aggregation -> [classes] prior that EM found for the scored clips.
        variants: of every aggregation that gives probabilities.
    """

    fitted_on: str
    temperatures: dict[str, float]
    validation_prior: np.ndarray
    source_priors: dict[str, np.ndarray]
    estimated_priors: dict[str, np.ndarray]
    variants: tuple[Variant, ...]

    def variant(self, aggregation: str, name: str) -> Variant:
        """Return one variant."""
        return next(v for v in self.variants if (v.aggregation, v.name) == (aggregation, name))


def study_calibration(
    validation: WindowScores,
    validation_labels: np.ndarray,
    scored: WindowScores,
    labels: np.ndarray,
    fitted_on: str,
) -> CalibrationStudy:
    """Fit on the validation clips, apply to the scored ones.

    Args:
        validation, validation_labels: clips to fit on; labels [clips, classes] bool, or int8 with -1 for unknown.
        scored, labels: clips to apply it to; their labels serve for the figures only.
        fitted_on: the validation clips, in words.
    """
    exclusive = scored.config.model.task == SINGLE_LABEL
    temperatures: dict[str, float] = {}
    sources: dict[str, np.ndarray] = {}
    estimated: dict[str, np.ndarray] = {}
    variants: list[Variant] = []
    for aggregation in PROBABILITY_AGGREGATIONS:

        def loss(temperature: float, aggregation: str = aggregation) -> float:
            return negative_log_likelihood(validation_labels, validation.aggregated(temperature)[aggregation])

        temperature = fit_temperature(loss)
        temperatures[aggregation] = temperature
        plain = scored.aggregated()[aggregation]
        cooled = scored.aggregated(temperature)[aggregation]
        before = validation.aggregated()[aggregation]
        after = validation.aggregated(temperature)[aggregation]
        source = sources[aggregation] = implied_prior(after)
        uniform = np.full_like(source, source.mean())
        estimated[aggregation] = estimate_prior(cooled, source, exclusive=exclusive)
        for name, probabilities, reference in (
            (AS_IS, plain, before),
            (TEMPERATURE, cooled, after),
            (UNIFORM_PRIOR, correct_prior(cooled, source, uniform, exclusive=exclusive), after),
            (ESTIMATED_PRIOR, correct_prior(cooled, source, estimated[aggregation], exclusive=exclusive), after),
        ):
            variants.append(
                Variant(
                    name,
                    aggregation,
                    negative_log_likelihood(labels, probabilities),
                    reliability(labels, probabilities),
                    lrap(labels, probabilities),
                    mean_average_precision(labels, probabilities),
                    micro_f1(labels, probabilities >= optimal(validation_labels, reference, GLOBAL)),
                    macro_f1(labels, probabilities >= optimal(validation_labels, reference, PER_CLASS)),
                )
            )
    prior = class_prior(validation_labels, exclusive=exclusive)
    return CalibrationStudy(fitted_on, temperatures, prior, sources, estimated, tuple(variants))


def class_prior(labels: np.ndarray, *, exclusive: bool) -> np.ndarray:
    """Return how frequent each class is, [classes] in (0, 1), of labels [clips, classes].

    A class that is never or always there counts half a clip more or less, so that no prior is 0 or 1; one of which
    nothing is known has .5.

    Args:
        labels: [clips, classes] bool, or int8 of 1, 0 and -1 (unknown), of which the known ones count.
        exclusive: as shares of all labels, which add up to 1; else as shares of the clips.
    """
    truth, known = truth_and_known(labels)
    clips = np.maximum(known.sum(axis=0), 1)
    counts = np.clip(truth.sum(axis=0).astype(np.float64), 0.5, clips - 0.5)
    return counts / counts.sum() if exclusive else counts / clips


def implied_prior(probabilities: np.ndarray) -> np.ndarray:
    """Return the mean [classes] of probabilities [clips, classes], kept half a clip away from 0 and 1."""
    least = 0.5 / (len(probabilities) + 1)
    return np.clip(probabilities.mean(axis=0), least, 1.0 - least)
