"""What an evaluation leaves behind: a summary for people, and files for programs and papers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irmas_tf.metrics import single_label
from irmas_tf.metrics.bootstrap import Interval
from irmas_tf.process.atomic_files import atomic_path, write_json_atomic
from irmas_tf.reports.plots import confusion_figure

if TYPE_CHECKING:  # reports are written without TensorFlow too
    from irmas_tf.evaluation.single_label import Evaluation

TOP_CONFUSIONS = 8
CONFIDENCE = 0.95


def summarize(evaluation: Evaluation) -> dict[str, Any]:
    """Return the scores as a JSON-ready dict; the content of ``metrics.json``.

    Scores are in [0, 1]. ``accuracy`` and ``macro_f1`` hold ``value``, ``low`` and ``high`` (95 % bootstrap interval
    over songs, None with a single song). ``confusion`` has a row per label and a column per prediction, in the order of
    ``classes``.
    """
    config, scheme = evaluation.config, evaluation.config.labels
    codes, confusion = scheme.codes, evaluation.confusion
    scores = single_label.class_scores(evaluation.labels, evaluation.predicted, scheme.num_classes)
    baseline = single_label.majority_baseline(evaluation.train_labels, evaluation.labels, scheme.num_classes)
    values = {
        "accuracy": single_label.accuracy(evaluation.labels, evaluation.predicted),
        "macro_f1": single_label.macro_f1(evaluation.labels, evaluation.predicted, scheme.num_classes),
    }
    intervals = evaluation.intervals()
    return {
        "split": evaluation.split,
        "split_by": config.data.split_by,
        "warnings": list(_warnings(evaluation)),
        "excerpts": len(evaluation.files),
        "songs": len(set(evaluation.groups.tolist())),
        **{name: {"value": value, **_ends(intervals[name])} for name, value in values.items()},
        "interval": {
            "confidence": CONFIDENCE,
            "method": "percentile bootstrap over songs",
            "replicates": evaluation.replicates,
        },
        "majority_baseline": {
            "class": codes[baseline.class_index],
            "accuracy": baseline.accuracy,
            "macro_f1": baseline.macro_f1,
        },
        "per_class": [
            {
                "class": code,
                "name": scheme.names[k],
                "precision": float(scores.precision[k]),
                "recall": float(scores.recall[k]),
                "f1": float(scores.f1[k]),
                "support": int(scores.support[k]),
            }
            for k, code in enumerate(codes)
        ],
        "top_confusions": [
            {"label": codes[row], "predicted": codes[column], "excerpts": count}
            for row, column, count in single_label.top_confusions(confusion, TOP_CONFUSIONS)
        ],
        "classes": list(codes),
        "confusion": confusion.tolist(),
        "label_scheme": scheme.name,
        "config_hash": config.hash,
        "seconds": round(evaluation.seconds, 3),
        "excerpts_per_second": round(len(evaluation.files) / max(evaluation.seconds, 1e-9), 1),
    }


def _ends(interval: Interval | None) -> dict[str, float | None]:
    return {"low": interval.low if interval else None, "high": interval.high if interval else None}


def _warnings(evaluation: Evaluation) -> Iterable[str]:
    """Yield what makes the scores say less than they seem to."""
    if evaluation.split == "train":
        yield "these excerpts were trained on: the scores say nothing about new songs"
    elif evaluation.leaks:
        yield (
            f"{evaluation.leaks} songs are on both sides of the split (split_by={evaluation.config.data.split_by}):"
            " the model has heard them, and the scores are inflated"
        )
    if len(set(evaluation.groups.tolist())) < 2:
        yield "one song only: no interval can be given"


def format_table(summary: dict[str, Any]) -> str:
    """Return the summary as text for a terminal, ending with a newline."""
    names = {row["class"]: row["name"] for row in summary["per_class"]}
    width = max(len(name) for name in names.values())
    baseline = summary["majority_baseline"]
    lines = [
        f"{summary['split']} split: {summary['excerpts']} excerpts of {summary['songs']} songs"
        f" (split by {summary['split_by']}), {summary['excerpts_per_second']:g} excerpts/s",
        *(f"note: {text}" for text in summary["warnings"]),
        "",
        f"  accuracy  {_with_interval(summary['accuracy'])}",
        f"  macro F1  {_with_interval(summary['macro_f1'])}",
        f"  always {names[baseline['class']]!r} (majority in training): accuracy {baseline['accuracy']:.3f},"
        f" macro F1 {baseline['macro_f1']:.3f}",
        "",
        f"  {'class':<{width}}  precision  recall     F1  excerpts",
    ]
    for row in summary["per_class"]:
        lines.append(
            f"  {row['name']:<{width}}  {row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:5.3f}"
            f"  {row['support']:8d}"
        )
    if summary["top_confusions"]:
        lines += ["", "  most frequent confusions (label -> answer: excerpts)"]
        for pair in summary["top_confusions"]:
            answer = names[pair["predicted"]]
            lines.append(f"  {names[pair['label']]:>{width}} -> {answer:<{width}} {pair['excerpts']:5d}")
    return "\n".join(lines) + "\n"


def _with_interval(score: dict[str, float | None]) -> str:
    text = f"{score['value']:.3f}"
    if score["low"] is not None:
        text += f"  [{score['low']:.3f}, {score['high']:.3f}]  95 % interval over songs"
    return text


def write_reports(evaluation: Evaluation, summary: dict[str, Any], folder: Path) -> list[Path]:
    """Write metrics.json, per_class.csv, confusion.csv, confusion.png and predictions.csv; return their paths.

    Each file is complete or absent; existing ones are replaced.
    """
    codes, names = summary["classes"], [row["name"] for row in summary["per_class"]]
    confusion = evaluation.confusion
    paths = [folder / name for name in ("metrics.json", "per_class.csv", "confusion.csv", "confusion.png")]
    paths.append(folder / "predictions.csv")
    per_class = summary["per_class"]
    write_csv(paths[1], list(per_class[0]), (row.values() for row in per_class))
    write_csv(paths[2], ["label", *codes], ([code, *row.tolist()] for code, row in zip(codes, confusion, strict=True)))
    accuracy = summary["accuracy"]
    title = f"{summary['split']}: accuracy {_percent(accuracy)}, macro F1 {_percent(summary['macro_f1'])}"
    figure = confusion_figure(confusion, names, title)
    with atomic_path(paths[3]) as temporary:
        figure.savefig(temporary, format="png")
    write_csv(
        paths[4],
        ["file", "song_group", "label", "predicted", *codes],
        (
            [file, int(group), codes[label], codes[predicted], *(f"{p:.6f}" for p in probabilities)]
            for file, group, label, predicted, probabilities in zip(
                evaluation.files,
                evaluation.groups,
                evaluation.labels,
                evaluation.predicted,
                evaluation.probabilities,
                strict=True,
            )
        ),
    )
    write_json_atomic(paths[0], summary)  # last: who finds it finds the others, of the same evaluation
    return paths


def _percent(score: dict[str, float | None]) -> str:
    low, high = score["low"], score["high"]
    ends = f" [{100 * low:.1f}, {100 * high:.1f}]" if low is not None and high is not None else ""
    return f"{100 * (score['value'] or 0):.1f} %{ends}"


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a table, whole or not at all."""
    # surrogateescape: a file name that is not UTF-8 is written with its own bytes.
    with atomic_path(path) as temporary:
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
