"""How often 95 % intervals over songs hold the true score, where the truth is known.

    python benchmarks/interval_coverage.py [--simulations 1000] [--resampled 200] [--replicates 300]
        [--populations irmas,rare,strong,alike] [--cells 30x8,...] [--tasks one,many]

Data sets are drawn from populations of songs: several clips per song, of uneven number, right or wrong together (a
random effect of the song on logits or scores, a preferred confusion). "irmas" has the prevalences of IRMAS's training
set (one label) and of its test set (several), "rare" classes down to half a per cent, "strong" a model that is almost
always right, "alike" songs that are right or wrong nearly as a whole; "between" lies between these; no constant was
fitted to it. The truth is an integral, or a population of 600,000 songs; of a mean over classes it is
that of the classes that the drawn songs hold, divided as the score is.

The first tables compare the package's intervals with the percentile bootstrap of earlier versions (a class that is
absent from a replicate has F1 0). In brackets are the shares of intervals that lie above and below the truth. The last
table has all candidates: the range of their coverage over the cells, and their width relative to the package's. The
other methods are tried on the first data sets only, and not on rankings of 2,874 clips. Errors are standard errors of
the simulation.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.song_populations import KINDS, ManyLabels, OneLabel, Population, Sample  # noqa: E402

CELLS = ("30x8", "30x20", "300x8", "300x40", "300x120", "2874x208")
OURS, BEFORE = "package", "percentile, absent class 0"
Ends = tuple[float, float]
TAILS = (0.025, 0.975)


def t_quantile(songs: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(songs - 1, 0.975))


def package(sample: Sample) -> dict[str, Ends]:
    """Return what the package says."""
    from irmas_tf.metrics.multilabel_intervals import SongIntervals
    from irmas_tf.metrics.single_label_intervals import single_label_intervals

    if sample.scores is None:
        given = single_label_intervals(sample.labels, sample.answers, sample.songs, sample.classes)
    else:
        intervals = SongIntervals(sample.songs)
        given = intervals.decision_intervals(sample.labels, sample.answers)
        given |= intervals.ranking_intervals(sample.labels, sample.scores)
    return {name: (given[name].low, given[name].high) for name in sample.truth}


def normal_cdf(x: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(x)


def candidates(sample: Sample, name: str, rng: np.random.Generator, replicates: int) -> dict[str, Ends]:
    """Return the ends of the other methods' intervals of one score."""
    from scipy.special import expit, logit, ndtri

    songs = sample.num_songs
    value = float(sample.score(name, np.ones([1, songs]))[0])
    result: dict[str, Ends] = {}

    def percentiles(title: str, weights: np.ndarray, absent: str, tails: tuple[float, float] = TAILS) -> np.ndarray:
        values = sample.score(name, weights, absent)
        low, high = np.quantile(values, tails)
        result[title] = (float(low), float(high))
        return values

    drawn = rng.multinomial(songs, np.full(songs, 1 / songs), size=replicates).astype(float)
    percentiles(BEFORE, drawn, "zero")
    if name == "macro_f1":
        percentiles("percentile, absent class left out", drawn, "unseen")
    values = percentiles("percentile, unlabelled class left out", drawn, "unlabelled")
    fewer = rng.multinomial(songs - 1, np.full(songs, 1 / songs), size=replicates) * songs / (songs - 1)
    percentiles("the same, m = G - 1", fewer, "unlabelled")
    strata = np.zeros_like(drawn)
    for kind in np.unique(sample.strata):
        members = np.flatnonzero(sample.strata == kind)
        chance = np.full(len(members), 1 / len(members))
        strata[:, members] = rng.multinomial(len(members), chance, size=replicates)
    percentiles("the same, stratified by class", strata, "unlabelled")
    shares = rng.standard_exponential([replicates, songs])
    shares *= songs / shares.sum(axis=1, keepdims=True)
    percentiles("Bayesian (Dirichlet)", shares, "unlabelled")
    quantile = t_quantile(songs)
    tail = float(normal_cdf(-np.sqrt(songs / (songs - 1)) * quantile))
    percentiles("the same, expanded tails", shares, "unlabelled", (tail, 1 - tail))

    step = 1e-4
    influence = (sample.score(name, np.ones([songs, songs]) + step * np.eye(songs)) - value) / step
    without = sample.score(name, np.ones([songs, songs]) - np.eye(songs), "unlabelled")
    for title, error in (
        ("delta method", np.sqrt((influence**2).sum() * songs / (songs - 1))),
        ("jackknife", np.sqrt(((without - value) ** 2).sum() * (songs - 1) / songs)),
    ):
        half = quantile * error
        result[f"{title}, t"] = (value - half, value + half)
        if 0 < value < 1:
            on_logit = half / (value * (1 - value))
            result[f"{title}, t, logit"] = (
                float(expit(logit(value) - on_logit)),
                float(expit(logit(value) + on_logit)),
            )
            angle, half_angle = np.arcsin(np.sqrt(value)), half / (2 * np.sqrt(value * (1 - value)))
            low, high = max(angle - half_angle, 0.0), min(angle + half_angle, np.pi / 2)
            result[f"{title}, t, arcsine"] = (float(np.sin(low) ** 2), float(np.sin(high) ** 2))
        else:
            result[f"{title}, t, logit"] = result[f"{title}, t, arcsine"] = (value, value)
    below = ((values < value).mean() + (values <= value).mean()) / 2
    bias = float(np.clip(ndtri(below), -2, 2))
    deviation = without.mean() - without
    acceleration = (deviation**3).sum() / (6 * ((deviation**2).sum() ** 1.5 + 1e-300))
    shifted = [bias + (bias + z) / (1 - acceleration * (bias + z)) for z in (-1.96, 1.96)]
    low, high = np.quantile(values, normal_cdf(np.array(shifted)))
    result["BCa"] = (float(low), float(high))
    if (errors := sample.linear_errors(name, drawn)) is not None:
        error = sample.linear_errors(name, np.ones([1, songs]))[0]
        kept = errors > 1e-9
        if kept.mean() > 0.5:
            low, high = np.quantile((values[kept] - value) / errors[kept], TAILS)
            result["bootstrap-t"] = (value - high * error, value - low * error)
        else:
            result["bootstrap-t"] = (value, value)
    return result


