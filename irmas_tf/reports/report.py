"""What an evaluation of either task leaves behind: its figures, as text and as files, and the page for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from irmas_tf.evaluation.multi_label import MultiLabelEvaluation
from irmas_tf.evaluation.multi_label_summary import summarize_multi_label
from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.evaluation.single_label_summary import summarize_single_label
from irmas_tf.inference.window_model import WindowModel
from irmas_tf.metrics.aggregation import AGGREGATIONS
from irmas_tf.pictures.svg import write_svg
from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.process.atomic_folders import replaced_folder
from irmas_tf.process.csv_cells import ESCAPE
from irmas_tf.reports.csv_tables import multi_label_tables, single_label_tables, write_csv
from irmas_tf.reports.multi_label_page import multi_label_clips, multi_label_page
from irmas_tf.reports.page import REPORT_NAME, PageOptions, Section, write_page
from irmas_tf.reports.score_texts import headline_text
from irmas_tf.reports.single_label_page import single_label_clips, single_label_page
from irmas_tf.reports.summary_tables import format_multi_label_table, format_single_label_table
from irmas_tf.runs.run_dir import RunDir

_TABLES = (
    *("per_class", "classes", "confusion", "predictions", "thresholds", "threshold_curves"),
    *("clips", *(f"clips_{aggregation}" for aggregation in AGGREGATIONS)),
)
_PICTURES = (
    *("confusion", "confidence", "co_occurrence", "labels_together", "answers_together"),
    *("thresholds", "class_thresholds", "reliability", "reliability_temperature"),
)
# All that an evaluation of either task writes, or earlier versions wrote: beside other figures it would deceive.
REPORT_FILES = frozenset(
    {"metrics.json", REPORT_NAME}
    | {f"{name}.csv" for name in _TABLES}
    | {f"{name}.{suffix}" for name in _PICTURES for suffix in ("svg", "png")}
)


def summarize(evaluation: Evaluation | MultiLabelEvaluation) -> dict[str, Any]:
    """Return the scores of an evaluation as a JSON-ready dict: the content of metrics.json."""
    if isinstance(evaluation, MultiLabelEvaluation):
        return summarize_multi_label(evaluation)
    return summarize_single_label(evaluation)


def format_summary(summary: dict[str, Any]) -> str:
    """Return what `summarize` gave as text for a terminal, ending with a newline."""
    return format_multi_label_table(summary) if "aggregations" in summary else format_single_label_table(summary)


def write_report(
    evaluation: Evaluation | MultiLabelEvaluation,
    summary: dict[str, Any],
    folder: Path,
    page: PageOptions | None = None,
    csv_formulas: str = ESCAPE,
    *,
    run: RunDir | None = None,
    model: WindowModel | None = None,
) -> list[Path]:
    """Write the files of an evaluation; return their paths.

    ``metrics.json``, tables (`irmas_tf.reports.csv_tables`), every picture as ``.svg``, and ``report.html``. They
    replace those of an earlier evaluation all together or not at all; other files in the folder stay.

    Args:
        evaluation: of either task.
        summary: what `summarize` gave.
        folder: made if absent.
        page: of the page for people; None writes none.
        csv_formulas: one of `irmas_tf.process.csv_cells.FORMULAS`.
        run: the run folder; None for a score file.
        model: the run's model, for the activity of single-label clips over time; None shows no clips of theirs.

    Raises:
        DataError: an excerpt that the page shows became unreadable since it was scored.
    """
    with replaced_folder(folder, REPORT_FILES) as temporary:
        paths = _write_files(evaluation, summary, temporary, page, csv_formulas, run, model)
    return [folder / path.name for path in paths]


def _write_files(
    evaluation: Evaluation | MultiLabelEvaluation,
    summary: dict[str, Any],
    folder: Path,
    page: PageOptions | None,
    csv_formulas: str,
    run: RunDir | None,
    model: WindowModel | None,
) -> list[Path]:
    if isinstance(evaluation, MultiLabelEvaluation):
        tables = multi_label_tables(evaluation, summary)
        whole = multi_label_page(evaluation, summary, run)
    else:
        assert run is not None
        tables = single_label_tables(evaluation, summary)
        whole = single_label_page(evaluation, summary, run)
    paths = []
    for name, header, rows in tables:
        paths.append(folder / name)
        write_csv(paths[-1], header, rows, csv_formulas)
    for figure in whole.figures():
        paths.append(folder / f"{figure.name}.svg")
        write_svg(figure.picture, paths[-1], figure.title, headline_text(summary))
    paths.append(folder / "metrics.json")
    write_json_atomic(paths[-1], summary)
    if page is not None:
        paths.append(write_page(whole.with_clips(_clips(evaluation, page, model)), folder / REPORT_NAME))
    return paths


def _clips(
    evaluation: Evaluation | MultiLabelEvaluation, options: PageOptions, model: WindowModel | None
) -> list[Section]:
    if not options.clips:
        return []
    if isinstance(evaluation, MultiLabelEvaluation):
        return multi_label_clips(evaluation, options)
    return [] if model is None else single_label_clips(evaluation, model, options)
