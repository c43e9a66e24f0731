"""The runtimes that are compared. Each function imports its packages itself, in a process of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from irmas_tf.process.held_temporary import temporary_folder
from irmas_tf.runtimes.runtime import Answer, ModelFile, RefusedFileError, Runtime, Setup

# A microcontroller's memory for everything but the weights; what is larger is none.
_LARGEST_ARENA = 64 << 20
_ARENA_STEP = 64 << 10


def _load_litert(file: ModelFile, threads: int) -> tuple[Answer, str]:
    from irmas_tf.deploy.lite_interpreter import LiteInterpreter

    return LiteInterpreter(file.path.read_bytes(), threads).probabilities, ""


def _load_tflite_runtime(file: ModelFile) -> tuple[Answer, str]:
    """Return the interpreter before LiteRT, which many boards and apps still have."""
    from tflite_runtime.interpreter import Interpreter

    interpreter = Interpreter(str(file.path), num_threads=1)
    interpreter.allocate_tensors()
    waveform = interpreter.get_input_details()[0]["index"]
    probabilities = interpreter.get_output_details()[file.output_index]["index"]

    def answer(windows: np.ndarray) -> np.ndarray:
        rows = []
        for window in windows:
            interpreter.set_tensor(waveform, window[None])
            interpreter.invoke()
            rows.append(interpreter.get_tensor(probabilities))
        return np.concatenate(rows)

    return answer, ""


def _load_compiled(file: ModelFile) -> tuple[Answer, str]:
    """Return LiteRT's newer interface. Its buffers take arrays of a wrong length or type without a word."""
    from ai_edge_litert.compiled_model import CompiledModel

    model = CompiledModel.from_file(str(file.path))
    inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)

    def answer(windows: np.ndarray) -> np.ndarray:
        rows = []
        for window in windows:
            inputs[0].write(np.ascontiguousarray(window[None], np.float32))
            model.run_by_index(0, inputs, outputs)
            rows.append(outputs[file.output_index].read(len(file.codes), np.float32))
        return np.array(rows)

    return answer, ""


def _load_openvino(file: ModelFile, **options: Any) -> tuple[Answer, str]:
    import openvino

    core = openvino.Core()
    model = core.read_model(str(file.path))
    named = [output for output in model.outputs if file.output_name in output.get_names()]
    compiled = core.compile_model(model, "CPU", options)
    place = model.outputs.index(named[0]) if named else file.output_index
    return lambda windows: np.concatenate([compiled(window[None])[compiled.output(place)] for window in windows]), ""


def _load_onnx(file: ModelFile, **entries: str) -> tuple[Answer, str]:
    import onnxruntime
    import tf2onnx

    with temporary_folder() as folder:
        path = folder / "model.onnx"
        tf2onnx.convert.from_tflite(str(file.path), output_path=str(path))
        options = onnxruntime.SessionOptions()
        for key, value in entries.items():
            options.add_session_config_entry(key, value)
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    (waveform,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    name = file.output_name if file.output_name in names else names[file.output_index]
    return lambda windows: np.concatenate(
        [session.run([name], {waveform.name: window[None]})[0] for window in windows]
    ), ""


def _load_micro(file: ModelFile) -> tuple[Answer, str]:
    """Return TensorFlow Lite for Microcontrollers, in the smallest memory that does."""
    from tflite_micro import runtime

    content = file.path.read_bytes()

    def interpreter(arena_bytes: int) -> Any:
        return runtime.Interpreter.from_bytes(content, arena_size=arena_bytes)

    interpreter(_LARGEST_ARENA)  # what it does not take at all is said first
    too_small, enough = 0, _LARGEST_ARENA
    while enough - too_small > _ARENA_STEP:
        size = (too_small + enough) // 2
        try:
            interpreter(size)
            enough = size
        except Exception:
            too_small = size
    micro = interpreter(enough)

    def answer(windows: np.ndarray) -> np.ndarray:
        rows = []
        for window in windows:
            micro.set_input(window[None], 0)
            micro.invoke()
            rows.append(micro.get_output(file.output_index).copy())
        return np.concatenate(rows)

    return answer, f"arena of {enough / 1e6:.1f} MB"


def _load_mediapipe(file: ModelFile) -> tuple[Answer, str]:
    """Return MediaPipe's AudioClassifier; every window is a clip at the model's rate."""
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import audio
    from mediapipe.tasks.python.components.containers import AudioData

    options = audio.AudioClassifierOptions(base_options=tasks.BaseOptions(model_asset_path=str(file.path)))
    classifier = audio.AudioClassifier.create_from_options(options)

    def answer(windows: np.ndarray) -> np.ndarray:
        rows = []
        for window in windows:
            results = classifier.classify(AudioData.create_from_array(window, file.sample_rate_hz))
            if len(results) != 1:
                raise RefusedFileError(f"a clip of one window has {len(results)} results")
            scores = {category.category_name: category.score for category in results[0].classifications[0].categories}
            if set(scores) != set(file.codes):
                raise RefusedFileError("the names of the classes are not those of the file")
            rows.append([scores[code] for code in file.codes])
        return np.array(rows)

    return answer, ""


_LITERT_PACKAGE = ("ai-edge-litert", "ai_edge_litert")
LITERT = Runtime("LiteRT Interpreter", (_LITERT_PACKAGE,), _load_litert, (Setup("2 threads", {"threads": 2}),))
LITERT_COMPILED = Runtime("LiteRT CompiledModel", (_LITERT_PACKAGE,), _load_compiled)
TFLITE_RUNTIME = Runtime("TensorFlow Lite runtime", (("tflite-runtime", "tflite_runtime"),), _load_tflite_runtime)
OPENVINO = Runtime(
    "OpenVINO",
    (("openvino", "openvino"),),
    _load_openvino,
    (
        Setup(),
        Setup("INFERENCE_PRECISION_HINT=f32", {"INFERENCE_PRECISION_HINT": "f32"}),
        Setup("EXECUTION_MODE_HINT=ACCURACY", {"EXECUTION_MODE_HINT": "ACCURACY"}),
    ),
)
ONNX_RUNTIME = Runtime(
    "ONNX Runtime through tf2onnx",
    (("onnxruntime", "onnxruntime"), ("tf2onnx", "tf2onnx"), ("tensorflow", "tensorflow")),
    _load_onnx,
    (Setup(), Setup("session.disable_quant_qdq=1", {"session.disable_quant_qdq": "1"})),
)
TFLITE_MICRO = Runtime("TFLite Micro", (("tflite-micro", "tflite_micro"),), _load_micro)
MEDIAPIPE = Runtime("MediaPipe AudioClassifier", (("mediapipe", "mediapipe"),), _load_mediapipe)
