"""Small modules in the place of runtimes that the tests do not install: their interface, with the answers of the tests.

Each has the habits that an adapter must know: outputs in another order, memory that is used again, an arena that may be
too small, settings without which the numbers are others. `benchmarks/runtimes.py` runs the real ones.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.helpers.lite_run import CODES, WINDOW_SAMPLES, lite_answer

OTHER_OUTPUT = np.full((1, len(CODES)), 7.0, np.float32)


def put(monkeypatch: pytest.MonkeyPatch, name: str, **members: Any) -> None:
    """Put a module with these members into `sys.modules`, and the packages that it is in."""
    parent, _, last = name.rpartition(".")
    if parent and parent not in sys.modules:
        put(monkeypatch, parent)
    module = ModuleType(name)
    vars(module).update(members)
    monkeypatch.setitem(sys.modules, name, module)
    if parent:
        monkeypatch.setattr(sys.modules[parent], last, module, raising=False)


def answer_to(window: np.ndarray) -> np.ndarray:
    """Return the answer [1, classes] to one window, which must come as every runtime wants it."""
    assert window.shape == (1, WINDOW_SAMPLES) and window.dtype == np.float32
    return lite_answer(window).astype(np.float32)


def put_openvino(monkeypatch: pytest.MonkeyPatch, exact: Sequence[tuple[str, str]]) -> None:
    """Put an OpenVINO there that is wrong unless one of the settings ``exact`` is made; probabilities come second."""
    ports = [SimpleNamespace(get_names=lambda name=name: {name, f"{name}:0"}) for name in ("other", "named")]

    class Compiled:
        def __init__(self, options):
            self.error = 0.0 if set(options.items()) & set(exact) else 0.25

        def output(self, place):
            return ("port", place)

        def __call__(self, window):
            return {("port", 0): OTHER_OUTPUT, ("port", 1): answer_to(window) + np.float32(self.error)}

    class Core:
        def read_model(self, path):
            assert Path(path).is_file()
            return SimpleNamespace(outputs=ports)

        def compile_model(self, model, device, options):
            assert model.outputs is ports and device == "CPU"
            return Compiled(options)

    put(monkeypatch, "openvino", Core=Core)


class Graph:
    """An ONNX graph of one chain of nodes, as tf2onnx makes it: tensors have the names of the .tflite file."""

    def __init__(self, waveform: str, probabilities: str) -> None:
        self.node = [
            SimpleNamespace(input=[waveform, "weights"], output=["between"]),
            SimpleNamespace(input=["between"], output=[probabilities]),
        ]
        self.input, self.output = [SimpleNamespace(name=waveform)], [SimpleNamespace(name=probabilities)]
        self.value_info = [SimpleNamespace(name="between")]


class OnnxFile:
    """What tf2onnx returns: a model whose bytes are, here, JSON."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.producer_name, self.entries = graph, "tf2onnx", []
        self.metadata_props = SimpleNamespace(add=self._add)

    def _add(self) -> SimpleNamespace:
        self.entries.append(SimpleNamespace(key="", value=""))
        return self.entries[-1]

    def SerializeToString(self) -> bytes:
        return json.dumps(
            {
                "producer": self.producer_name,
                "nodes": [[node.input, node.output] for node in self.graph.node],
                "inputs": [value.name for value in self.graph.input],
                "outputs": [value.name for value in self.graph.output],
                "metadata": {entry.key: entry.value for entry in self.entries},
            }
        ).encode()


