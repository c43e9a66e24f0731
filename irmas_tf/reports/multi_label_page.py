"""A multi-label evaluation as a page for people (`irmas_tf.reports.page`); needs no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.dsp.resample import resample
from irmas_tf.evaluation.multi_label import MACRO_F1, MICRO_F1, MultiLabelEvaluation
from irmas_tf.evaluation.scored_clips import LEVEL_WORDS, REGIME_WORDS
from irmas_tf.inference.activity import Activity
from irmas_tf.metrics.multilabel_bootstrap import SongBootstrap
from irmas_tf.reports.charts import bar
from irmas_tf.reports.clips_on_page import AUDIO_HZ, JudgedClip, PageAudio, clip_card, spread
from irmas_tf.reports.levels_on_page import levels_section, trust_section
from irmas_tf.reports.page import (
    REPORT_NAME,
    ClipCard,
    Headline,
    HeatTable,
    PageOptions,
    ReportPage,
    Section,
    Table,
    write_page,
)
from irmas_tf.reports.settings_on_page import settings_section
from irmas_tf.runs.run_dir import RunDir


def multi_label_page(
    evaluation: MultiLabelEvaluation, summary: dict[str, Any], run: RunDir | None, options: PageOptions
) -> ReportPage:
    """Return the page of an evaluation.

    Args:
        evaluation: what was found.
        summary: its scores (`irmas_tf.reports.multi_label_summary.summarize_multi_label`).
        run: the run folder; None for a score file.
        options: what a user may choose.
    """
    classes = len(summary["classes"])
    sections = [_classes(evaluation, summary), _mistakes(evaluation), levels_section(evaluation, summary)]
    if (trust := trust_section(evaluation, summary)) is not None:
        sections.append(trust)
    if options.clips:
        sections += _clips(evaluation, options)
    if evaluation.config is not None:
        sections.append(settings_section(evaluation.config, run))
    parts = ", ".join(f"Part{part}: {count:,}" for part, count in summary["parts"].items())
    facts = [
        f"{summary['clips']:,} clips of {summary['songs']:,} songs",
        f"{summary['labels_per_clip']:.2f} labels a clip, {classes} classes",
        summary["source"],
    ]
    if (plain := summary["single_label"]) is not None:
        facts.append(
            f"the {plain['excerpts']:,} plain excerpts, one label each: accuracy {plain['accuracy']:.3f}, macro F1"
            f" {plain['macro_f1']:.3f}"
        )
    hashed = f", configuration {summary['config_hash']}" if summary["config_hash"] else ""
    return ReportPage(
        f"{run.path.resolve().name}: {evaluation.split} split" if run else evaluation.source,
        tuple([*facts, parts] if parts else facts),
        tuple(_headlines(evaluation, summary)),
        tuple(sections),
        tuple(summary["warnings"]),
        f"irmas_tf.evaluate{hashed}. Intervals: 95 %, percentile bootstrap over songs, {evaluation.replicates:,}"
        " replicates. The same figures as tables: metrics.json, per_class.csv, thresholds.csv, threshold_curves.csv,"
        " clips.csv beside this page.",
    )


def write_multi_label_page(
    evaluation: MultiLabelEvaluation,
    summary: dict[str, Any],
    folder: Path,
    options: PageOptions,
    run: RunDir | None = None,
) -> Path:
    """Write the page into a folder, whole or not at all; return its path."""
    return write_page(multi_label_page(evaluation, summary, run, options), folder / REPORT_NAME)


def _headlines(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> list[Headline]:
    """Return the scores of the main decisions and the main aggregation, beside what needs no model."""
    of = summary["aggregations"][evaluation.headline[0]]
    baselines, classes = summary["baselines"], len(summary["classes"])
    counted = classes - len(of["classes_without_labels"])
    constant = f"always {', '.join(baselines['constant']['classes'])}"
    found = []
    for name, title, note in (
        (MICRO_F1, "Micro F1", "Over all labels."),
        (MACRO_F1, "Macro F1", "Mean of the classes' F1."),
    ):
        _, regime, level = evaluation.headline_of(name)
        score = of["decisions"][regime][level][name]
        note += f" Thresholds: {REGIME_WORDS[regime]}, {LEVEL_WORDS[level]}."
        baseline = baselines["constant"][name]["value"]
        found.append(Headline(title, score["value"], score["low"], score["high"], ((constant, baseline),), note))
    ranking = baselines["prevalence_ranking"]
    for name, title, note in (
        ("lrap", "LRAP", "How far up the labels are in each clip's ranking of the classes; needs no threshold."),
        (
            "mean_average_precision",
            "mAP",
            "How far up the clips with a class are in the ranking of all clips by it, mean over"
            f" {'all' if counted == classes else f'{counted} of'} {classes} classes.",
        ),
    ):
        score = of[name]
        if score["value"] is not None:
            rows = (("ranking by prevalence in training", ranking[name]["value"] or 0.0),)
            found.append(Headline(title, score["value"], score["low"], score["high"], rows, note))
    return found


def _classes(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> Section:
    """Return F1 of each class, best first, with intervals over songs."""
    clips, answers = evaluation.clips, evaluation.answers()
    draws = SongBootstrap(clips.groups, replicates=evaluation.replicates)
    rows = []
    order = sorted(range(len(clips.codes)), key=lambda k: -summary["per_class"][k]["f1"])
    for k in order:
        row = summary["per_class"][k]
        # Of a single class, the macro F1 is its F1.
        interval = draws.decision_intervals(clips.labels[:, [k]], answers[:, [k]])["macro_f1"]
        ends = (interval.low, interval.high) if interval else (None, None)
        figures = (_figure(row[key]) for key in ("f1", "precision", "recall", "average_precision", "threshold"))
        rows.append((row["name"], bar(row["f1"], *ends), *figures, f"{row['support']:,}"))
    names = ("F1", "prec.", "recall", "AP", "level", "clips")
    table = Table(
        "F1 of each class, best first; the whisker is the 95 % interval over songs",
        ("class", "", *names),
        tuple(rows),
        names,
        "bars",
    )
    lead = (
        "Prec.: of the clips answered with the class, how many have it. Recall: of the clips that have it, how many"
        " were answered with it. AP: average precision, which needs no threshold. Level: the threshold of the class."
    )
    return Section("classes", "Instruments", lead, (table,))


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _mistakes(evaluation: MultiLabelEvaluation) -> Section:
    """Return what is named without being a label, by the labels that are there; and which labels occur together."""
    clips, answers = evaluation.clips, evaluation.answers()
    labels = clips.labels.astype(int)
    support = labels.sum(axis=0)
    wrong = labels.T @ (answers & ~clips.labels)
    counts = wrong + np.diag((clips.labels & answers).sum(axis=0))
    notes = tuple(f"({count:,})" for count in support)

    def heat(caption: str, corner: str, table: np.ndarray) -> HeatTable:
        texts = tuple(tuple(str(count) if count else "" for count in row) for row in table.tolist())
        shares = table / np.maximum(support, 1)[:, None]
        return HeatTable(caption, corner, clips.codes, clips.names, notes, texts, shares)

    return Section(
        "mistakes",
        "What is named by mistake, beside what",
        "The diagonal is right: clips with the label in which it is named. Off the diagonal, clips with the row's"
        " label in which the column's class is named although it is no label of theirs.",
        (
            heat(
                "Rows: label (clips). Columns: class named. The number is clips, the shade their share of the row.",
                "label \\ named",
                counts,
            ),
        ),
        (
            heat(
                "Labels together. Rows: label (clips). Columns: label that is there as well.",
                "label \\ label",
                labels.T @ labels,
            ),
            heat(
                "Answers together. Rows: label (clips). Columns: class named, whether a label or not.",
                "label \\ named",
                labels.T @ answers.astype(int),
            ),
        ),
        "Which labels, and which answers, occur together",
    )


def _clips(evaluation: MultiLabelEvaluation, options: PageOptions) -> list[Section]:
    """Return the clips whose labels are furthest below, and above, the other classes; one a song."""
    clips = evaluation.clips
    scores = clips.scores[evaluation.headline[0]]
    least_label = np.where(clips.labels, scores, np.inf).min(axis=1)
    best_other = np.where(clips.labels, -np.inf, scores).max(axis=1)
    margin = least_label - best_other
    order = [k for k in np.argsort(margin, kind="stable").tolist() if np.isfinite(margin[k])]
    worst = spread([k for k in order if margin[k] < 0], clips.groups, options.clips)
    best = spread([k for k in reversed(order) if margin[k] > 0], clips.groups, options.clips)
    audio = PageAudio(options.audio)
    parts = (
        ("worst", "Worst clips", "A label is furthest below a class that is none.", worst),
        ("best", "Best clips", "All labels are furthest above all other classes.", best),
    )
    found = []
    for anchor, title, lead, chosen in parts:
        if not chosen:
            continue
        if evaluation.windows is None or not (clips.paths or evaluation.render):
            found.append(Section(anchor, title, f"{lead} One clip a song.", (_listed(evaluation, chosen, title),)))
            continue
        lead += (
            " One clip a song. Each row is a class, its height the probability over time, the dashes its threshold;"
            " a click in the picture plays from there."
        )
        if evaluation.windows.single_window:
            lead += " Every clip is one window here, so that the probabilities do not change over time."
        found.append(Section(anchor, title, lead, tuple(_card(evaluation, k, audio) for k in chosen)))
    return found


def _levels(evaluation: MultiLabelEvaluation, k: int) -> np.ndarray:
    """Return the thresholds of a clip, [classes]."""
    decision = evaluation.decisions[evaluation.headline]
    return decision.thresholds[0 if decision.fold is None else decision.fold[k]]


def _judged(evaluation: MultiLabelEvaluation, k: int) -> tuple[tuple[int, ...], tuple[int, ...], np.ndarray]:
    """Return (labels, classes named, scores) of a clip."""
    scores = evaluation.clips.scores[evaluation.headline[0]][k]
    named = np.flatnonzero(scores >= _levels(evaluation, k))
    return tuple(np.flatnonzero(evaluation.clips.labels[k]).tolist()), tuple(named.tolist()), scores


def _listed(evaluation: MultiLabelEvaluation, chosen: list[int], caption: str) -> Table:
    names = evaluation.clips.names
    rows = []
    for k in chosen:
        labels, named, scores = _judged(evaluation, k)
        rows.append((
            evaluation.clips.files[k],
            ", ".join(f"{names[c]} {scores[c]:.2f}" for c in labels),
            ", ".join(f"{names[c]} {scores[c]:.2f}" for c in named) or "none",
        ))  # fmt: skip
    return Table(caption, ("clip", "labels", "named"), tuple(rows), class_="stack listed")


def _card(evaluation: MultiLabelEvaluation, k: int, audio: PageAudio) -> ClipCard:
    clips, config = evaluation.clips, evaluation.config
    assert config is not None
    seconds, rate = config.audio.window_seconds, config.audio.sample_rate_hz
    sound = None
    if evaluation.render is None:
        activity = Activity(clips.paths[k], clips.durations_seconds[k], seconds, *evaluation.activity(k))
    else:
        heard = evaluation.render(k)
        activity = Activity("", len(heard) / rate, seconds, *evaluation.activity(k, len(heard)))
        sound = resample(heard, rate, AUDIO_HZ)
    labels, named, scores = _judged(evaluation, k)
    judged = JudgedClip(clips.files[k], labels, named, scores, activity)
    return clip_card(judged, config.labels, audio, _levels(evaluation, k), sound)
