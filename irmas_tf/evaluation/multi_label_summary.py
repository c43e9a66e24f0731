"""The figures of a multi-label evaluation as a JSON-ready dict: the content of metrics.json."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from irmas_tf.evaluation.calibration_study import VARIANT_WORDS, CalibrationStudy
from irmas_tf.evaluation.multi_label import LEVELS_FOR, MultiLabelEvaluation
from irmas_tf.evaluation.score_entries import CONFIDENCE, interval_entry, score_entry
from irmas_tf.evaluation.scored_clips import CONVENTIONAL_LEVEL, GLOBAL, LEVELS, REGIMES, Decision, ScoredClips
from irmas_tf.evaluation.song_notes import interval_notes, named_classes
from irmas_tf.evaluation.sound_notes import count_notes, note_warnings
from irmas_tf.metrics.aggregation import AGGREGATION_WORDS
from irmas_tf.metrics.multilabel import (
    average_precision,
    constant_scores,
    decision_scores,
    lrap,
    mean_average_precision,
    mean_average_precision_all_classes,
    mean_roc_auc,
    roc_auc,
)
from irmas_tf.metrics.multilabel_intervals import SongIntervals


def summarize_multi_label(evaluation: MultiLabelEvaluation) -> dict[str, Any]:
    """Return the scores as a JSON-ready dict; the content of ``metrics.json``.

    Scores are in [0, 1] and hold ``value``, ``low`` and ``high`` (95 % interval over songs, None with a
    single song). An infinite threshold (a class that is never named) becomes null.

    ``headline`` names the aggregation and the regime that count, ``level`` the kind of threshold behind the answers and
    the figures of the classes, and ``level_of`` that of each F1: micro F1 belongs to one threshold for all classes,
    which is chosen for it, macro F1 to one per class.

    Where labels are unknown, every figure is of the known ones: ``known_labels`` of all (clip, class) pairs, and
    ``known`` of each class. LRAP is of the ``clips_ranked`` that have one.
    """
    clips, config = evaluation.clips, evaluation.config
    over_songs = SongIntervals(clips.groups, confidence=CONFIDENCE)
    key = evaluation.headline
    parts = Counter(clips.parts.tolist())
    return {
        "task": "multi_label",
        "split": evaluation.split,
        "source": evaluation.source,
        "warnings": [*evaluation.warnings, *_warnings(evaluation)],
        "notes": count_notes(evaluation.notes),
        "clips": len(clips),
        "songs": clips.songs,
        "labels": int(clips.truth.sum()),
        "labels_per_clip": float(clips.truth.sum(axis=1).mean()),
        "known_labels": int(clips.known.sum()),
        "known_share": float(clips.known.mean()),
        "clips_ranked": _clips_ranked(clips),
        "parts": {str(part): parts[part] for part in sorted(parts) if part},
        "classes": list(clips.codes),
        "names": list(clips.names),
        "interval": interval_entry(),
        "headline": {
            "aggregation": key[0],
            "regime": key[1],
            "level": key[2],
            "level_of": {score: evaluation.headline_of(score)[2] for score in LEVELS_FOR},
            "chosen_on": evaluation.decisions[key].chosen_on,
        },
        "aggregations": {name: _aggregation(evaluation, name, over_songs) for name in clips.scores},
        "baselines": _baselines(evaluation, over_songs),
        "per_class": list(_per_class(evaluation)),
        "calibration": None if evaluation.calibration is None else _calibration(evaluation.calibration, clips.codes),
        "single_label": None if evaluation.single_label is None else dataclasses.asdict(evaluation.single_label),
        "model_task": config.model.task if config else None,
        "label_scheme": config.data.label_scheme if config else None,
        "config_hash": config.hash if config else None,
        "seconds": round(evaluation.seconds, 3),
        "clips_per_second": round(len(clips) / evaluation.seconds, 1) if evaluation.seconds else None,
    }


def _warnings(evaluation: MultiLabelEvaluation) -> Iterable[str]:
    clips = evaluation.clips
    if clips.songs < 2:
        yield "one song only: no threshold can be tuned on other songs"
    yield from interval_notes(clips.groups, clips.truth, clips.codes, ranked=True)
    if clips.is_partly_known:
        ranked = _clips_ranked(clips)
        yield (
            f"{clips.known.mean():.1%} of the labels are known, {clips.known.sum() / len(clips):.2f} per clip: every"
            " figure is of these alone, exact match of a clip's known classes; LRAP is of the"
            f" {ranked} of {len(clips)} clips that are known to have one class and not another"
        )
    absent = clips.truth.sum(axis=0) == 0
    if absent.any():
        others = len(clips.codes) - int(absent.sum())
        yield (
            f"no clip is labelled {named_classes(clips.codes, absent)}: F1 of these classes is 0 and counts in the"
            f" macro F1; they have no average precision, and mAP is over the {others} other classes"
            " (mean_average_precision_all_classes in metrics.json counts them as 0)"
        )
    yield from note_warnings(evaluation.notes, clips.files, "clip")


def _clips_ranked(clips: ScoredClips) -> int:
    """Return how many clips have a ranking precision (`irmas_tf.metrics.multilabel.lrap_of_clips`)."""
    truth, known = clips.truth, clips.known
    return int((known.all(axis=1) | (truth.any(axis=1) & (known & ~truth).any(axis=1))).sum())


def _decision_scores(labels: np.ndarray, answers: np.ndarray, over_songs: SongIntervals) -> dict[str, Any]:
    scores = decision_scores(labels, answers)
    return {
        name: score_entry(getattr(scores, name), interval)
        for name, interval in over_songs.decision_intervals(labels, answers).items()
    }


def _ranking_scores(labels: np.ndarray, scores: np.ndarray, over_songs: SongIntervals) -> dict[str, Any]:
    intervals = over_songs.ranking_intervals(labels, scores)
    means = {
        "lrap": lrap,
        "mean_average_precision": mean_average_precision,
        "mean_average_precision_all_classes": mean_average_precision_all_classes,
        "mean_roc_auc": mean_roc_auc,
    }
    return {name: score_entry(mean(labels, scores), intervals[name]) for name, mean in means.items()}


def _aggregation(evaluation: MultiLabelEvaluation, name: str, over_songs: SongIntervals) -> dict[str, Any]:
    clips = evaluation.clips
    scores = clips.scores[name]
    precision = average_precision(clips.labels, scores)
    decisions: dict[str, dict[str, Any]] = {}
    for regime in REGIMES:
        for level in LEVELS:
            decision = evaluation.decisions.get((name, regime, level))
            if decision is not None:
                decisions.setdefault(regime, {})[level] = {
                    "chosen_on": decision.chosen_on,
                    "thresholds": _thresholds(decision, clips.codes),
                    **_decision_scores(clips.labels, decision.answers(scores), over_songs),
                }
    return {
        "words": AGGREGATION_WORDS.get(name, "scores as given"),
        **_ranking_scores(clips.labels, scores, over_songs),
        "at_one_half": _at_one_half(clips.labels, scores),
        "average_precision": {
            code: float(p) if np.isfinite(p) else None for code, p in zip(clips.codes, precision, strict=True)
        },
        "classes_without_labels": [c for c, p in zip(clips.codes, precision, strict=True) if not np.isfinite(p)],
        "decisions": decisions,
    }


def _at_one_half(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return the F1 at .5 for every class, as OpenMIC's own baseline is scored; nothing was chosen for it."""
    found = decision_scores(labels, scores >= CONVENTIONAL_LEVEL)
    return {"threshold": CONVENTIONAL_LEVEL, "micro_f1": found.micro_f1, "macro_f1": found.macro_f1}


