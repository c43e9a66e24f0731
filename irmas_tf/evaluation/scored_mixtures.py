"""Mixtures of the excerpts on one side of a run's split: what the model says of them, and their sound once more."""

from __future__ import annotations

import dataclasses

import numpy as np

from irmas_tf.audio.decoders import make_decoder
from irmas_tf.datasets.split_sides import SplitSide
from irmas_tf.evaluation.window_scores import WindowScores, score_batches
from irmas_tf.inference.run_model import RunModel
from irmas_tf.training.mixtures import Mixture, mixture_dataset, mixture_labels, plan_mixtures, render_mixture


@dataclasses.dataclass(frozen=True)
class ScoredMixtures:
    """Mixtures of a side, one led by each excerpt, and the logits of their windows; see `irmas_tf.training.mixtures`.

    Attributes:
        names: of the excerpts in each, joined by " + ".
        labels: [mixtures, classes] bool.
        groups: [mixtures] song group of each one's leading excerpt.
        windows: what the model says.
        plan: what is mixed.
        paths: files of the side's excerpts, which the plan counts through.
    """

    names: tuple[str, ...]
    labels: np.ndarray
    groups: np.ndarray
    windows: WindowScores
    plan: tuple[Mixture, ...]
    paths: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def render(self, number: int) -> np.ndarray:
        """Return the waveform that the model heard of a mixture, float32 [samples] at its rate.

        Raises:
            AudioError: an excerpt cannot be read any more.
        """
        config, mixture = self.windows.config, self.plan[number]
        decode = make_decoder(config.data.decoder, config.audio.sample_rate_hz)
        return render_mixture([decode(self.paths[part]) for part in mixture.parts], mixture.levels_db)


def score_mixtures(model: RunModel, side: SplitSide, batch_size: int) -> ScoredMixtures:
    """Run the model over the mixtures of a side.

    Args:
        model: the run's model.
        side: whose excerpts are mixed.
        batch_size: windows the model sees at once.

    Raises:
        DataError: an excerpt cannot be read; the message names it.
    """
    config = model.config
    # The seed and the order are those of training, so that these are the mixtures its thresholds were chosen on.
    plan = plan_mixtures(side.labels, side.groups, seed=config.data.split_seed)
    batches = mixture_dataset(side.paths, plan, config, batch_size=batch_size)
    return ScoredMixtures(
        names=tuple(" + ".join(side.names[part] for part in mixture.parts) for mixture in plan),
        labels=mixture_labels(plan, side.labels, config.labels.num_classes),
        groups=np.array([side.groups[mixture.parts[0]] for mixture in plan]),
        windows=score_batches(model, batches, len(plan)),
        plan=plan,
        paths=side.paths,
    )
