from __future__ import annotations

import json
import runpy
import sys

import numpy as np

from irmas_tf.runtimes import worker
from irmas_tf.runtimes.runtime import RUNTIMES, Runtime, Setup
from tests.helpers import lite_run

WINDOWS = np.random.default_rng(0).normal(0, 0.1, [2, lite_run.WINDOW_SAMPLES]).astype(np.float32)


def test_a_job_gives_an_answer_beside_it(lite_file, tmp_path, monkeypatch):
    job = worker.write_job(tmp_path, "litert", Setup("x", {"threads": 1}), lite_file, WINDOWS)
    monkeypatch.setattr(sys, "argv", ["worker", str(job)])
    monkeypatch.delitem(sys.modules, "irmas_tf.runtimes.worker")
    runpy.run_module("irmas_tf.runtimes.worker", run_name="__main__")
    result = json.loads((tmp_path / "answer.json").read_text())
    np.testing.assert_allclose(result["probabilities"], lite_run.lite_answer(WINDOWS), atol=1e-5)
    assert result["found"] == ""


def test_what_a_runtime_raises_is_its_reason(lite_file, monkeypatch):
    def load(file, size):
        raise RuntimeError(f"no room\nin {size}")

    monkeypatch.setitem(RUNTIMES._entries, "picky", Runtime("Picky", (), load))
    assert worker.answer("picky", {"size": 3}, lite_file, WINDOWS) == {"refused": "RuntimeError: no room in 3"}