def _thresholds(decision: Decision, codes: tuple[str, ...]) -> dict[str, Any]:
    """Return fold -> threshold, or fold -> code -> threshold."""
    if decision.level == GLOBAL:
        return {fold: _finite(row[0]) for fold, row in zip(decision.fold_names, decision.thresholds, strict=True)}
    return {
        fold: {code: _finite(x) for code, x in zip(codes, row, strict=True)}
        for fold, row in zip(decision.fold_names, decision.thresholds, strict=True)
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _baselines(evaluation: MultiLabelEvaluation, over_songs: SongIntervals) -> dict[str, Any]:
    clips, baselines = evaluation.clips, evaluation.baselines
    labels, named = clips.labels, np.flatnonzero(baselines.answers[0])
    oracle = clips.truth.sum(axis=0) / np.maximum(clips.known.sum(axis=0), 1) if clips.is_partly_known else None
    return {
        "source": baselines.source,
        "constant": {
            "classes": [clips.codes[k] for k in named],
            "names": [clips.names[k] for k in named],
            **_decision_scores(labels, baselines.answers, over_songs),
        },
        "prevalence_ranking": _ranking_scores(labels, baselines.scores, over_songs),
        # Not to be had without these clips' labels; the known LRAP .540 of the official test set is this one.
        "oracle_prevalence_ranking": _ranking_scores(
            labels, constant_scores(clips.truth.sum(axis=0) if oracle is None else oracle, len(labels)), over_songs
        ),
    }


def _per_class(evaluation: MultiLabelEvaluation) -> Iterable[dict[str, Any]]:
    clips, decision = evaluation.clips, evaluation.decisions[evaluation.headline]
    scores = clips.scores[evaluation.headline[0]]
    of_class = decision_scores(clips.labels, evaluation.answers()).of_class
    half = decision_scores(clips.labels, scores >= CONVENTIONAL_LEVEL).of_class
    precision, area, known = average_precision(clips.labels, scores), roc_auc(clips.labels, scores), clips.known
    for k, (code, name) in enumerate(zip(clips.codes, clips.names, strict=True)):
        yield {
            "class": code,
            "name": name,
            "support": int(of_class.support[k]),
            "known": int(known[:, k].sum()),
            "prevalence_in_training": float(evaluation.baselines.prevalence[k]),
            "average_precision": _finite(precision[k]),
            "roc_auc": _finite(area[k]),
            "threshold": _finite(decision.thresholds[:, k].mean()),
            "precision": float(of_class.precision[k]),
            "recall": float(of_class.recall[k]),
            "f1": float(of_class.f1[k]),
            "f1_at_one_half": float(half.f1[k]),
        }


def _calibration(study: CalibrationStudy, codes: tuple[str, ...]) -> dict[str, Any]:
    def of_class(values: np.ndarray) -> dict[str, float]:
        return {code: float(value) for code, value in zip(codes, values, strict=True)}

    return {
        "fitted_on": study.fitted_on,
        "temperatures": study.temperatures,
        "validation_prior": of_class(study.validation_prior),
        "source_priors": {name: of_class(prior) for name, prior in study.source_priors.items()},
        "estimated_priors": {name: of_class(prior) for name, prior in study.estimated_priors.items()},
        "variants": [
            {
                "aggregation": variant.aggregation,
                "name": variant.name,
                "words": VARIANT_WORDS[variant.name],
                "negative_log_likelihood": variant.negative_log_likelihood,
                "expected_calibration_error": variant.reliability.expected_calibration_error,
                "lrap": variant.lrap,
                "mean_average_precision": variant.mean_average_precision,
                "micro_f1": variant.micro_f1,
                "macro_f1": variant.macro_f1,
            }
            for variant in study.variants
        ],
    }
