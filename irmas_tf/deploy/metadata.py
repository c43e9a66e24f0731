"""What an artefact says about itself: labels, audio, aggregation, where it comes from and what may be done with it."""

from __future__ import annotations

from typing import Any

from irmas_tf import __version__
from irmas_tf.audio.silence import SILENCE_DBFS, SILENCE_RULE
from irmas_tf.config.datasets import IRMAS
from irmas_tf.config.labels import MULTI_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.models.probabilities import answer_kind
from irmas_tf.process.bounded_json import read_json
from irmas_tf.process.checksums import checksum_of
from irmas_tf.runs.origin import licences_of
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds
from irmas_tf.tflite.associated_files import AGGREGATION, FORMAT

_DECISIVE = (
    "format",
    "config_hash",
    "model_sha256",
    "kind",
    "labels",
    "label_names",
    "thresholds",
    "sample_rate_hz",
    "channels",
    "window_samples",
    "window_hop_samples",
    "aggregation",
)
_SCORES = ("split", "split_by", "excerpts", "clips", "songs", "accuracy", "macro_f1", "majority_baseline")
_SHOWN_LETTERS = 300
_RANKING_SCORES, _DECISION_SCORES = ("lrap", "mean_average_precision"), ("micro_f1", "macro_f1")


def describe(run: RunDir, config: Config) -> dict[str, Any]:
    """Return the facts about a run that travel with what is made from it, JSON-ready.

    ``metrics`` are those of ``evaluate`` on the validation split, None if it has not been run on this very model;
    ``thresholds`` are the levels {code: probability} from which a class is named, None for a single-label run;
    ``licence`` says what the data sets allow that it has learnt from; ``pretrained`` names the source and licence of
    pretrained weights, None without.

    Raises:
        RunDirError: ``pretrained.json`` or ``origin.json`` is damaged.
        ThresholdsError: a multi-label run has no thresholds, or they are damaged.
        OSError: the model's file cannot be read.
    """
    labels, audio = config.labels, config.audio
    thresholds, model_sha256 = None, checksum_of(run.model_path)
    if answer_kind(config) == MULTI_LABEL:
        thresholds = Thresholds.load(run.thresholds_path, labels.codes, model_sha256).per_class
    return {
        "format": FORMAT,
        **_called(config, thresholds is None),
        "run": run.path.resolve().name,
        "config_hash": config.hash,
        "model_sha256": model_sha256,
        "irmas_tf": __version__,
        "kind": answer_kind(config),
        "labels": list(labels.codes),
        "label_names": list(labels.names),
        "thresholds": thresholds,
        "sample_rate_hz": audio.sample_rate_hz,
        "channels": 1,
        "window_samples": audio.window_samples,
        "window_hop_samples": audio.window_hop_samples,
        "aggregation": AGGREGATION,
        "silence_dbfs": SILENCE_DBFS,
        "silence_rule": SILENCE_RULE,
        "metrics": _metrics(run, model_sha256),
        "licence": " ".join(licences_of(run, config)),
        "pretrained": run.load_pretrained(),
    }


def _called(config: Config, is_single: bool) -> dict[str, str]:
    """Return what a model is called and does, by the data it was trained on."""
    count = config.labels.num_classes
    if config.data.dataset == IRMAS:
        named = "instrument" if is_single else "instruments"
        title, does = "predominant instrument recognition", f"Names the predominant {named} of music, of"
    else:
        title, does = "sound recognition", f"Names the {'class' if is_single else 'classes'} of a sound, of"
    return {"name": f"irmas_tf {title}", "description": f"{does} {count} classes."}


def _metrics(run: RunDir, model_sha256: str) -> dict[str, Any] | None:
    """Return the scores of ``evaluate`` of this very model; a report that is missing or damaged stops no export."""
    try:
        found = read_json(run.evaluation_dir("validation") / "metrics.json")
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("model_sha256") != model_sha256:
        return None
    scores = {name: found[name] for name in _SCORES if name in found}
    try:
        headline = found["headline"]
        aggregation = found["aggregations"][headline["aggregation"]]
        decisions, level_of = aggregation["decisions"][headline["regime"]], headline.get("level_of", {})
        scores |= {"headline": headline, **{name: aggregation[name] for name in _RANKING_SCORES}}
        return scores | {name: decisions[level_of.get(name, headline["level"])][name] for name in _DECISION_SCORES}
    except (KeyError, TypeError):  # of one label
        return scores


def differences(facts: dict[str, Any], artefact: dict[str, Any]) -> list[str]:
    """Return what an artefact says otherwise than ``facts``, of all that decides its numbers; in words."""
    return [
        f"{name} is {shown(artefact.get(name))} in the artefact, {shown(facts[name])} in the run"
        for name in _DECISIVE
        if artefact.get(name) != facts[name]
    ]


def shown(value: Any) -> str:
    """Return a value as it is written, of a long one the beginning: there may be a thousand classes."""
    text = repr(value)
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}..."
