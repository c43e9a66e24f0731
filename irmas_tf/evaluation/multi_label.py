"""The multi-label protocol: scores of clips under every threshold regime, beside trivial baselines.

Works on `ScoredClips` alone, so that anyone's scores are judged like those of a run. Making the scores of a run is the
work of `irmas_tf.evaluation.multi_label_run`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np

from irmas_tf.config.run_config import Config
from irmas_tf.evaluation.calibration_study import CalibrationStudy
from irmas_tf.evaluation.scored_clips import (
    GLOBAL,
    LEVELS,
    ORACLE,
    OTHER_SONGS,
    PER_CLASS,
    REGIMES,
    Decision,
    ScoredClips,
    oracle,
    tuned_on_other_songs,
)
from irmas_tf.evaluation.window_scores import WindowScores
from irmas_tf.inference.notes import Note
from irmas_tf.metrics.known_labels import truth_and_known
from irmas_tf.metrics.multilabel import constant_answer, constant_scores

CONSTANT_ANSWER_SIZE = 3
"""Classes that the constant answer names; three score highest on the official test set: {voi, pia, gel}."""

MICRO_F1, MACRO_F1 = "micro_f1", "macro_f1"
# What a level is chosen for is what it is judged by; the other level stands in where the first cannot be had.
LEVELS_FOR = {MICRO_F1: (GLOBAL, PER_CLASS), MACRO_F1: (PER_CLASS, GLOBAL)}

Key = tuple[str, str, str]
"""(aggregation, regime, level) of a decision."""


@dataclasses.dataclass(frozen=True)
class Baselines:
    """What knows nothing of the audio.

    Attributes:
        prevalence: [classes] how frequent each class is in training: as shares of all labels, which sum to 1, where
            every excerpt has one; else of the excerpts of which it is known.
        source: where they were counted, in words.
        answers: the constant answer, [clips, classes] bool.
        scores: the ranking by prevalence, [clips, classes].
    """

    prevalence: np.ndarray
    source: str
    answers: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, counts: np.ndarray, source: str, clips: int) -> Baselines:
        """Return the baselines of training counts [classes] for so many clips.

        Neither sees the clips. The ranking by training counts has LRAP .534 on the official test set, about; the known
        .540 is that of the ranking by the test set's own counts, an oracle (`constant_scores` of those).
        """
        total = float(np.sum(counts))
        shares = np.asarray(counts, np.float64) / (total if total > 0 else 1.0)
        size = min(CONSTANT_ANSWER_SIZE, len(shares))
        return cls(shares, source, constant_answer(counts, clips, size), constant_scores(shares, clips))

    @classmethod
    def of_scored(cls, labels: np.ndarray) -> Baselines:
        """Return the baselines of the scored labels themselves [clips, classes], which no system can know."""
        truth, known = truth_and_known(labels)
        counts = truth.sum(axis=0)
        if not known.all():
            counts = counts / np.maximum(known.sum(axis=0), 1)
        return cls.of(counts, "the scored clips themselves: an oracle", len(labels))

    @classmethod
    def of_training(cls, labels: np.ndarray, clips: int) -> Baselines:
        """Return the baselines of training labels for so many clips.

        Where every excerpt has one class they are those of the counts. Else a class is as frequent as it is among the
        excerpts of which it is known whether they have it, and the constant answer names as many of the most frequent
        classes as give the highest micro F1 on the known training labels.

        Args:
            labels: int8 [excerpts, classes] of 1, 0 and -1 (unknown), of the excerpts that were trained on.
            clips: clips to answer.
        """
        truth, known = truth_and_known(labels)
        source = f"{len(labels)} training excerpts of the run"
        if known.all() and (truth.sum(axis=1) == 1).all():
            return cls.of(truth.sum(axis=0), source, clips)
        shares = truth.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        order = np.argsort(-shares, kind="stable")
        hits, named = np.cumsum(truth.sum(axis=0)[order]), np.cumsum(known.sum(axis=0)[order])
        size = int(np.argmax(2 * hits / np.maximum(named + truth.sum(), 1))) + 1
        if not known.all():
            source += f", of whose labels {known.mean():.1%} are known"
        return cls(shares, source, constant_answer(shares, clips, size), constant_scores(shares, clips))


@dataclasses.dataclass(frozen=True)
class SingleLabelScores:
    """Top-1 scores of the plain excerpts beside those of their mixtures."""

    excerpts: int
    accuracy: float
    macro_f1: float


@dataclasses.dataclass(frozen=True)
class MultiLabelEvaluation:
    """Everything an evaluation found; what reports are made of.

    Attributes:
        split: "test", "validation", "train" or "scores"; the folder that reports go to.
        source: what was scored, in words.
        clips: files, labels and scores.
        decisions: (aggregation, regime, level) -> decision levels; a regime that cannot be had is absent.
        baselines: what knows nothing of the audio.
        config: the run's configuration; None for a score file.
        windows: logits of every window of every clip, in the order of the clips; None for a score file.
        render: clip -> its waveform, float32 [samples] at the configuration's rate, where the clips are mixtures that
            exist in no file; else None.
        calibration: temperature and prior correction; None if the validation data is absent.
        single_label: top-1 scores of the plain excerpts (validation of multi-label runs).
        warnings: what makes the scores say less than they seem to.
        seconds: time the model and the loader took together, s.
    """

    split: str
    source: str
    clips: ScoredClips
    decisions: dict[Key, Decision]
    baselines: Baselines
    config: Config | None = None
    windows: WindowScores | None = None
    render: Callable[[int], np.ndarray] | None = None
    calibration: CalibrationStudy | None = None
    single_label: SingleLabelScores | None = None
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def notes(self) -> tuple[tuple[Note, ...], ...]:
        """What is odd about the sound of each clip, [clips]; empty where there are no files."""
        return () if self.windows is None else self.windows.notes

    @property
    def headline(self) -> Key:
        """The decision behind the answers: of the first aggregation and regime there is, one threshold per class."""
        return self.headline_of(MACRO_F1)

    def headline_of(self, score: str) -> Key:
        """Return the decision that ``micro_f1`` or ``macro_f1`` is reported of; both are of one regime."""
        aggregation = next(iter(self.clips.scores))
        wanted = [(aggregation, regime, level) for regime in REGIMES for level in LEVELS_FOR[score]]
        return next(key for key in wanted if key in self.decisions)

    def answers(self, key: Key | None = None) -> np.ndarray:
        """Return the classes named, [clips, classes] bool; by default those of the headline."""
        aggregation, regime, level = key or self.headline
        return self.decisions[aggregation, regime, level].answers(self.clips.scores[aggregation])

    def activity(self, clip: int, samples: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return (start_seconds [windows], probabilities [windows, classes]) of a clip.

        Args:
            clip: its number.
            samples: length of a mixture at the configuration's rate; see `WindowScores.activity`.

        Raises:
            ValueError: there are no windows (a score file), or the length does not fit.
        """
        if self.windows is None:
            raise ValueError("a score file has no windows")
        return self.windows.activity(clip, samples)


def all_decisions(
    clips: ScoredClips, given: Mapping[tuple[str, str], Decision], *, other_songs: bool = True
) -> dict[Key, Decision]:
    """Return the decisions of every aggregation under every regime that can be had.

    Args:
        clips: the clips.
        given: (aggregation, level) -> levels chosen before, of whatever regime they are.
        other_songs: whether clips of different song groups share nothing; mixtures do.
    """
    decisions: dict[Key, Decision] = {}
    for aggregation in clips.scores:
        for level in LEVELS:
            if (decision := given.get((aggregation, level))) is not None:
                decisions[aggregation, decision.regime, level] = decision
            if other_songs and (tuned := tuned_on_other_songs(clips, aggregation, level)) is not None:
                decisions[aggregation, OTHER_SONGS, level] = tuned
            decisions[aggregation, ORACLE, level] = oracle(clips, aggregation, level)
    return decisions
