#!/usr/bin/env bash
# What does it cost in LiteRT to take one row of every matrix, x[:, 0]?
#
# Guess:  as much as x[:, :1] and a reshape: both read the same numbers, and XNNPACK, which is on by default, takes slices.
# Found:  the slice that drops an axis is a STRIDED_SLICE with a shrink_axis_mask, which XNNPACK does not take: it runs in
#         LiteRT's own code, ten times as long, and cuts a graph in the middle into two delegated parts. x[:, :1] and a
#         reshape stay in one part. Python and TensorFlow show no difference, nor does the file's size.
# Seen:   2026-11-30, tensorflow 2.21.0, ai-edge-litert 2.3.0, Linux, x86-64 with AVX-512, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv env
env/bin/pip install -q tensorflow-cpu==2.21.0 ai-edge-litert==2.3.0

TF_CPP_MIN_LOG_LEVEL=3 env/bin/python - <<'PY' 2>/dev/null
import statistics
import time

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

weights = tf.random.stateless_normal((32, 32), (0, 1))
ways = {
    "x[:, 0]": lambda x: tf.matmul(tf.square(x)[:, 0] + 1.0, weights),
    "x[:, :1], reshaped": lambda x: tf.matmul(tf.reshape(tf.square(x)[:, :1], [300, 32]) + 1.0, weights),
    "x[:, 0] alone": lambda x: x[:, 0],
    "x[:, :1], reshaped, alone": lambda x: tf.reshape(x[:, :1], [300, 32]),
}
seen, answers = {}, []
for name, way in ways.items():
    traced = tf.function(way, input_signature=[tf.TensorSpec((300, 16, 32))]).get_concrete_function()
    model = Interpreter(model_content=tf.lite.TFLiteConverter.from_concrete_functions([traced]).convert(), num_threads=1)
    model.allocate_tensors()
    model.set_tensor(model.get_input_details()[0]["index"], np.random.default_rng(0).normal(size=(300, 16, 32)).astype("f"))
    times = []
    for _ in range(300):
        start = time.thread_time()
        model.invoke()
        times.append(1e6 * (time.thread_time() - start))
    names = [one["op_name"] for one in model._get_ops_details()]
    seen[name] = names.count("DELEGATE"), statistics.median(times)
    answers.append(model.get_tensor(model.get_output_details()[0]["index"]))
    print(f"{name}: {names.count('DELEGATE')} delegated part(s), {seen[name][1]:.0f} us")
np.testing.assert_allclose(answers[0], answers[1], rtol=1e-6)
np.testing.assert_array_equal(answers[2], answers[3])
assert seen["x[:, 0]"][0] == 2 and seen["x[:, :1], reshaped"][0] == 1
assert seen["x[:, 0] alone"][0] == 0 and seen["x[:, :1], reshaped, alone"][0] == 1
assert seen["x[:, 0] alone"][1] > 3 * seen["x[:, :1], reshaped, alone"][1]
PY
echo "as seen"
