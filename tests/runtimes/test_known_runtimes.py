"""What is installed answers as LiteRT does; of the others, what the adapters do with them, shown on stand-ins.

benchmarks/runtimes.py runs all of them in environments of their own.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from irmas_tf.runtimes.runtime import RUNTIMES, ModelFile
from irmas_tf.runtimes.worker import answer
from tests.helpers import lite_run, stand_in_runtimes

WINDOWS = np.random.default_rng(0).normal(0, 0.1, [3, lite_run.WINDOW_SAMPLES]).astype(np.float32)


@pytest.mark.parametrize("name", RUNTIMES.names())
def test_an_installed_runtime_answers_as_it_should(name, lite_file):
    runtime = RUNTIMES.get(name)
    if not runtime.is_installed():
        pytest.skip(f"{runtime.title} is not installed")
    answer, _ = runtime.load(lite_file, **runtime.setups[-1].options)
    np.testing.assert_allclose(answer(WINDOWS), lite_run.lite_answer(WINDOWS), atol=1e-5)


def errors(name: str, file: ModelFile) -> list[float]:
    """Return the largest error of every setup of a runtime."""
    answers = [answer(name, dict(setup.options), file, WINDOWS) for setup in RUNTIMES.get(name).setups]
    return [float(np.abs(np.array(one["probabilities"]) - lite_run.lite_answer(WINDOWS)).max()) for one in answers]


def test_tflite_runtime_is_asked_as_the_interpreter_that_follows_it(lite_file, monkeypatch):
    from ai_edge_litert.interpreter import Interpreter

    stand_in_runtimes.put(monkeypatch, "tflite_runtime.interpreter", Interpreter=Interpreter)
    assert errors("tflite_runtime", lite_file) == [pytest.approx(0, abs=1e-5)]


@pytest.mark.parametrize("name, index", [("named", 0), ("a name that was lost", 1)])
def test_openvino_gets_its_settings_and_is_asked_for_the_output_by_name_or_else_place(
    lite_file, monkeypatch, name, index
):
    exact = [("INFERENCE_PRECISION_HINT", "f32"), ("EXECUTION_MODE_HINT", "ACCURACY")]
    stand_in_runtimes.put_openvino(monkeypatch, exact)
    file = dataclasses.replace(lite_file, output_name=name, output_index=index)
    assert errors("openvino", file) == pytest.approx([0.25, 0, 0], abs=1e-5)


@pytest.mark.parametrize("name", ["probabilities:0", "a name that was lost"])
def test_onnx_runtime_gets_its_settings_and_the_name_of_the_output(lite_file, monkeypatch, name):
    graph = stand_in_runtimes.Graph("waveform:0", "probabilities:0")
    stand_in_runtimes.put_onnx(monkeypatch, graph, wrong_unless=("session.disable_quant_qdq", "1"))
    file = dataclasses.replace(lite_file, output_name=name)
    assert errors("onnxruntime", file) == pytest.approx([0.25, 0], abs=1e-5)


@pytest.mark.parametrize("needed", [1, 1_234_567, 64 << 20])
def test_tflite_micro_gets_the_smallest_memory_that_is_enough(lite_file, monkeypatch, needed):
    stand_in_runtimes.put_micro(monkeypatch, needed)
    result = answer("tflite_micro", {}, lite_file, WINDOWS)
    np.testing.assert_allclose(result["probabilities"], lite_run.lite_answer(WINDOWS), atol=1e-5)
    (megabytes,) = re.fullmatch(r"arena of (\S+) MB", result["found"]).groups()
    assert needed / 1e6 - 0.05 <= float(megabytes) <= needed / 1e6 + 0.12


def test_what_no_microcontroller_holds_is_refused_in_its_words(lite_file, monkeypatch):
    stand_in_runtimes.put_micro(monkeypatch, (64 << 20) + 1)
    result = answer("tflite_micro", {}, lite_file, WINDOWS)
    assert result == {"refused": "RuntimeError: no memory: 67108864 of 67108865 bytes"}


def test_mediapipes_scores_get_back_into_the_order_of_the_classes(lite_file, monkeypatch):
    stand_in_runtimes.put_mediapipe(monkeypatch)
    assert errors("mediapipe", lite_file) == [pytest.approx(0, abs=1e-5)]


@pytest.mark.parametrize(
    "habits, reason",
    [
        ({"results": 2}, "a clip of one window has 2 results"),
        ({"names": ("0", "1", "2")}, "the names of the classes are not those of the file"),
    ],
)
def test_what_mediapipe_gives_in_another_form_is_refused(lite_file, monkeypatch, habits, reason):
    stand_in_runtimes.put_mediapipe(monkeypatch, **habits)
    assert answer("mediapipe", {}, lite_file, WINDOWS)["refused"].endswith(reason)
