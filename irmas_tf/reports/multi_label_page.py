"""A multi-label evaluation as a page for people (`irmas_tf.reports.page`); needs no TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from irmas_tf.dsp.resample import resample
from irmas_tf.evaluation.multi_label import MACRO_F1, MICRO_F1, MultiLabelEvaluation
from irmas_tf.evaluation.scored_clips import LEVEL_WORDS, REGIME_WORDS
from irmas_tf.inference.activity import Activity
from irmas_tf.metrics.multilabel_intervals import SongIntervals
from irmas_tf.pictures.class_names import several
from irmas_tf.reports.class_sections import classes_section, confusion_figure, top_confusions_table
from irmas_tf.reports.clip_cards import AUDIO_HZ, JudgedClip, PageAudio, clip_card, clips_section, spread
from irmas_tf.reports.page import ClipCard, Figure, Headline, PageOptions, ReportPage, Section, Table
from irmas_tf.reports.score_texts import footer_text
from irmas_tf.reports.settings_section import settings_section
from irmas_tf.reports.threshold_sections import confidence_section, thresholds_section
from irmas_tf.runs.run_dir import RunDir


def multi_label_page(evaluation: MultiLabelEvaluation, summary: dict[str, Any], run: RunDir | None) -> ReportPage:
    """Return the page of an evaluation, without clips.

    Args:
        evaluation: what was found.
        summary: its scores (`irmas_tf.evaluation.multi_label_summary.summarize_multi_label`).
        run: the run folder; None for a score file.
    """
    classes = len(summary["classes"])
    sections = [_classes(evaluation, summary), _mistakes(evaluation), thresholds_section(evaluation, summary)]
    if (confidence := confidence_section(evaluation)) is not None:
        sections.append(confidence)
    if evaluation.config is not None:
        sections.append(settings_section(evaluation.config, run))
    parts = ", ".join(f"Part{part}: {count:,}" for part, count in summary["parts"].items())
    facts = [
        f"{summary['clips']:,} clips of {summary['songs']:,} songs",
        f"{summary['labels_per_clip']:.2f} labels per clip, {classes} classes",
        summary["source"],
    ]
    if (plain := summary["single_label"]) is not None:
        facts.append(
            f"the {plain['excerpts']:,} plain excerpts, one label each: accuracy {plain['accuracy']:.3f}, macro F1"
            f" {plain['macro_f1']:.3f}"
        )
    return ReportPage(
        f"{run.path.resolve().name}: {evaluation.split} split" if run else evaluation.source,
        tuple([*facts, parts] if parts else facts),
        tuple(_headlines(evaluation, summary)),
        tuple(sections),
        tuple(summary["warnings"]),
        footer_text(summary, ("metrics.json", "per_class.csv", "thresholds.csv", "threshold_curves.csv", "clips.csv")),
    )


def _headlines(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> list[Headline]:
    """Return the scores of the main decisions and the main aggregation, beside what needs no model."""
    of = summary["aggregations"][evaluation.headline[0]]
    baselines, classes = summary["baselines"], len(summary["classes"])
    counted = classes - len(of["classes_without_labels"])
    constant = f"always {several(baselines['constant']['classes'])}"
    headlines = []
    for name, title, note in (
        (MICRO_F1, "Micro F1", "Over all labels."),
        (MACRO_F1, "Macro F1", "Mean of the classes' F1."),
    ):
        _, regime, level = evaluation.headline_of(name)
        score = of["decisions"][regime][level][name]
        note += f" Thresholds: {REGIME_WORDS[regime]}, {LEVEL_WORDS[level]}."
        baseline = baselines["constant"][name]["value"]
        headlines.append(Headline(title, score["value"], score["low"], score["high"], ((constant, baseline),), note))
    ranking = baselines["prevalence_ranking"]
    for name, title, note in (
        ("lrap", "LRAP", "How high each clip ranks its labels among the classes; needs no threshold."),
        (
            "mean_average_precision",
            "mAP",
            "How high the clips with a class rank among all clips sorted by its score; mean over"
            f" {'all' if counted == classes else f'{counted} of'} {classes} classes.",
        ),
    ):
        score = of[name]
        if score["value"] is not None:
            rows = (("ranking by prevalence in training", ranking[name]["value"] or 0.0),)
            headlines.append(Headline(title, score["value"], score["low"], score["high"], rows, note))
    return headlines


def _classes(evaluation: MultiLabelEvaluation, summary: dict[str, Any]) -> Section:
    clips, answers = evaluation.clips, evaluation.answers()
    intervals = SongIntervals(clips.groups).class_f1_intervals(clips.labels, answers)
    return classes_section(
        summary["per_class"],
        intervals,
        {"F1": "f1", "prec.": "precision", "recall": "recall", "AP": "average_precision", "level": "threshold"},
        "clips",
        "Prec.: of the clips answered with the class, the share that has it. Recall: of the clips that have it, the"
        " share answered with it. AP: average precision, which needs no threshold. Level: the threshold of the class.",
    )


def mistakes(labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return counts [classes, classes]: clips labelled with the row in which the column is named.

    The diagonal counts hits. Off it stand only wrong answers: a class that is named rightly beside another one is no
    confusion.

    Args:
        labels: [clips, classes] bool, or int8 with -1 for what nobody knows, which is neither.
        answers: [clips, classes] bool.
    """
    truth, absent, named = (np.asarray(part, int) for part in (labels == 1, labels == 0, answers))
    wrong = named * absent
    return truth.T @ wrong + np.diag((truth * named).sum(axis=0))


