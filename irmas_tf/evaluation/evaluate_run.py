"""From a run to a printed summary and report files: the work of the evaluate command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

from irmas_tf.evaluation.inference import WindowClassifier
from irmas_tf.evaluation.report_page import write_page
from irmas_tf.evaluation.report_single_label import single_label_page
from irmas_tf.evaluation.reports import format_table, summarize, write_reports
from irmas_tf.evaluation.single_label import check_split, evaluate_split
from irmas_tf.run_dir import RunDir

REPORT_NAME = "report.html"


def evaluate_run(
    run_dir: str,
    data_dir: str = "",
    split: str = "validation",
    *,
    format: str = "table",
    batch_size: int = 32,
    replicates: int = 1000,
    report: bool = True,
    report_clips: int = 6,
    report_audio: bool = True,
) -> dict[str, Any]:
    """Evaluate a run's best model, write the reports into the run folder and print a summary.

    Args:
        run_dir: folder of the trained run.
        data_dir: folder of the data set; empty is the one the run was trained on.
        split: validation or train.
        format: "table" prints a summary, "json" the content of metrics.json.
        batch_size: windows per batch.
        replicates: bootstrap replicates of the intervals.
        report: also write report.html, the page for people.
        report_clips: worst and best clips on the page, of each.
        report_audio: whether the page holds their sound.

    Returns:
        The content of metrics.json.
    """
    check_split(split)
    run = RunDir.open(run_dir)
    evaluation = evaluate_split(run, data_dir, split, batch_size=batch_size, replicates=replicates, progress=_progress)
    summary = summarize(evaluation)
    folder = run.evaluation_dir(split)
    paths = write_reports(evaluation, summary, folder)
    if report:
        classifier = WindowClassifier.load(run) if report_clips else None
        page = single_label_page(evaluation, summary, run, classifier, clips=report_clips, audio=report_audio)
        paths.append(write_page(page, folder / REPORT_NAME))
    if format == "json":
        print(json.dumps(summary))
    else:
        print(format_table(summary), end="")
        print(f"\n  written to {folder}: {', '.join(path.name for path in paths)}")
    return summary


def _progress(results: Iterable[Any], count: int) -> Iterable[Any]:
    """Show a bar on stderr while the results go by, if it is a terminal."""
    return tqdm(results, "evaluate", count, unit="excerpt", disable=not sys.stderr.isatty(), file=sys.stderr)
