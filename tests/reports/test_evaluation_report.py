from __future__ import annotations

import json
from pathlib import Path

from irmas_tf.evaluation.evaluate_arrays import evaluate
from irmas_tf.reports.evaluation_report import EvaluationReport
from irmas_tf.reports.report import format_summary
from tests.helpers.made_evaluation import make_labels


def test_it_is_a_table_with_its_files_or_the_content_of_metrics_json():
    labels = make_labels(8, 0)
    summary = evaluate(labels, labels * 0.8, [0, 0, 1, 1, 2, 2, 3, 3])
    report = EvaluationReport(summary)
    assert report.text("table") == format_summary(summary)
    assert json.loads(report.text("json")) == summary
    written = EvaluationReport(summary, (Path("out/a.csv"), Path("out/metrics.json")))
    assert written.text("table") == report.text("table") + "\n  written to out: a.csv, metrics.json\n"
