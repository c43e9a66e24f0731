"""From a data set and a network to a cross-validated linear probe: the work of the probe command."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf import __version__
from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas import Excerpt, group_excerpts, index_training
from irmas_tf.evaluation.probe import ProbeResult, cross_validate
from irmas_tf.inference.embedding import WindowEmbedder
from irmas_tf.inference.embedding_files import embed_clips, write_embeddings
from irmas_tf.metrics import single_label


def probe_data(
    embedder: WindowEmbedder,
    data_dir: str,
    scheme: LabelScheme,
    *,
    cache_dir: str,
    folds: int,
    regularization: float,
    seed: int,
    batch_size: int = 16,
    learning_curve: bool = False,
) -> ProbeResult:
    """Return the result of a linear probe on the training excerpts of a data folder.

    Embeddings are kept in ``cache_dir``, by network and data, so that another C takes seconds.

    Raises:
        ConfigError: excerpts cannot be read, or a class has too few songs for the folds.
        DataError: the data is not there.
    """
    excerpts = index_training(data_dir)
    labels = np.array([scheme.index(excerpt.irmas_code) for excerpt in excerpts])
    groups = np.array(group_excerpts(excerpts))
    _check_songs(labels, groups, scheme, folds)  # before the long part
    embeddings = _embeddings(embedder, excerpts, Path(cache_dir), batch_size)
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


def _embeddings(embedder: WindowEmbedder, excerpts: Sequence[Excerpt], cache_dir: Path, batch_size: int) -> np.ndarray:
    paths = [str(excerpt.path) for excerpt in excerpts]
    cached = cache_dir / f"{_key(embedder, paths)}.npz"
    if cached.exists():
        with np.load(cached, allow_pickle=False) as file:
            if file["files"].tolist() == paths:
                return file["embeddings"]
    clips, failures = embed_clips(embedder, paths, batch_size=batch_size, total=len(paths))
    if failures:
        raise ConfigError(
            f"{len(failures)} of {len(paths)} excerpts cannot be read; python -m irmas_tf.check names them all"
        )
    cache_dir.mkdir(parents=True, exist_ok=True)
    write_embeddings(cached, clips, embedder)
    return np.stack([clip.mean for clip in clips]).astype(np.float32)


def _key(embedder: WindowEmbedder, paths: Sequence[str]) -> str:
    """Return a name that changes with the network and its weights, the windows, the files, and this package's version.

    The version stands for front-ends and decoding, which a new one may change.
    """
    audio = embedder.audio
    windows = (audio.sample_rate_hz, audio.window_seconds, audio.window_hop_seconds)
    digest = hashlib.sha256(json.dumps([__version__, embedder.source, windows], sort_keys=True).encode())
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


def print_summary(summary: dict[str, Any], scheme: LabelScheme) -> None:
    """Print a summary for people."""
    for name, title in (("accuracy", "accuracy"), ("macro_f1", "macro F1")):
        score = summary[name]
        print(f"{title:<9} {score['value']:.3f}  [95 % over songs: {score['low']:.3f} to {score['high']:.3f}]")
    folds = ", ".join(f"{value:.3f}" for value in summary["fold_accuracies"])
    print(f"folds     {folds}")
    counts = f"{summary['excerpts']} excerpts of {summary['songs']} songs"
    print(f"majority  {summary['majority_baseline']:.3f}  on {counts}")
    for code, name in zip(scheme.codes, scheme.names, strict=True):
        print(f"  {code}  {name:<16} F1 {summary['per_class_f1'][code]:.3f}")
    if summary["learning_curve"]:
        print("learning curve, means over the folds\n  songs  excerpts  accuracy")
        for point in summary["learning_curve"]:
            print(f"  {point['songs']:5.0f}  {point['excerpts']:8.0f}  {point['accuracy']:8.3f}")
    sys.stdout.flush()
