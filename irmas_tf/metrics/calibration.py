"""Do probabilities mean what they say? Temperature, class priors, calibration error.

Sources: Guo et al., "On calibration of modern neural networks", ICML 2017 (temperature, expected calibration error);
Saerens, Latinne & Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", Neural
Computation 14(1), 2002 (correction for a known prior, equation 2.4, and the EM estimate of an unknown one, 2.9).
Every class of a multi-label answer is a two-class problem of its own, with its own prior. Labels are bool, or numbers
1, 0 and -1: unknown ones count nowhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from irmas_tf.metrics.known_labels import truth_and_known

LEAST_PROBABILITY = 1e-12  # keeps logarithms finite
_TEMPERATURES = (0.05, 20.0)


@dataclasses.dataclass(frozen=True)
class Reliability:
    """How often classes are right among those given about the same probability.

    Attributes:
        edges: of the bins, [bins + 1].
        count: (clip, class) pairs in each bin, [bins].
        probability: their mean probability, [bins]; nan in an empty bin.
        frequency: the share of them that is right, [bins]; nan in an empty bin.
    """

    edges: np.ndarray
    count: np.ndarray
    probability: np.ndarray
    frequency: np.ndarray

    @property
    def expected_calibration_error(self) -> float:
        """Mean distance of probability and frequency over all pairs."""
        distance = np.abs(self.probability - self.frequency)
        return float(np.where(self.count > 0, self.count * distance, 0.0).sum() / self.count.sum())


def reliability(labels: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = 15) -> Reliability:
    """Return the reliability of probabilities in ``bins`` bins of equal width.

    Args:
        labels: bool, or 1, 0 and -1 (unknown), any shape.
        probabilities: in [0, 1], the same shape.

    Raises:
        ValueError: shapes differ, no label is known, or a value is no probability.
    """
    (truth, known), given = map(np.ravel, truth_and_known(labels)), np.asarray(probabilities, np.float64).ravel()
    if truth.shape != given.shape or not truth.size:
        raise ValueError(f"{truth.size} labels and {given.size} probabilities: must be as many, and at least one")
    truth, given = truth[known], given[known]
    if not truth.size:
        raise ValueError("no label is known")
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError("probabilities must be in [0, 1]")
    edges = np.linspace(0.0, 1.0, bins + 1)
    bin_of = np.minimum((given * bins).astype(int), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    with np.errstate(invalid="ignore"):
        probability = np.bincount(bin_of, given, minlength=bins) / count
        frequency = np.bincount(bin_of, truth, minlength=bins) / count
    return Reliability(edges, count, probability, frequency)


def expected_calibration_error(labels: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = 15) -> float:
    """Return the mean distance of probability and frequency (arguments as `reliability`), in [0, 1]."""
    return reliability(labels, probabilities, bins).expected_calibration_error


def negative_log_likelihood(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Return the mean over the (clip, class) pairs whose label is known of the surprise at it, in nats."""
    (truth, known), given = truth_and_known(labels), np.asarray(probabilities, np.float64)
    if not known.all():  # a selection of a matrix is a vector: of known labels alone the sum keeps its order
        truth, given = truth[known], given[known]
    return float(-np.log(np.maximum(np.where(truth, given, 1.0 - given), LEAST_PROBABILITY)).mean())


def fit_temperature(loss: Callable[[float], float]) -> float:
    """Return the temperature, by which logits are to be divided, with the least loss.

    Args:
        loss: of a temperature; for example the likelihood loss of aggregated probabilities on validation clips.
            Searched on a logarithmic scale from .05 to 20.
    """
    low, high = np.log(_TEMPERATURES)
    # Brent finds one valley; the start is the best of a grid, in case there are several.
    grid = np.linspace(low, high, 25)
    values = [loss(float(np.exp(x))) for x in grid]
    best = int(np.argmin(values))
    bounds = (grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    found = minimize_scalar(lambda x: loss(float(np.exp(x))), bounds=bounds, method="bounded", options={"xatol": 1e-5})
    return float(np.exp(found.x if found.fun <= values[best] else grid[best]))


def correct_prior(
    probabilities: npt.ArrayLike, source: npt.ArrayLike, target: npt.ArrayLike, *, exclusive: bool
) -> np.ndarray:
    """Return what probabilities become when the classes are as frequent as ``target`` instead of ``source`` says.

    Args:
        probabilities: [clips, classes] in [0, 1].
        source: [classes] prior of the data that they are calibrated on, in (0, 1).
        target: [classes] prior of the data at hand, in (0, 1).
        exclusive: one class per clip: probabilities and priors add up to 1. Otherwise each class is on its own.

    Raises:
        ValueError: a prior is not in (0, 1).
    """
    given = np.asarray(probabilities, np.float64)
    before, after = np.asarray(source, np.float64), np.asarray(target, np.float64)
    for name, prior in (("source", before), ("target", after)):
        if not ((prior > 0) & (prior < 1)).all():
            raise ValueError(f"the {name} prior must be above 0 and below 1 for every class, not {prior.tolist()}")
    for_class = given * (after / before)
    rest = for_class.sum(axis=-1, keepdims=True) if exclusive else None
    if rest is not None:
        return for_class / np.maximum(rest, LEAST_PROBABILITY)
    against = (1.0 - given) * ((1.0 - after) / (1.0 - before))
    return for_class / np.maximum(for_class + against, LEAST_PROBABILITY)


def estimate_prior(
    probabilities: npt.ArrayLike, source: npt.ArrayLike, *, exclusive: bool, iterations: int = 1000
) -> np.ndarray:
    """Return the prior [classes] that explains unlabelled clips best, by expectation and maximisation.

    Needs no labels of the clips, but many clips: it is an estimate from the very clips that are to be corrected.
    Priors are kept above half a clip and below all but half a clip.

    Args:
        probabilities: [clips, classes], calibrated on data with the prior ``source``.
        source, exclusive: as in `correct_prior`.
        iterations: at most; it ends when no prior moves by more than 1e-8.
    """
    given = np.asarray(probabilities, np.float64)
    least = 0.5 / (len(given) + 1)
    prior = np.asarray(source, np.float64)
    for _ in range(iterations):
        posterior = correct_prior(given, source, prior, exclusive=exclusive)
        following = np.clip(posterior.mean(axis=0), least, 1.0 - least)
        moved = np.abs(following - prior).max()
        prior = following
        if moved < 1e-8:
            break
    return prior / prior.sum() if exclusive else prior
