from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import AudioError
from irmas_tf.audio.windows import window_starts
from irmas_tf.datasets.irmas import index_training
from irmas_tf.datasets.split_sides import SplitSide
from irmas_tf.evaluation.scored_mixtures import ScoredMixtures, score_mixtures
from irmas_tf.inference.run_model import RunModel
from irmas_tf.training.mixtures import plan_mixtures, render_mixture
from tests.helpers import tiny_run
from tests.helpers.one_hot import one_hot

CODES = ("cel", "gel", "voi")


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> SplitSide:
    """Nine excerpts of 0.2 to 0.5 s, each of its own song."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for number in range(9):
        target = folder / "IRMAS-TrainingData" / CODES[number % 3]
        target.mkdir(parents=True, exist_ok=True)
        samples = 0.1 * rng.standard_normal(1600 + 300 * number)
        soundfile.write(target / f"[{CODES[number % 3]}][nod][cla]{number:04d}__1.wav", samples, tiny_run.RATE_HZ)
    excerpts = tuple(index_training(folder))
    labels = np.array([CODES.index(e.irmas_code) for e in excerpts])
    paths, names = tuple(str(e.path) for e in excerpts), tuple(e.name for e in excerpts)
    return SplitSide(paths, one_hot(labels, len(CODES)), np.arange(len(excerpts)), names)


@pytest.fixture(scope="module")
def scored(side: SplitSide, tmp_path_factory: pytest.TempPathFactory) -> ScoredMixtures:
    run = tiny_run.make_tiny_run(tmp_path_factory.mktemp("run") / "run")
    return score_mixtures(RunModel.open(run), side, batch_size=4)


@pytest.mark.slow
def test_every_excerpt_leads_one_mixture(side: SplitSide, scored: ScoredMixtures) -> None:
    plan = plan_mixtures(side.labels, side.groups, seed=scored.windows.config.data.split_seed)
    assert scored.plan == plan and len(scored) == len(plan) == 9
    for number, mixture in enumerate(plan):
        assert scored.names[number] == " + ".join(side.names[part] for part in mixture.parts)
        assert set(np.flatnonzero(scored.labels[number])) == set(side.labels[list(mixture.parts)])
        assert scored.groups[number] == side.groups[mixture.parts[0]]


def test_a_mixture_is_rendered_as_it_was_scored(side: SplitSide, scored: ScoredMixtures) -> None:
    config = scored.windows.config
    for number, mixture in enumerate(scored.plan):
        parts = [soundfile.read(side.paths[part], dtype="float32")[0] for part in mixture.parts]
        np.testing.assert_allclose(scored.render(number), render_mixture(parts, mixture.levels_db), atol=1e-6)
        starts = window_starts(len(scored.render(number)), config.audio.window_samples, config.audio.window_hop_samples)
        assert (scored.windows.clip_of == number).sum() == len(starts)


def test_an_excerpt_that_has_gone_is_named(scored: ScoredMixtures, tmp_path: Path) -> None:
    gone = dataclasses.replace(scored, paths=(str(tmp_path / "gone.wav"),) * 9)
    with pytest.raises(AudioError, match=r"gone\.wav"):
        gone.render(0)
