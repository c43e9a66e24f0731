from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.deploy.acceptance import AcceptanceError, Comparison, Report, median_milliseconds, showing_failures


def compare(found, wanted, tolerance=0.1) -> Report:
    report = Report("artefact")
    report.compare("numbers", Comparison("probabilities", np.array(found), np.array(wanted), tolerance))
    return report


@pytest.mark.parametrize(
    ("found", "wanted", "passed"),
    [
        ([0.25, 0.75], [0.25, 0.75], True),
        ([0.25, 0.75], [0.25, 0.875], False),
        ([0.25, 0.875], [0.25, 0.75], False),
        ([0.25, 0.8125], [0.25, 0.75], True),
        ([np.nan, 0.75], [0.25, 0.75], False),
        ([np.nan], [np.nan], False),
        ([np.inf], [0.25], False),
        ([[0.25]], [0.25], False),  # would broadcast
        ([0.25], [0.25, 0.25], False),
        (np.zeros([0, 3]), np.zeros([0, 3]), True),
    ],
)
def test_numbers_differ_by_no_more_than_the_tolerance(found, wanted, passed):
    report = compare(found, wanted)
    assert report.passed is passed
    if passed:
        report.raise_if_failed()
    else:
        with pytest.raises(AcceptanceError, match=r"artefact: the acceptance check failed: numbers: probabilities"):
            report.raise_if_failed()


def test_one_of_several_is_enough_to_fail():
    report = Report("artefact")
    good, bad = np.zeros(2), np.ones(2)
    report.compare("both", Comparison("logits", good, good, 0.1), Comparison("embedding", bad, good, 0.1))
    assert not report.passed
    assert "embedding 1.0e+00" in report.checks[0].found


def test_what_fails_closely_is_not_rounded_to_what_is_allowed():
    report = Report("artefact")
    report.compare("click", Comparison("probabilities", np.array([0.2114]), np.zeros(1), 0.2))
    assert (report.checks[0].found, report.checks[0].limit) == ("probabilities 2.1e-01", "2.0e-01")


def test_the_greatest_difference_of_each_key_is_kept():
    report = compare([0.5], [0.25])
    report.compare("more", Comparison("probabilities", np.array([0.5]), np.array([0.375]), 1.0))
    report.compare("more", Comparison("logits", np.array([2.0]), np.array([0.0]), 1.0))
    assert report.differences == {"probabilities": 0.25, "logits": 2.0}
    report.compare("lost", Comparison("logits", np.array([np.nan]), np.array([0.0]), 1.0))
    report.compare("fine again", Comparison("logits", np.array([0.0]), np.array([0.0]), 1.0))
    assert np.isnan(report.differences["logits"])


def test_the_table_and_the_message_name_what_failed():
    report = Report("model 7")
    report.inform("size", "3 MB")
    report.add("labels", True, "as in the run", "as in the run")
    report.add("operations", False, "Flex", "built in")
    assert report.table().splitlines() == [
        "Acceptance check of model 7",
        "       size        3 MB",
        "  ok   labels      as in the run   (allowed: as in the run)",
        "  FAIL operations  Flex   (allowed: built in)",
    ]
    with pytest.raises(AcceptanceError, match=r"^model 7: .*failed: operations: Flex \(allowed: built in\)$"):
        report.raise_if_failed()


def test_the_first_call_is_not_timed(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("time.perf_counter", lambda: next(clock) / 1000.0)
    calls = []
    assert median_milliseconds(lambda: calls.append(1), 5) == pytest.approx(1.0)
    assert len(calls) == 6


def test_the_report_of_what_fails_is_shown_before_the_error_goes_on(capsys):
    report = Report("artefact")
    report.add("sine", False, "0.5", "0.1")
    with pytest.raises(AcceptanceError, match="sine"), showing_failures():
        report.raise_if_failed()
    assert capsys.readouterr().out == report.table()
    with pytest.raises(AcceptanceError), showing_failures():
        raise AcceptanceError("no report")
    assert capsys.readouterr().out == ""
