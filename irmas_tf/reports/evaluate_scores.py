"""The multi-label protocol on anyone's scores; no model and no TensorFlow is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets import irmas
from irmas_tf.datasets.testing_clips import label_matrix, official_counts, part_sizes, select_clips
from irmas_tf.evaluation.multi_label import Baselines, MultiLabelEvaluation, all_decisions
from irmas_tf.evaluation.score_file import (
    ScoreFile,
    ScoreFileError,
    match_files,
    names_below,
    read_label_table,
    read_score_file,
    song_of,
)
from irmas_tf.evaluation.scored_clips import GLOBAL, ScoredClips, fixed
from irmas_tf.reports.multi_label_files import write_multi_label_reports
from irmas_tf.reports.multi_label_page import write_multi_label_page
from irmas_tf.reports.multi_label_summary import summarize_multi_label
from irmas_tf.reports.multi_label_table import format_multi_label_table
from irmas_tf.reports.page import REPORT_NAME, PageOptions

SCORES = "scores"
"""Name of the only aggregation: what came before the file was written is not known."""


def evaluate_scores(
    path: str,
    labels: str = "",
    data_dir: str = "",
    *,
    threshold: float = 0.5,
    unique_clips: bool = False,
    output: str = "",
    format: str = "table",
    replicates: int = 1000,
    page: PageOptions | None = None,
) -> dict[str, Any]:
    """Evaluate a score file, print a summary, and write the reports if a folder is given.

    Args:
        path: the score file; see `irmas_tf.evaluation.score_file`.
        labels: file with the labels; empty: see ``data_dir``.
        data_dir: folder of the official test set, whose labels count; empty: the score file's column ``labels``.
        threshold: the level fixed in advance.
        unique_clips: count byte-identical clips once; needs ``data_dir``.
        output: folder for the reports; empty: none are written.
        format: "table" prints a summary, "json" the content of metrics.json.
        replicates: bootstrap replicates of the intervals.
        page: of report.html, the page for people; None writes none.

    Returns:
        The content of metrics.json.

    Raises:
        ConfigError: the folder for the reports is a file.
        ScoreFileError: a file cannot be used.
        DataError: the test set cannot be used.
    """
    if output and Path(output).is_file():
        raise ConfigError(f"--output={output}: is a file; name a folder")
    scores = read_score_file(path)
    clips, notes = _label(scores, labels, data_dir, unique_clips)
    decision = fixed(threshold, GLOBAL, f"no data: {threshold:g} as given (--threshold)", len(clips.codes))
    evaluation = MultiLabelEvaluation(
        split="scores",
        source=f"score file {scores.path}",
        clips=clips,
        decisions=all_decisions(clips, {(SCORES, GLOBAL): decision}),
        baselines=Baselines.of(official_counts(scores.scheme), "the official training set", len(clips)),
        warnings=tuple(notes),
        replicates=replicates,
    )
    summary = summarize_multi_label(evaluation)
    written: list[Path] = []
    if output:
        (Path(output) / REPORT_NAME).unlink(missing_ok=True)  # as evaluate_run
        written = write_multi_label_reports(evaluation, summary, Path(output))
        if page is not None:
            written.append(write_multi_label_page(evaluation, summary, Path(output), page))
    if format == "json":
        print(json.dumps(summary))
    else:
        print(format_multi_label_table(summary), end="")
        if written:
            print(f"\n  written to {output}: {', '.join(p.name for p in written)}")
    return summary


def _label(scores: ScoreFile, labels: str, data_dir: str, unique_clips: bool) -> tuple[ScoredClips, list[str]]:
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
    if data_dir:
        all_clips = irmas.index_testing(data_dir, content_ids=True)
        of_clip = dict(zip(match_files(scores, names_below(all_clips, data_dir), data_dir), values, strict=True))
        row_of = {clip.path: of_clip[number] for number, clip in enumerate(all_clips)}
        chosen, notes = select_clips(all_clips, unique_clips)
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
        groups = _groups(songs or tuple(song_of(file) for file in files))
        notes += _song_notes(groups, songs is not None)
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


def _song_notes(groups: np.ndarray, are_given: bool) -> list[str]:
    """Return what is to be said of the songs, by which intervals are drawn and thresholds are tuned.

    Args:
        groups: song of each clip, [clips].
        are_given: whether a column names them; else the files' names were taken for it.
    """
    songs = len(np.unique(groups))
    remedy = "check the column 'song'" if are_given else "name the songs in a column 'song'"
    notes = []
    if not are_given:
        notes.append(
            f"which clips are of one song was guessed from the files' names ('Name-1' and 'Name-2' are of 'Name'):"
            f" {songs} songs; a column 'song' would say it"
        )
    if songs == len(groups) > 1:
        notes.append(
            f"every clip is a song of its own: if some are of one recording, intervals are too narrow and thresholds"
            f" tuned on other songs have seen their own; {remedy}"
        )
    if songs == 1 < len(groups):
        notes.append(f"all {len(groups)} clips are of one song; {remedy} if they are not")
    return notes


def _groups(songs: tuple[str, ...]) -> np.ndarray:
    """Return a number for each clip's song, [clips].

    Numbers stay what they are, so that a report's own ``clips.csv`` is bootstrapped and folded as the report was; but
    of a report without byte-identical clips, whose Parts look incomplete here, the folds are songs.
    """
    if all(song.isascii() and song.isdecimal() and len(song) < 10 for song in songs):
        return np.array([int(song) for song in songs])
    return np.unique(songs, return_inverse=True)[1].reshape(-1)
