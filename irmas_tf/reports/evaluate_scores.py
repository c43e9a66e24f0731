"""The multi-label protocol on anyone's file of scores; no model and no TensorFlow is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from irmas_tf.config.labels import LABEL_SCHEMES
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets import irmas
from irmas_tf.datasets.dataset import Dataset
from irmas_tf.datasets.split_sides import group_numbers
from irmas_tf.datasets.split_sides import label_matrix as excerpt_labels
from irmas_tf.datasets.testing_clips import label_matrix, part_sizes, select_clips
from irmas_tf.evaluation.evaluate_arrays import SCORES
from irmas_tf.evaluation.label_cells import as_few_as_needed
from irmas_tf.evaluation.multi_label import Baselines, MultiLabelEvaluation, all_decisions
from irmas_tf.evaluation.score_file import (
    ScoreFile,
    match_files,
    names_below,
    read_label_table,
    read_score_file,
    song_of,
)
from irmas_tf.evaluation.score_table import MODEL, ScoreFileError
from irmas_tf.evaluation.scored_clips import GLOBAL, ScoredClips, fixed
from irmas_tf.evaluation.song_notes import song_groups, song_notes
from irmas_tf.evaluation.test_part import dataset_named, has_test_clips, published_counts
from irmas_tf.process.csv_cells import ESCAPE
from irmas_tf.reports.evaluation_report import EvaluationReport
from irmas_tf.reports.page import PageOptions
from irmas_tf.reports.report import summarize, write_report


def evaluate_scores(
    path: str | ScoreFile,
    labels: str = "",
    data_dir: str = "",
    *,
    dataset: str = "",
    threshold: float = 0.5,
    unique_clips: bool = False,
    output: str = "",
    page: PageOptions | None = None,
    csv_formulas: str = ESCAPE,
) -> EvaluationReport:
    """Evaluate a score file, and write the reports if a folder is given.

    Args:
        path: the score file; see `irmas_tf.evaluation.score_file`. Or what was read of it, as ``dataset``.
        labels: file with the labels; empty: see ``data_dir``.
        data_dir: folder of the data set, whose test part's labels count; empty: the score file's column ``labels``.
        dataset: its name; its classes are those of the scores. Empty: IRMAS where the columns are its classes, else the
            classes are all columns.
        threshold: the level fixed in advance.
        unique_clips: count byte-identical clips once; needs ``data_dir``.
        output: folder for the reports; empty: none are written.
        page: of report.html, the page for people; None writes none.
        csv_formulas: one of `irmas_tf.process.csv_cells.FORMULAS`.

    Raises:
        ConfigError: the folder for the reports is a file.
        ScoreFileError: a file cannot be used.
        DataError: the test set cannot be used.
    """
    if output and Path(output).is_file():
        raise ConfigError(f"--output={output}: is a file; name a folder")
    known = dataset_named(dataset) if dataset else None
    scores = path if isinstance(path, ScoreFile) else read_score_file(path, known.labels if known else None)
    if known is None and scores.scheme.name in LABEL_SCHEMES:
        known = dataset_named(scores.scheme.name)
    clips, notes = _label(scores, labels, data_dir, known, unique_clips)
    if len(scores.models) > 1:
        notes.append(f"the scores are of several models, by the column {MODEL}: {_shown(scores.models)}")
    decision = fixed(threshold, GLOBAL, f"no data: {threshold:g} as given (--threshold)", len(clips.codes))
    evaluation = MultiLabelEvaluation(
        split="scores",
        source=f"score file {scores.path}" + (f", of {_shown(scores.models)}" if len(scores.models) == 1 else ""),
        clips=clips,
        decisions=all_decisions(clips, {(SCORES, GLOBAL): decision}),
        baselines=Baselines.of(published_counts(known), "the official training set", len(clips))
        if known and known.official_counts
        else Baselines.of_scored(clips.labels),
        warnings=tuple(notes),
    )
    summary = summarize(evaluation)
    if len(scores.models) == 1:
        summary |= {MODEL: scores.models[0]}
    written = write_report(evaluation, summary, Path(output), page, csv_formulas) if output else []
    return EvaluationReport(summary, tuple(written))


def _shown(models: tuple[str, ...]) -> str:
    """Return the first models in words, each by the beginning of its checksum."""
    words = [f"model {model[:12]}" if model else "an unknown model" for model in models[:3]]
    return ", ".join(words) + (f" and {len(models) - 3} more" if len(models) > 3 else "")


def _label(
    scores: ScoreFile, labels: str, data_dir: str, dataset: Dataset | None, unique_clips: bool
) -> tuple[ScoredClips, list[str]]:
    """Return the scored clips with their labels, from wherever they come, and what is to be said of them."""
    scheme = scores.scheme
    values, parts = scores.scores, np.array(scores.parts)
    notes: list[str] = []
    files = scores.files
    paths: tuple[str, ...] = ()
    sizes: dict[int, int] = {}
    if unique_clips and not data_dir:
        raise ScoreFileError(
            f"--unique_clips: {scores.path} does not say which clips are identical; give --data_dir with the audio"
        )
    if data_dir and labels:
        raise ScoreFileError(
            f"--labels={labels}: is given beside --data_dir, which has labels too; give one of the two"
        )
    if data_dir and dataset is None:
        raise ScoreFileError(
            f"--data_dir={data_dir}: which data set it is does not follow from the columns of"
            f" {scores.path}; give --dataset, or --labels=FILE.csv"
        )
    if dataset is not None and data_dir and not has_test_clips(dataset):
        if unique_clips:
            raise ScoreFileError("--unique_clips: this data set does not say which clips are identical; leave it out")
        items = dataset.test_items(data_dir)
        if not items:
            items = dataset.training(data_dir)
            notes.append("the data set keeps no test part: these are excerpts that systems may have been trained on")
        order = match_files(scores, [item.name for item in items], data_dir)
        chosen_items = [items[number] for number in order]
        truth = as_few_as_needed(excerpt_labels(chosen_items, scheme))
        groups = group_numbers(chosen_items)
        paths = tuple(str(item.path) for item in chosen_items)
    elif dataset is not None and data_dir:
        all_clips = dataset.test_clips(data_dir)
        of_clip = dict(zip(match_files(scores, names_below(all_clips, data_dir), data_dir), values, strict=True))
        row_of = {clip.path: of_clip[number] for number, clip in enumerate(all_clips)}
        chosen, notes = select_clips(all_clips, unique_clips, dataset.official_parts)
        values = np.stack([row_of[clip.path] for clip in chosen])
        truth = label_matrix([clip.irmas_codes for clip in chosen], scheme)
        groups = np.array(irmas.group_clips(chosen))
        parts = np.array([clip.part for clip in chosen])
        sizes = part_sizes(all_clips)
        files, paths = tuple(names_below(chosen, data_dir)), tuple(str(clip.path) for clip in chosen)
    else:
        songs = scores.songs
        if labels:
            given = read_label_table(labels, scheme)
            order = match_files(scores, given.files, given.path)
            truth = given.labels[order]
            if scores.labels is not None:
                notes.append(f"the column 'labels' of {scores.path} was not used: --labels was given")
            songs = tuple(given.songs[number] for number in order) if given.songs else songs
            parts = np.where(parts > 0, parts, np.array(given.parts)[order])
        elif scores.labels is not None:
            truth = scores.labels
        else:
            raise ScoreFileError(
                f"{scores.path}: has no labels to compare with (those that predict writes are answers); add a column"
                " 'labels', or give --labels=FILE.csv, or --data_dir with the official test set"
            )
        groups = song_groups(songs or tuple(song_of(file) for file in files))
        if not songs:
            notes.append(
                "which clips belong to one song was guessed from the files' names ('Name-1' and 'Name-2' to 'Name'):"
                f" {len(np.unique(groups))} songs; a column 'song' would settle it"
            )
        notes += song_notes(groups, "check the column 'song'" if songs else "name the songs in a column 'song'")
    return ScoredClips(
        codes=scheme.codes,
        names=scheme.names,
        files=files,
        groups=groups,
        parts=parts,
        labels=truth,
        scores={SCORES: values},
        paths=paths,
        part_sizes=sizes,
    ), notes