def _mistakes(evaluation: MultiLabelEvaluation) -> Section:
    """Return what is named without being a label, by the labels that are there; and which labels occur together."""
    clips, answers = evaluation.clips, evaluation.answers()
    labels = (clips.labels == 1).astype(int)
    support, counts = labels.sum(axis=0), mistakes(clips.labels, answers)

    def figure(name: str, title: str, table: np.ndarray, column: str, caption: str) -> Figure:
        caption += " The number is clips, the shade their share of the row."
        axes = ("label", column)
        return confusion_figure(name, title, table, support, (clips.codes, clips.names), axes, caption)

    top = top_confusions_table(counts, support, clips.names, "Most frequent mistakes", "named", "clips")
    return Section(
        "mistakes",
        "What is named by mistake, and beside which label",
        "The diagonal is right: clips with the label in which it is named. Off the diagonal, clips with the row's"
        " label in which the column's class is named although it is not one of their labels.",
        (
            figure("co_occurrence", "Mistakes beside labels", counts, "named", "Columns: class named."),
            *([top] if top else []),
        ),
        (
            figure(
                "labels_together",
                "Labels together",
                labels.T @ labels,
                "label",
                "Columns: label that is there as well.",
            ),
            figure(
                "answers_together",
                "Answers together",
                labels.T @ answers.astype(int),
                "named",
                "Columns: class named, whether a label or not.",
            ),
        ),
        "Which labels, and which answers, occur together",
    )


def multi_label_clips(evaluation: MultiLabelEvaluation, options: PageOptions) -> list[Section]:
    """Return the clips whose labels are furthest below, and above, the other classes; one per song.

    Args:
        evaluation: what was found; without windows or audio (a score file) the clips are listed.
        options: how many clips, and whether they can be heard.
    """
    clips = evaluation.clips
    scores = clips.scores[evaluation.headline[0]]
    least_label = np.where(clips.labels == 1, scores, np.inf).min(axis=1)
    best_other = np.where(clips.labels == 0, scores, -np.inf).max(axis=1)
    margin = least_label - best_other
    order = [k for k in np.argsort(margin, kind="stable").tolist() if np.isfinite(margin[k])]
    worst = spread([k for k in order if margin[k] < 0], clips.groups, options.clips)
    best = spread([k for k in reversed(order) if margin[k] > 0], clips.groups, options.clips)
    audio = PageAudio(options.audio)
    sections = []
    for anchor, lead, chosen in (
        ("worst", "A label scores furthest below a class that is not a label.", worst),
        ("best", "All labels score furthest above all other classes.", best),
    ):
        if not chosen:
            continue
        if evaluation.windows is None or not (clips.paths or evaluation.render):
            title = f"{anchor.title()} clips"
            table = _listed(evaluation, chosen, title)
            sections.append(Section(anchor, title, f"{lead} One clip per song.", (table,)))
            continue
        if evaluation.windows.single_window:
            lead += " Every clip is a single window here, so that its probabilities do not change over time."
        cards = [_card(evaluation, k, audio) for k in chosen]
        sections.append(clips_section(anchor, "clip", lead, cards, thresholds=True))
    return sections


def _levels(evaluation: MultiLabelEvaluation, k: int) -> np.ndarray:
    """Return the thresholds of a clip, [classes]."""
    decision = evaluation.decisions[evaluation.headline]
    return decision.thresholds[0 if decision.fold is None else decision.fold[k]]


def _judged(evaluation: MultiLabelEvaluation, k: int) -> tuple[tuple[int, ...], tuple[int, ...], np.ndarray]:
    """Return (labels, classes named, scores) of a clip."""
    scores = evaluation.clips.scores[evaluation.headline[0]][k]
    named = np.flatnonzero(scores >= _levels(evaluation, k))
    return tuple(np.flatnonzero(evaluation.clips.labels[k] == 1).tolist()), tuple(named.tolist()), scores


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
    unknown = tuple(np.flatnonzero(clips.labels[k] == -1).tolist())
    judged = JudgedClip(clips.files[k], labels, named, scores, activity, unknown)
    return clip_card(judged, config.labels, audio, _levels(evaluation, k), sound)