class Tally:
    """Counts misses of one method at one score in one cell."""

    def __init__(self) -> None:
        self.rows: list[tuple[bool, bool, float]] = []

    def add(self, ends: Ends, truth: float) -> None:
        low, high = ends
        self.rows.append((truth < low - 1e-9, truth > high + 1e-9, high - low))

    @property
    def coverage(self) -> float:
        return 1 - float(np.mean([under or over for under, over, _ in self.rows]))

    @property
    def error(self) -> float:
        share = (self.coverage * len(self.rows) + 0.5) / (len(self.rows) + 1)
        return float(np.sqrt(share * (1 - share) / len(self.rows)))

    @property
    def width(self) -> float:
        return float(np.median([width for *_, width in self.rows]))

    def text(self) -> str:
        under, over = (100 * np.mean([row[k] for row in self.rows]) for k in (0, 1))
        return f"{100 * self.coverage:.1f} ± {100 * self.error:.1f} ({under:.0f}/{over:.0f})"


def measure(
    population: Population, clips: int, songs: int, arguments: argparse.Namespace
) -> tuple[dict[str, dict[str, Tally]], dict[str, list[float]]]:
    """Return score -> method -> tally, and score -> what the score is too high by in each data set."""
    rng = np.random.default_rng([clips, songs, arguments.seed])
    tallies: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    errors: dict[str, list[float]] = defaultdict(list)
    for k in range(arguments.simulations):
        sample = population.draw(rng, clips, songs)
        given = package(sample)
        for name, truth in sample.truth.items():
            errors[name].append(float(sample.score(name, np.ones([1, songs]))[0]) - truth)
            tallies[name][OURS].add(given[name], truth)
        if k < arguments.resampled:
            draws = np.random.default_rng([clips, songs, k])  # so that the data sets do not depend on the methods
            for name, truth in sample.truth.items():
                if name.startswith("mean_") and clips > 1000:
                    continue
                for method, ends in candidates(sample, name, draws, arguments.replicates).items():
                    tallies[name][method].add(ends, truth)
    return tallies, errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--resampled", type=int, default=200, help="data sets that the other methods are tried on")
    parser.add_argument("--replicates", type=int, default=300)
    parser.add_argument("--populations", default=",".join(KINDS))
    parser.add_argument("--cells", default=",".join(CELLS))
    parser.add_argument("--tasks", default="one,many", help="one label per clip, many")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    overall: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for task in arguments.tasks.split(","):
        print(f"\n## {'One label' if task == 'one' else 'Several labels'} per clip\n")
        print("| population | clips | songs | score | bias | package | width | percentile, absent class 0 | width |")
        print("|---|---|---|---|---|---|---|---|---|")
        for kind in arguments.populations.split(","):
            population = OneLabel(kind) if task == "one" else ManyLabels(kind)
            for cell in arguments.cells.split(","):
                clips, songs = map(int, cell.split("x"))
                start = time.process_time()
                tallies, errors = measure(population, clips, songs, arguments)
                for name, methods in tallies.items():
                    ours, before = methods[OURS], methods.get(BEFORE)
                    old = f"{before.text()} | {before.width:.3f}" if before else "– | –"
                    print(
                        f"| {kind} | {clips} | {songs} | {name} | {np.mean(errors[name]):+.3f} | {ours.text()}"
                        f" | {ours.width:.3f} | {old} |",
                        flush=True,
                    )
                    for method, tally in methods.items():
                        overall[f"{task} {name}"][method].append((tally.coverage, tally.width / max(ours.width, 1e-9)))
                print(f"{task} {kind} {cell}: {time.process_time() - start:.0f} s of CPU time", file=sys.stderr)
    print("\n## All candidates: coverage from the worst cell to the highest, and width\n")
    print("| labels, score | method | coverage, % | mean | cells in 92 to 97 % | width / package's |")
    print("|---|---|---|---|---|---|")
    for title, by_method in overall.items():
        for method, cells in by_method.items():
            covered = np.array([100 * coverage for coverage, _ in cells])
            inside = int(((covered >= 92) & (covered <= 97)).sum())
            print(
                f"| {title} | {method} | {covered.min():.1f} to {covered.max():.1f} | {covered.mean():.1f}"
                f" | {inside} of {len(cells)} | {np.median([width for _, width in cells]):.2f} |"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
