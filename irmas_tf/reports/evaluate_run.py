"""From a run to a printed summary and report files: the work of the evaluate command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from irmas_tf.config.labels import MULTI_LABEL
from irmas_tf.config.settings import ConfigError
from irmas_tf.evaluation.multi_label_run import evaluate_multi_label
from irmas_tf.evaluation.single_label import check_split, evaluate_split
from irmas_tf.reports.multi_label_files import write_multi_label_reports
from irmas_tf.reports.multi_label_page import write_multi_label_page
from irmas_tf.reports.multi_label_summary import summarize_multi_label
from irmas_tf.reports.multi_label_table import format_multi_label_table
from irmas_tf.reports.page import REPORT_NAME, PageOptions
from irmas_tf.reports.single_label_files import format_table, summarize, write_reports
from irmas_tf.reports.single_label_page import write_single_label_page
from irmas_tf.runs.run_dir import RunDir

TEST = "test"


def evaluate_run(
    run_dir: str,
    data_dir: str = "",
    split: str = "validation",
    *,
    format: str = "table",
    batch_size: int = 32,
    replicates: int = 1000,
    unique_clips: bool = False,
    page: PageOptions | None = None,
) -> dict[str, Any]:
    """Evaluate a run's best model, write the reports into the run folder and print a summary.

    The test set, and every split of a multi-label run, goes by the multi-label protocol.

    Args:
        run_dir: folder of the trained run.
        data_dir: folder of the data set; empty is the one the run was trained on.
        split: validation, train or test.
        format: "table" prints a summary, "json" the content of metrics.json.
        batch_size: windows per batch.
        replicates: bootstrap replicates of the intervals.
        unique_clips: count byte-identical test clips once.
        page: of report.html, the page for people; None writes none.

    Returns:
        The content of metrics.json.
    """
    if split != TEST:
        check_split(split)
        if unique_clips:
            raise ConfigError(f"--unique_clips: is for --split={TEST}, not {split}")
    run = RunDir.open(run_dir)
    folder = run.evaluation_dir(split)
    if split == TEST or run.load_config().model.task == MULTI_LABEL:
        several = evaluate_multi_label(
            run,
            data_dir,
            split,
            batch_size=batch_size,
            replicates=replicates,
            unique_clips=unique_clips,
            progress=_progress,
        )
        summary = summarize_multi_label(several)
        _remove_page(folder)
        paths, text = write_multi_label_reports(several, summary, folder), format_multi_label_table(summary)
        if page is not None:
            paths.append(write_multi_label_page(several, summary, folder, page, run))
    else:
        single = evaluate_split(run, data_dir, split, batch_size=batch_size, replicates=replicates, progress=_progress)
        summary = summarize(single)
        _remove_page(folder)
        paths, text = write_reports(single, summary, folder), format_table(summary)
        if page is not None:
            paths.append(write_single_label_page(single, summary, folder, page, run))
    if format == "json":
        print(json.dumps(summary))
    else:
        print(text, end="")
        print(f"\n  written to {folder}: {', '.join(path.name for path in paths)}")
    return summary


def _remove_page(folder: Path) -> None:
    """Remove the page of an earlier evaluation: beside the figures of this one it would deceive."""
    (folder / REPORT_NAME).unlink(missing_ok=True)


def _progress(results: Iterable[Any], count: int) -> Iterable[Any]:
    """Show a bar on stderr while the results go by, if it is a terminal."""
    return tqdm(results, "evaluate", count, unit="file", disable=not sys.stderr.isatty(), file=sys.stderr)
