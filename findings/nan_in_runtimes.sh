#!/usr/bin/env bash
# One NaN goes into a model for audio on a CPU: what do the runtimes make of it?
#
# Guess:  NaN, as TensorFlow, ONNX Runtime and LiteRT without XNNPACK do with logarithms, exponentials and averages, so that a check of
#         the answer for NaN finds broken samples or weights. Only comparisons (maxima) may drop it.
# Found:  numbers that look like any others.
#         - LiteRT as it comes (XNNPACK): log(NaN) is 88.8, exp(NaN) is 0, the average of NaN and 1 is -infinity, the maximum over a window
#           with NaN and 1 is -infinity as well. A log spectrum of a NaN is thus finite, and so are the probabilities behind it.
#           Without the delegate: NaN, NaN, NaN, 1.
#         - OpenVINO: relu(NaN), clamp(NaN) and max(NaN, 0) are 0 (max(0, NaN) is NaN: the order of the arguments counts), and exp(NaN)
#           is infinity. A network with ReLUs answers NaN samples with what its biases say.
#         - ONNX Runtime: NaN in all of these. TensorFlow the same.
#         Samples have to be checked before the model; the answer does not tell.
# Seen:   2026-11-29, ai-edge-litert 2.3.0, OpenVINO 2026.4.1, ONNX Runtime 1.32.0, TensorFlow 2.21.0, Linux, Python 3.11, x86-64.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

for set in "tf tensorflow-cpu==2.21.0" "run ai-edge-litert==2.3.0 openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2"; do
  read -r name packages <<<"$set"
  "$python" -m venv "$work/$name"
  # shellcheck disable=SC2086
  "$work/$name/bin/pip" --quiet --disable-pip-version-check install $packages 2>/dev/null
done

TF_CPP_MIN_LOG_LEVEL=3 "$work/tf/bin/python" - "$work" 2>/dev/null <<'PY'
import sys

import tensorflow as tf

OPS = {
    "log": tf.math.log, "exp": tf.exp, "relu": tf.nn.relu, "max(x, 0)": lambda x: tf.maximum(x, 0.0),
    "average": lambda x: tf.nn.avg_pool1d(x[..., None], 2, 2, "VALID"), "maximum": lambda x: tf.nn.max_pool1d(x[..., None], 2, 2, "VALID"),
}
print("TensorFlow", tf.__version__)
for name, op in OPS.items():
    function = tf.function(op, input_signature=[tf.TensorSpec([1, 4], tf.float32)])
    print(f"  {name}(NaN):", float(tf.reshape(function(tf.constant([[float("nan"), 1.0, 2.0, 3.0]])), [-1])[0]))
    concrete = function.get_concrete_function()
    with open(f"{sys.argv[1]}/{name}.tflite", "wb") as file:
        file.write(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())
PY

"$work/run/bin/python" - "$work" 2>/dev/null <<'PY'
import math
import sys

import numpy as np
import onnx
import onnxruntime
import openvino as ov
import openvino.opset15 as ops
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from onnx import TensorProto, helper

SAMPLES = np.array([[math.nan, 1.0, 2.0, 3.0]], np.float32)
PLAIN = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def litert(name, resolver=OpResolverType.AUTO):
    interpreter = Interpreter(f"{sys.argv[1]}/{name}.tflite", experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], SAMPLES)
    interpreter.invoke()
    return float(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).ravel()[0])


def openvino(make):
    parameter = ops.parameter([1, 4], np.float32)
    model = ov.Model([make(parameter)], [parameter], "m")
    return float(ov.Core().compile_model(model, "CPU", {"EXECUTION_MODE_HINT": "ACCURACY"})(SAMPLES)[0].ravel()[0])


def onnx_runtime(node, *further, shape=(1, 4)):
    graph = helper.make_graph(
        [helper.make_node(node[0], ["x", *(tensor.name for tensor in further)], ["y"], **node[1])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], further)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return float(session.run(None, {"x": SAMPLES.reshape(shape)})[0].ravel()[0])


seen = {name: (litert(name), litert(name, PLAIN)) for name in ("log", "exp", "average", "maximum")}
for name, (delegate, plain) in seen.items():
    print(f"LiteRT {name}(NaN): {delegate} with XNNPACK, {plain} without")
assert 88 < seen["log"][0] < 89 and seen["exp"][0] == 0 and seen["average"][0] == seen["maximum"][0] == -math.inf
assert all(math.isnan(seen[name][1]) for name in ("log", "exp", "average")) and seen["maximum"][1] == 1

zero = ops.constant(np.zeros((1, 4), np.float32))
seen = {"relu": openvino(ops.relu), "clamp": openvino(lambda x: ops.clamp(x, 0.0, 6.0)), "max(x, 0)": openvino(lambda x: ops.maximum(x, zero)),
        "max(0, x)": openvino(lambda x: ops.maximum(zero, x)), "exp": openvino(ops.exp)}
print("OpenVINO of NaN:", seen)
assert seen["relu"] == seen["clamp"] == seen["max(x, 0)"] == 0 and math.isnan(seen["max(0, x)"]) and seen["exp"] == math.inf

scalar = helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0])
seen = {"relu": onnx_runtime(("Relu", {})), "max(x, 0)": onnx_runtime(("Max", {}), scalar), "exp": onnx_runtime(("Exp", {})),
        "log": onnx_runtime(("Log", {})),
        "average": onnx_runtime(("AveragePool", {"kernel_shape": [2], "strides": [2]}), shape=(1, 1, 4))}
print("ONNX Runtime of NaN:", seen)
assert all(map(math.isnan, seen.values()))
PY
echo "As written in this script."
