from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.reports.page import PageOptions
from irmas_tf.reports.report import REPORT_FILES, format_summary, summarize, write_report
from irmas_tf.runs.run_dir import RunDir
from tests.helpers import ROOT
from tests.helpers.made_evaluation import multi_label_evaluation, single_label_evaluation
from tests.helpers.page_checks import check_page
from tests.helpers.tiny_run import make_config

SINGLE_LABEL = ["per_class.csv", "classes.csv", "confusion.csv", "predictions.csv", "confusion.svg", "confidence.svg",
                "reliability.svg", "metrics.json"]  # fmt: skip
MULTI_LABEL = ["per_class.csv", "classes.csv", "thresholds.csv", "threshold_curves.csv", "clips.csv", "clips_s2.csv",
               "clips_mean_logit.csv", "co_occurrence.svg", "labels_together.svg", "answers_together.svg",
               "thresholds.svg", "class_thresholds.svg", "reliability.svg", "reliability_temperature.svg",
               "metrics.json"]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return RunDir.create(tmp_path_factory.mktemp("run") / "made", make_config())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "names", "words"),
    [
        (single_label_evaluation, SINGLE_LABEL, "most frequent confusions"),
        (multi_label_evaluation, MULTI_LABEL, "decisions, by thresholds"),
    ],
    ids=["single", "multi"],
)
def test_both_tasks_leave_figures_tables_pictures_and_a_page(
    make: Callable[[], Evaluation], names: list[str], words: str, run: RunDir, tmp_path: Path
) -> None:
    evaluation = make()
    for name in REPORT_FILES:
        (tmp_path / name).touch()
    summary = summarize(evaluation)
    paths = write_report(evaluation, summary, tmp_path, PageOptions(clips=0), run=run)
    assert [path.name for path in paths] == [*names, "report.html"] and {*names} <= REPORT_FILES
    assert sorted(tmp_path.iterdir()) == sorted(paths), "pictures of an earlier version are gone"
    assert json.loads((tmp_path / "metrics.json").read_text()) == summary
    assert words in format_summary(summary)
    check_page((tmp_path / "report.html").read_text(encoding="utf-8"))
    for path in tmp_path.glob("*.svg"):
        text = " ".join(ElementTree.parse(path).getroot().itertext())
        assert f"{summary['split']}: " in text and "var(--" not in text
    assert [path.name for path in write_report(evaluation, summary, tmp_path, run=run)] == names
    assert not (tmp_path / "report.html").exists(), "beside other figures an earlier page would deceive"


def test_without_calibration_there_is_one_reliability(run: RunDir, tmp_path: Path) -> None:
    evaluation = dataclasses.replace(multi_label_evaluation(), calibration=None)
    names = {path.name for path in write_report(evaluation, summarize(evaluation), tmp_path, run=run)}
    assert "reliability.svg" in names and "reliability_temperature.svg" not in names


def test_a_failure_leaves_no_half_of_a_file(run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluation = single_label_evaluation()
    write_report(evaluation, summarize(evaluation), tmp_path, run=run)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(OSError, match="disk full"):
        write_report(evaluation, summarize(evaluation), tmp_path, run=run)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_neither_tensorflow_nor_matplotlib_is_needed() -> None:
    code = "import sys, irmas_tf.reports.report; assert not {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
