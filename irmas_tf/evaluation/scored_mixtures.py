"""Mixtures of the excerpts on one side of a run's split: what the model says of them, and their sound once more."""

from __future__ import annotations

import dataclasses

import numpy as np

from irmas_tf.audio.decoders import make_decoder
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.irmas_records import Excerpt
from irmas_tf.evaluation.window_scores import WindowScores, score_batches
from irmas_tf.inference.classifier import WindowClassifier
from irmas_tf.training.mixtures import Mixture, mixture_dataset, mixture_labels, plan_mixtures, render_mixture


@dataclasses.dataclass(frozen=True)
class Side:
    """One side of a run's split: excerpts, class indices and song groups, in the same order."""

    excerpts: tuple[Excerpt, ...]
    labels: np.ndarray
    groups: np.ndarray


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


def score_mixtures(classifier: WindowClassifier, config: Config, side: Side, batch_size: int) -> ScoredMixtures:
    """Run the model over the mixtures of a side.

    Args:
        classifier: the run's model.
        config: the run's configuration.
        side: whose excerpts are mixed.
        batch_size: windows the model sees at once.

    Raises:
        DataError: an excerpt cannot be read; the message names it.
    """
    # The seed and the order are those of training, so that these are the mixtures its thresholds were chosen on.
    plan = plan_mixtures(side.labels, side.groups, seed=config.data.split_seed)
    paths = tuple(str(excerpt.path) for excerpt in side.excerpts)
    batches = mixture_dataset(paths, plan, config, batch_size=batch_size)
    return ScoredMixtures(
        names=tuple(" + ".join(side.excerpts[part].name for part in mixture.parts) for mixture in plan),
        labels=mixture_labels(plan, side.labels, config.labels.num_classes),
        groups=np.array([side.groups[mixture.parts[0]] for mixture in plan]),
        windows=score_batches(classifier, batches, len(plan)),
        plan=plan,
        paths=paths,
    )
