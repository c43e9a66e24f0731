#!/usr/bin/env bash
# Is an int8 .tflite file either right or refused in older and smaller runtimes?
#
# Guess:  a runtime that does not know a scale per channel refuses the file, by the version of the operation.
# Found:  not always. The converter of TensorFlow 2.21 gives int8 dense layers (FULLY_CONNECTED) a scale per channel, and writes version 4 and
#         min_runtime_version 1.14.0, as for one scale. TensorFlow 2.9 takes the file and answers with zeros; from 2.10 on it is right. With
#         _experimental_disable_per_channel_quantization_for_dense_layers both are right. tflite-micro knows the dense layers, but when
#         int8 weights are made floats first (DEQUANTIZE) it takes the first channel's scale for all.
# Seen:   2026-11-28, tensorflow-cpu 2.21.0 and 2.9.3, tflite-micro 0.dev20261023182759, Linux, Python 3.10 (2.9 has none for later ones).
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3.10}
export TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=-1 TF_ENABLE_ONEDNN_OPTS=0

cat >"$work/make.py" <<'PY'
import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

# A dense layer whose channels differ in size, as those of trained networks do.
rng = np.random.default_rng(0)
weights = (rng.normal(size=(64, 8)) * np.geomspace(1.0, 0.01, 8)).astype(np.float32)
inputs = rng.uniform(-1, 1, (32, 64)).astype(np.float32)
np.savez("data.npz", inputs=inputs, wanted=inputs @ weights)
module = tf.Module()
spec = tf.TensorSpec([1, 64], tf.float32, "x")
for name, per_channel in (("scale per channel", True), ("one scale", False)):
    module.f = tf.function(lambda x: tf.matmul(x, weights), input_signature=[spec])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.f.get_concrete_function()], module)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([x[None]] for x in inputs)
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel
    content = converter.convert()
    open(f"{name}.tflite", "wb").write(content)
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    (entry,) = [entry for entry in model.metadata if entry.name == b"min_runtime_version"]
    version = bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode()
    print(f"{name}: the file says it needs TensorFlow {version}")
PY

cat >"$work/make_dequantize.py" <<'PY'
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

# Int8 weights that are made floats before a float product: the converter's float16 file, with its numbers exchanged.
rng = np.random.default_rng(0)
weights = (rng.normal(size=(64, 8)) * np.geomspace(1.0, 0.01, 8)).astype(np.float32)
module = tf.Module()
module.f = tf.function(lambda x: tf.matmul(x, weights), input_signature=[tf.TensorSpec([1, 64], tf.float32, "x")])
converter = tf.lite.TFLiteConverter.from_concrete_functions([module.f.get_concrete_function()], module)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.target_spec.supported_types = [tf.float16]
model = flatbuffer_utils.convert_bytearray_to_object(bytearray(converter.convert()))
(graph,) = model.subgraphs
(tensor,) = [t for t in graph.tensors if t.type == schema.TensorType.FLOAT16]
scales = (np.abs(weights).max(axis=0) / 127).astype(np.float32)
tensor.type = schema.TensorType.INT8
tensor.quantization = schema.QuantizationParametersT()
tensor.quantization.scale, tensor.quantization.zeroPoint = scales, np.zeros(8, np.int64)
tensor.quantization.quantizedDimension = 0
numbers = np.rint(weights.T / scales[:, None]).astype(np.int8)
model.buffers[tensor.buffer].data = np.frombuffer(numbers.tobytes(), np.uint8)
for code in model.operatorCodes:
    if code.builtinCode == schema.BuiltinOperator.DEQUANTIZE:
        code.version = 5
open("made floats.tflite", "wb").write(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))
PY

cat >"$work/run.py" <<'PY'
import sys
import numpy as np

data = np.load("data.npz")
label = sys.argv[1]
for name in sys.argv[2:]:
    content = open(f"{name}.tflite", "rb").read()
    rows = []
    if label.startswith("tensorflow"):
        import tensorflow as tf

        interpreter = tf.lite.Interpreter(model_content=content)
        interpreter.allocate_tensors()
        for x in data["inputs"]:
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x[None])
            interpreter.invoke()
            rows.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    else:
        from tflite_micro.python.tflite_micro import runtime

        interpreter = runtime.Interpreter.from_bytes(content)
        for x in data["inputs"]:
            interpreter.set_input(x[None], 0)
            interpreter.invoke()
            rows.append(np.array(interpreter.get_output(0))[0])
    # Per channel, because the small ones would not be seen beside the large.
    error = (np.abs(np.array(rows) - data["wanted"]).max(axis=0) / np.abs(data["wanted"]).max(axis=0)).max()
    print(f"{label}, {name}: {'right' if error < 0.8 else 'wrong'}")
PY

install() { "$python" -m venv "$work/$1" && "$work/$1/bin/pip" --quiet --disable-pip-version-check install "${@:2}" 2>/dev/null; }
install new tensorflow-cpu==2.21.0 keras==3.12.0 numpy==1.26.4
install old tensorflow-cpu==2.9.3 numpy==1.23.5 'protobuf<3.20'
install micro tflite_micro==0.dev20261023182759 numpy
cd "$work"
{
  new/bin/python make.py
  new/bin/python make_dequantize.py
  new/bin/python run.py "tensorflow 2.21" "scale per channel" "one scale" "made floats"
  old/bin/python run.py "tensorflow 2.9" "scale per channel" "one scale" "made floats"
  micro/bin/python run.py "tflite-micro" "scale per channel" "one scale" "made floats"
} 2>/dev/null | tee seen

diff - seen <<'TXT' && echo "As written in this script."
scale per channel: the file says it needs TensorFlow 1.14.0
one scale: the file says it needs TensorFlow 1.14.0
tensorflow 2.21, scale per channel: right
tensorflow 2.21, one scale: right
tensorflow 2.21, made floats: right
tensorflow 2.9, scale per channel: wrong
tensorflow 2.9, one scale: right
tensorflow 2.9, made floats: right
tflite-micro, scale per channel: right
tflite-micro, one scale: right
tflite-micro, made floats: wrong
TXT