class SessionOptions:
    """ONNX Runtime's, which keep what was set."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.log_severity_level = 2

    def add_session_config_entry(self, key: str, value: str) -> None:
        self.entries[key] = value


class InferenceSession:
    """ONNX Runtime's for the JSON of `OnnxFile`; numbers are others where ``wrong_unless`` is not set."""

    wrong_unless: tuple[str, str] | None = None
    made: ClassVar[list[InferenceSession]] = []

    def __init__(self, content: bytes, options: SessionOptions, providers: Sequence[str]) -> None:
        assert list(providers) == ["CPUExecutionProvider"]
        try:
            self.model = json.loads(content)
        except ValueError as error:
            raise RuntimeError("[ONNXRuntimeError] : 7 : INVALID_PROTOBUF\nmore of it") from error
        self.options = options
        InferenceSession.made.append(self)

    def get_inputs(self):
        return [SimpleNamespace(name=name) for name in self.model["inputs"]]

    def get_outputs(self):
        return [SimpleNamespace(name=name) for name in self.model["outputs"]]

    def get_modelmeta(self):
        return SimpleNamespace(custom_metadata_map=self.model["metadata"])

    def run(self, names, feeds):
        tensors = dict(feeds) | {"weights": None}
        for inputs, outputs in self.model["nodes"]:
            assert set(inputs) <= set(tensors), f"a node reads {inputs}, of which some do not exist"
            tensors.update(dict.fromkeys(outputs, next(iter(feeds.values()))))
        is_wrong = self.wrong_unless is not None and self.wrong_unless not in self.options.entries.items()
        return [answer_to(tensors[name]) + np.float32(0.25 * is_wrong) for name in names]


def put_onnx(monkeypatch: pytest.MonkeyPatch, graph: Graph, wrong_unless: tuple[str, str] | None = None) -> None:
    """Put a tf2onnx there that makes ``graph`` of every file, and an ONNX Runtime that runs it."""

    def from_tflite(path: str, output_path: str | None = None):
        assert Path(path).is_file()
        model = OnnxFile(graph)
        if output_path is not None:
            Path(output_path).write_bytes(model.SerializeToString())
        return model, None

    monkeypatch.setattr(InferenceSession, "wrong_unless", wrong_unless)
    monkeypatch.setattr(InferenceSession, "made", [])
    put(monkeypatch, "tf2onnx.convert", from_tflite=from_tflite)
    put(monkeypatch, "onnxruntime", SessionOptions=SessionOptions, InferenceSession=InferenceSession)


def put_micro(monkeypatch: pytest.MonkeyPatch, needed_bytes: int) -> None:
    """Put a TensorFlow Lite Micro there that needs so much memory, and gives the same memory with every answer."""

    class Interpreter:
        memory = np.zeros((1, len(CODES)), np.float32)

        @classmethod
        def from_bytes(cls, content, arena_size):
            assert content[4:8] == b"TFL3"
            if arena_size < needed_bytes:
                raise RuntimeError(f"no memory: {arena_size} of {needed_bytes} bytes")
            return cls()

        def set_input(self, window, place):
            assert place == 0
            self.window = window

        def invoke(self):
            self.memory[:] = answer_to(self.window)

        def get_output(self, place):
            return (self.memory, OTHER_OUTPUT)[place]

    put(monkeypatch, "tflite_micro.runtime", Interpreter=Interpreter)


def put_mediapipe(monkeypatch: pytest.MonkeyPatch, names: Sequence[str] = CODES, results: int = 1) -> None:
    """Put a MediaPipe there that names the classes so, the most probable first, and gives so many results per clip."""

    def classify(clip):
        samples, rate_hz = clip
        assert rate_hz == 8000
        scores = sorted(zip(answer_to(samples[None])[0].tolist(), names, strict=True), reverse=True)
        categories = [SimpleNamespace(category_name=name, score=score) for score, name in scores]
        return results * [SimpleNamespace(classifications=[SimpleNamespace(categories=categories)])]

    def create(options):
        assert Path(options.base_options.model_asset_path).is_file()
        return SimpleNamespace(classify=classify)

    tasks = "mediapipe.tasks.python"
    put(monkeypatch, tasks, BaseOptions=SimpleNamespace)
    audio = {"AudioClassifierOptions": SimpleNamespace, "AudioClassifier": SimpleNamespace(create_from_options=create)}
    put(monkeypatch, f"{tasks}.audio", **audio)
    data = SimpleNamespace(create_from_array=lambda samples, rate_hz: (samples, rate_hz))
    put(monkeypatch, f"{tasks}.components.containers", AudioData=data)
