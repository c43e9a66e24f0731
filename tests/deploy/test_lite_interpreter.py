from __future__ import annotations

import sys

import numpy as np
import pytest

from irmas_tf.deploy.lite_interpreter import LiteInterpreter, LiteModelError
from tests.helpers import lite_run


@pytest.mark.slow
def test_it_answers_window_by_window_and_says_what_it_takes_and_gives():
    model = LiteInterpreter(lite_run.lite_content())
    assert model.input_shape == [1, lite_run.WINDOW_SAMPLES] and model.outputs == ("probabilities",)
    windows = np.random.default_rng(0).normal(0, 0.1, [3, lite_run.WINDOW_SAMPLES]).astype(np.float32)
    np.testing.assert_allclose(model.probabilities(windows), lite_run.lite_answer(windows), atol=1e-5)


def test_other_content_is_refused():
    with pytest.raises(LiteModelError, match=r"this is not a \.tflite model .*; export it again"):
        LiteInterpreter(b"nothing of the kind, but long enough to be looked at")


def test_what_it_cannot_run_is_an_error_with_the_remedy(monkeypatch):
    model = LiteInterpreter(lite_run.lite_content())
    model.run_once()
    with pytest.raises(LiteModelError, match=r"this \.tflite model cannot run .*; export it again"):
        model.values(np.zeros([1, lite_run.WINDOW_SAMPLES], np.float32), ["embedding"])

    def fail():
        raise RuntimeError("node 3 failed to prepare")

    for method in ("invoke", "allocate_tensors"):
        model = LiteInterpreter(lite_run.lite_content())
        monkeypatch.setattr(model._interpreter, method, fail)
        with pytest.raises(LiteModelError, match=r"cannot run \(node 3 failed to prepare\); export it again"):
            model.run_once()


def test_without_litert_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(LiteModelError, match=r"needs the package ai-edge-litert .*; pip install ai-edge-litert"):
        LiteInterpreter(lite_run.lite_content())
