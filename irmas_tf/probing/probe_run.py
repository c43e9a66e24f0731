"""From a data set and a network to a cross-validated linear probe: what the probe command does; it prints it."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf import __version__
from irmas_tf.beginnings.who_saw import unseen_excerpts
from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.dataset import Dataset, LabelledExcerpt
from irmas_tf.datasets.split_sides import SplitSide, group_numbers, label_matrix
from irmas_tf.evaluation.song_notes import interval_notes
from irmas_tf.inference.embedding_files import Progress, embed_files, write_embeddings
from irmas_tf.inference.window_model import WindowModel
from irmas_tf.metrics import single_label
from irmas_tf.probing.cross_validation import ProbeResult, cross_validate
from irmas_tf.probing.several_labels import LabelsProbeResult, cross_validate_labels
from irmas_tf.process.bounded_npz import BoundedNpzError, read_npz
from irmas_tf.process.places import why_no_folder
from irmas_tf.runs.run_dir import RunDir


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
) -> ProbeResult | LabelsProbeResult:
    """Return the result of a linear probe on the training excerpts of a data folder.

    Of a run, only the excerpts of its validation side are taken, of whose songs its network has learnt nothing: on
    others its embedding is that of songs it knows by heart, and the figure is too high.

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
        ConfigError: excerpts cannot be read, a class has too few songs for the folds, the network has learnt from all
            songs, or does not say from which.
        DataError: the data is not there.
    """
    excerpts, said = _fair_excerpts(model, dataset, dataset.training(data_dir))
    scheme, groups = dataset.labels, group_numbers(excerpts)
    side = SplitSide(tuple(str(excerpt.path) for excerpt in excerpts), label_matrix(excerpts, scheme), groups)
    _check_songs(side.targets, groups, scheme, folds, said)  # before the long part
    if learning_curve and not side.is_single:
        raise ConfigError("--learning_curve: is for excerpts of one class each; leave it out")
    embeddings = _embeddings(model, list(side.paths), Path(cache_dir), batch_size, progress)
    settings: dict[str, Any] = {"folds": folds, "regularization": regularization, "seed": seed}
    try:
        if not side.is_single:
            result = cross_validate_labels(embeddings, side.targets, groups, **settings)
            return dataclasses.replace(result, songs_of=said)
        single = cross_validate(
            embeddings,
            side.labels,
            groups,
            num_classes=scheme.num_classes,
            learning_curve=learning_curve,
            **settings,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return dataclasses.replace(single, songs_of=said)


def _fair_excerpts(
    model: WindowModel, dataset: Dataset, excerpts: Sequence[LabelledExcerpt]
) -> tuple[Sequence[LabelledExcerpt], str]:
    """Return the excerpts whose songs the network has not learnt, and which these are, in words.

    Raises:
        ConfigError: there are none, or the model does not say what it has learnt from.
    """
    run = getattr(model, "run", None)
    if isinstance(run, RunDir):
        unseen = unseen_excerpts(run, excerpts)
        if unseen is None:
            trained_on = getattr(model, "config", None)
            name = trained_on.data.dataset if trained_on else "other data"
            return excerpts, f"all songs; the run's split names none of them (it was trained on {name})"
        if not unseen:
            raise ConfigError(
                f"--run_dir={run.path}: its network has learnt from all songs of this data, also from those it was"
                " validated on: a probe on them would say nothing of new songs; give another data set"
            )
        return unseen, f"the validation side of run {run.path.resolve().name}: songs its network has not learnt from"
    if "model_sha256" not in model.source:
        return excerpts, "all songs"
    shared = sorted(set(map(str, model.source.get("labels", ()))) & set(dataset.labels.codes))
    if shared or not model.source.get("labels"):
        raise ConfigError(
            "--model: was trained on songs that it does not name, maybe on these; give --run_dir, the folder of the"
            " run it was exported from, whose split says which are new to it"
        )
    return excerpts, "all songs; the model was trained on other classes"


def _check_songs(targets: np.ndarray, groups: np.ndarray, scheme: LabelScheme, folds: int, said: str) -> None:
    """Check that every fold can have a song of every class that occurs.

    Raises:
        ConfigError: a class has fewer songs; the message names it and the folds that would work.
    """
    songs = {k: len(np.unique(groups[targets[:, k] == 1])) for k in range(targets.shape[1])}
    songs = {k: count for k, count in songs.items() if count}
    if len(songs) < 2:
        raise ConfigError(f"{said}: hold fewer than two classes; a probe needs two or more")
    label, fewest = min(songs.items(), key=lambda pair: pair[1])
    if fewest < folds:
        name = f"{scheme.codes[label]} ({scheme.names[label]})"
        remedy = f"use --folds={fewest}" if fewest > 1 else "add songs of that class"
        of_run = f" in {said}" if "run " in said else ""
        raise ConfigError(f"--folds={folds}: {name} has only {fewest} song{'s' * (fewest > 1)}{of_run}; {remedy}")


def _embeddings(
    model: WindowModel, paths: list[str], cache_dir: Path, batch_size: int, progress: Progress | None
) -> np.ndarray:
    cached = cache_dir / f"{_key(model, paths)}.npz"
    if cached.exists():
        with contextlib.suppress(BoundedNpzError, KeyError):  # what is damaged is computed anew
            file = read_npz(cached)
            if file["files"].tolist() == paths and len(file["embeddings"]) == len(paths):
                return file["embeddings"]
    if reason := why_no_folder(cache_dir):
        raise ConfigError(f"--cache_dir={cache_dir}: {reason}")
    embeddings = embed_files(model, paths, batch_size=batch_size, total=len(paths), progress=progress)
    if embeddings.failures:
        raise ConfigError(f"{len(embeddings.failures)} of {len(paths)} excerpts cannot be read; irmas check names them")
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


def summarize(result: ProbeResult | LabelsProbeResult, scheme: LabelScheme) -> dict[str, Any]:
    """Return a result as a JSON-ready dict; scores are in [0, 1]."""
    if isinstance(result, LabelsProbeResult):
        return result.summary(scheme)
    scores = single_label.class_scores(result.labels, result.predicted, scheme.num_classes)
    intervals = result.intervals()
    values = {
        "accuracy": single_label.accuracy(result.labels, result.predicted),
        "macro_f1": single_label.macro_f1(result.labels, result.predicted, scheme.num_classes),
    }
    baseline = np.bincount(result.labels, minlength=scheme.num_classes).max() / len(result.labels)
    return {
        "task": "single_label",
        "songs_of": result.songs_of,
        "warnings": list(
            interval_notes(result.groups, np.eye(scheme.num_classes, dtype=bool)[result.labels], scheme.codes)
        ),
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
        "per_class": [
            {"class": code, "name": name, "support": int(scores.support[k]), "f1": float(scores.f1[k])}
            for k, (code, name) in enumerate(zip(scheme.codes, scheme.names, strict=True))
        ],
        "classes": list(scheme.codes),
        "names": list(scheme.names),
        "confusion": result.confusion.tolist(),
        "learning_curve": [dataclasses.asdict(point) for point in result.curve],
    }


def summary_table(summary: dict[str, Any], scheme: LabelScheme) -> str:
    """Return a summary for people, with a line break at its end."""
    of_one = summary["task"] == "single_label"
    titles = {"accuracy": "accuracy", "macro_f1": "macro F1"} if of_one else LabelsProbeResult.TITLES
    width = max(9, *map(len, titles.values()))
    lines = [f"{title:<{width}} {_with_interval(summary[name])}" for name, title in titles.items()]
    counts = f"{summary['excerpts']} excerpts of {summary['songs']} songs"
    if of_one:
        lines.append(f"{'folds':<{width}} {', '.join(f'{value:.3f}' for value in summary['fold_accuracies'])}")
        lines.append(f"{'majority':<{width}} {summary['majority_baseline']:.3f}  on {counts}")
    else:
        lines.append(f"on {counts}, {summary['known_share']:.1%} of the labels known, {summary['folds']} folds")
    lines.append(f"songs: {summary['songs_of']}")
    lines += [f"note: {text}" for text in summary["warnings"]]
    wide, code_wide = max(16, *map(len, scheme.names)), max(map(len, scheme.codes))
    for row in summary["per_class"]:
        figures = f"F1 {row['f1']:.3f}"
        if not of_one:
            figures += "  AP  -" if row["average_precision"] is None else f"  AP {row['average_precision']:.3f}"
        lines.append(f"  {row['class']:<{code_wide}}  {row['name']:<{wide}} {figures}")
    if summary.get("learning_curve"):
        lines.append("learning curve, means over the folds\n  songs  excerpts  accuracy")
        for point in summary["learning_curve"]:
            lines.append(f"  {point['songs']:5.0f}  {point['excerpts']:8.0f}  {point['accuracy']:8.3f}")
    return "\n".join(lines) + "\n"


def _with_interval(score: dict[str, float | None]) -> str:
    if score["value"] is None:
        return "  -"
    if score["low"] is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f}  [95 % over songs: {score['low']:.3f} to {score['high']:.3f}]"
