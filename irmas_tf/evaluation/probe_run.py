"""From a data set and a network to a cross-validated linear probe: what the probe command does; it prints it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf import __version__
from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.dataset import Dataset
from irmas_tf.datasets.split_sides import class_indices, group_numbers
from irmas_tf.evaluation.probe import ProbeResult, cross_validate
from irmas_tf.inference.embedding_files import Progress, embed_files, write_embeddings
from irmas_tf.inference.window_model import WindowModel
from irmas_tf.metrics import single_label


def probe_data(
    model: WindowModel,
    dataset: Dataset,
    data_dir: str,
    *,
    cache_dir: str,
    folds: int,
    regularization: float,
    seed: int,
    batch_size: int = 16,
    learning_curve: bool = False,
    progress: Progress | None = None,
) -> ProbeResult:
    """Return the result of a linear probe on the training excerpts of a data folder.

    Args:
        model: gives the embeddings.
        dataset: the data set, with its classes.
        data_dir: its folder.
        cache_dir: folder in which embeddings are kept, by network and data, so that another C takes seconds.
        folds: of the cross-validation; a song lies in one of them.
        regularization: C of the logistic regression.
        seed: of the folds.
        batch_size: windows the model sees at once.
        learning_curve: also train on parts of the songs.
        progress: called with the embeddings as they come and their number, returns them.

    Raises:
        ModelError: the model has no embedding.
        ConfigError: excerpts cannot be read, or a class has too few songs for the folds.
        DataError: the data is not there.
    """
    excerpts, scheme = dataset.training(data_dir), dataset.labels
    labels, groups = class_indices(excerpts, scheme), group_numbers(excerpts)
    _check_songs(labels, groups, scheme, folds)  # before the long part
    embeddings = _embeddings(model, [str(excerpt.path) for excerpt in excerpts], Path(cache_dir), batch_size, progress)
    try:
        return cross_validate(
            embeddings,
            labels,
            groups,
            num_classes=scheme.num_classes,
            folds=folds,
            regularization=regularization,
            seed=seed,
            learning_curve=learning_curve,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _check_songs(labels: np.ndarray, groups: np.ndarray, scheme: LabelScheme, folds: int) -> None:
    """Check that every fold can have a song of every class.

    Raises:
        ConfigError: a class has fewer songs; the message names it and the folds that would work.
    """
    songs = {label: len(np.unique(groups[labels == label])) for label in np.unique(labels).tolist()}
    label, fewest = min(songs.items(), key=lambda pair: pair[1])
    if fewest < folds:
        name = f"{scheme.codes[label]} ({scheme.names[label]})"
        remedy = f"use --folds={fewest}" if fewest > 1 else "add songs of that class"
        raise ConfigError(f"--folds={folds}: {name} has only {fewest} song{'s' * (fewest > 1)}; {remedy}")


def _embeddings(
    model: WindowModel, paths: list[str], cache_dir: Path, batch_size: int, progress: Progress | None
) -> np.ndarray:
    cached = cache_dir / f"{_key(model, paths)}.npz"
    if cached.exists():
        with np.load(cached, allow_pickle=False) as file:
            if file["files"].tolist() == paths:
                return file["embeddings"]
    embeddings = embed_files(model, paths, batch_size=batch_size, total=len(paths), progress=progress)
    if embeddings.failures:
        raise ConfigError(f"{len(embeddings.failures)} of {len(paths)} excerpts cannot be read; irmas check names them")
    cache_dir.mkdir(parents=True, exist_ok=True)
    write_embeddings(cached, embeddings, model)
    return embeddings.matrix


def _key(model: WindowModel, paths: Sequence[str]) -> str:
    """Return a name that changes with the network and its weights, the windows, the files, and this package's version.

    The version stands for front-ends and decoding, which a new one may change.
    """
    audio = model.audio
    windows = (audio.sample_rate_hz, audio.window_seconds, audio.window_hop_seconds)
    digest = hashlib.sha256(json.dumps([__version__, dict(model.source), windows], sort_keys=True).encode())
    for path in paths:
        status = os.stat(path)
        digest.update(f"{path}\0{status.st_size} {status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:20]


def summarize(result: ProbeResult, scheme: LabelScheme) -> dict[str, Any]:
    """Return a result as a JSON-ready dict; scores are in [0, 1]."""
    scores = single_label.class_scores(result.labels, result.predicted, scheme.num_classes)
    intervals = result.intervals()
    values = {
        "accuracy": single_label.accuracy(result.labels, result.predicted),
        "macro_f1": single_label.macro_f1(result.labels, result.predicted, scheme.num_classes),
    }
    baseline = np.bincount(result.labels, minlength=scheme.num_classes).max() / len(result.labels)
    return {
        "excerpts": len(result.labels),
        "songs": len(np.unique(result.groups)),
        "folds": len(result.fold_accuracies),
        "regularization": result.regularization,
        **{
            name: {"value": value, "low": interval and interval.low, "high": interval and interval.high}
            for name, value in values.items()
            for interval in [intervals[name]]
        },
        "fold_accuracies": list(result.fold_accuracies),
        "majority_baseline": float(baseline),
        "per_class_f1": {code: float(scores.f1[k]) for k, code in enumerate(scheme.codes)},
        "classes": list(scheme.codes),
        "confusion": result.confusion.tolist(),
        "learning_curve": [dataclasses.asdict(point) for point in result.curve],
    }


def summary_table(summary: dict[str, Any], scheme: LabelScheme) -> str:
    """Return a summary for people, with a line break at its end."""
    lines = []
    for name, title in (("accuracy", "accuracy"), ("macro_f1", "macro F1")):
        score = summary[name]
        lines.append(f"{title:<9} {score['value']:.3f}  [95 % over songs: {score['low']:.3f} to {score['high']:.3f}]")
    folds = ", ".join(f"{value:.3f}" for value in summary["fold_accuracies"])
    lines.append(f"folds     {folds}")
    counts = f"{summary['excerpts']} excerpts of {summary['songs']} songs"
    lines.append(f"majority  {summary['majority_baseline']:.3f}  on {counts}")
    for code, name in zip(scheme.codes, scheme.names, strict=True):
        lines.append(f"  {code}  {name:<16} F1 {summary['per_class_f1'][code]:.3f}")
    if summary["learning_curve"]:
        lines.append("learning curve, means over the folds\n  songs  excerpts  accuracy")
        for point in summary["learning_curve"]:
            lines.append(f"  {point['songs']:5.0f}  {point['excerpts']:8.0f}  {point['accuracy']:8.3f}")
    return "\n".join(lines) + "\n"
