"""From a run to the figures of its evaluation and report files; the evaluate command prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from irmas_tf.config.labels import MULTI_LABEL
from irmas_tf.config.settings import ConfigError
from irmas_tf.evaluation.multi_label import MultiLabelEvaluation
from irmas_tf.evaluation.multi_label_run import evaluate_multi_label
from irmas_tf.evaluation.single_label import Evaluation, check_split, evaluate_split
from irmas_tf.evaluation.test_part import TEST, has_test_clips, test_side
from irmas_tf.inference.run_model import RunModel
from irmas_tf.process.csv_cells import ESCAPE
from irmas_tf.reports.evaluation_report import EvaluationReport
from irmas_tf.reports.page import PageOptions
from irmas_tf.reports.report import summarize, write_report


def evaluate_run(
    run_dir: str | RunModel,
    data_dir: str = "",
    split: str = "validation",
    *,
    batch_size: int = 32,
    unique_clips: bool = False,
    page: PageOptions | None = None,
    csv_formulas: str = ESCAPE,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] | None = None,
) -> EvaluationReport:
    """Evaluate a run's best model and write the reports into the run folder.

    Test clips with any number of labels, and every split of a multi-label run, go by the multi-label protocol; the
    split of a single-label run, and a test part whose excerpts have one class each, by the single-label one.

    Args:
        run_dir: folder of the trained run, or its opened model.
        data_dir: folder of the data set; empty is the one the run was trained on.
        split: validation, train or test.
        batch_size: windows per batch.
        unique_clips: count byte-identical test clips once.
        page: of report.html, the page for people; None writes none.
        csv_formulas: one of `irmas_tf.process.csv_cells.FORMULAS`.
        progress: called with the results and their number, returns the results; shows that time passes.

    Raises:
        ConfigError: there is no such split, or ``unique_clips`` is not for it.
        RunDirError, ModelError, ThresholdsError: the run cannot be used.
        DataError: the data is missing or damaged; the message names the files.
    """
    if split != TEST:
        check_split(split)
        if unique_clips:
            raise ConfigError(f"--unique_clips: is for --split={TEST}, not {split}")
    model = run_dir if isinstance(run_dir, RunModel) else RunModel.open(run_dir)
    if unique_clips and not has_test_clips(model.config.dataset):
        raise ConfigError(f"--unique_clips: --dataset={model.config.data.dataset} does not say which are identical")
    evaluation: Evaluation | MultiLabelEvaluation
    if _is_multi_label(model, data_dir, split):
        evaluation = evaluate_multi_label(
            model,
            data_dir,
            split,
            batch_size=batch_size,
            unique_clips=unique_clips,
            progress=progress,
        )
    else:
        evaluation = evaluate_split(model, data_dir, split, batch_size=batch_size, progress=progress)
    summary = summarize(evaluation) | {"model_sha256": model.source["model_sha256"], "config_hash": model.config.hash}
    folder = model.run.evaluation_dir(split)
    written = write_report(evaluation, summary, folder, page, csv_formulas, run=model.run, model=model)
    return EvaluationReport(summary, tuple(written))


def _is_multi_label(model: RunModel, data_dir: str, split: str) -> bool:
    """Return which protocol a split of a run goes by.

    Raises:
        DataError: the data set has no test part, or something is wrong with it.
    """
    config = model.config
    if config.model.task == MULTI_LABEL or split != TEST:
        return config.model.task == MULTI_LABEL
    return has_test_clips(config.dataset) or not test_side(config, data_dir or config.data.data_dir).is_single
