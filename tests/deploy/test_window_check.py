"""The check that any artefact goes through passes what is right and names everything that was made wrong on purpose."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from irmas_tf.deploy.export_inputs import LoadedRun
from irmas_tf.deploy.window_check import check_windows
from irmas_tf.inference.window_model import PROBABILITIES


class Model:
    """The run's model, but for what a test changes."""

    def __init__(self, loaded: LoadedRun, change: dict[str, Any]) -> None:
        live = loaded.live
        self.audio, self.scheme, self.thresholds = live.audio, live.scheme, live.thresholds
        self.outputs, self.source, self._live = live.outputs, loaded.facts, live
        for name, value in change.items():
            setattr(self, name, value)

    def values(self, windows: np.ndarray, output: str) -> np.ndarray:
        return self.turn(self._live.values(windows, output), output)

    def turn(self, values: np.ndarray, output: str) -> np.ndarray:
        return values


@pytest.fixture
def report_on(small_loaded, small_music, tmp_path, monkeypatch):
    monkeypatch.setattr("irmas_tf.deploy.export_inputs.check_music", lambda rate_hz: small_music)
    loaded = LoadedRun(small_loaded.live, small_loaded.facts)
    (tmp_path / "model").write_bytes(bytes(1000))

    def report(facts: dict[str, Any] | None = None, tolerances: dict[str, float] | None = None, **change: Any):
        class Kind:
            description = "a test"

            def recognises(self, path: Path) -> bool:
                return True

            def load(self, path: Path) -> Model:
                if "error" in change:
                    raise ValueError(f"{path}: is damaged; export it again")
                return Model(loaded, change)

            def read_facts(self, path: Path) -> dict[str, Any]:
                return {**loaded.facts, **(facts or {})}

        if tolerances:
            Kind.tolerances = tolerances
        return check_windows(Kind(), tmp_path / "model", loaded, "a test")

    return report


def failed(report) -> set[str]:
    return {check.name for check in report.checks if not check.passed}


def test_a_right_one_passes_on_every_signal_and_length(report_on):
    report = report_on()
    assert report.passed, report.table()
    names = [check.name for check in report.checks]
    assert {"silence", "noise", "sine", "click", "chirp", "low", "one sample", "19 windows and a rest"} <= set(names)
    assert set(report.differences) == {"probabilities", "logits", "embedding"} and len(names) == len(set(names))


def off(size: float, of: str):
    return lambda values, output: values + np.float32(size) if output == of else values


@pytest.mark.slow
@pytest.mark.parametrize("output", ["probabilities", "logits", "embedding"])
def test_each_output_is_compared(report_on, output):
    assert {"noise", "sine", "low", "one window and a sample"} <= failed(report_on(turn=off(0.5, output)))
    assert failed(report_on(turn=off(0.5, output), tolerances={output: 0.6})) == set()


def test_nan_and_answers_that_change_fail(report_on):
    assert "noise" in failed(report_on(turn=lambda values, output: values * np.nan))
    rng = np.random.default_rng(0)
    changing = report_on(turn=lambda values, output: values + rng.uniform(0, 1e-6, values.shape).astype(np.float32))
    assert failed(changing) == {"the same again"}


def test_another_interface_fails_before_anything_runs(report_on, small_loaded):
    live = small_loaded.live
    scheme = dataclasses.replace(live.scheme, codes=live.scheme.codes[::-1])
    assert failed(report_on(scheme=scheme)) == {"classes and windows"}
    assert failed(report_on(thresholds=np.full(11, 0.5))) == {"thresholds"}
    assert failed(report_on(outputs=("embedding",))) == {"outputs"}
    assert failed(report_on(facts={"labels": ["a"]})) == {"facts and label order"}
    assert failed(report_on(error=True)) == {"loading"}
    assert report_on(outputs=(PROBABILITIES,)).differences.keys() == {PROBABILITIES}
