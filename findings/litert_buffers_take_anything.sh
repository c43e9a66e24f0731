#!/usr/bin/env bash
# What does LiteRT's CompiledModel do with an array that does not fit its input?
#
# Guess:  it refuses it, as Interpreter.set_tensor does, which names both types or both lengths.
# Found:  TensorBuffer.write copies bytes. An int32 array into a float32 input is taken for float32 bits (1 to 4 become numbers near
#         0: silence). A shorter array sets the beginning, and the rest is that of the call before: the last window of a clip, if not padded,
#         is answered together with the end of the one before it. Both without an error. Reading as another type gives bits as well.
#         Only types that it does not know at all (int16, float64) and lists are refused. So check shape and type before write().
# Seen:   2026-11-30, ai-edge-litert 2.3.0, Linux, Python 3.11; the model is converted by TensorFlow 2.21.0.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install ai-edge-litert==2.3.0 tensorflow-cpu==2.21.0 2>/dev/null

cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 "$work/env/bin/python" - 2>/dev/null <<'PY'
import tensorflow as tf


@tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32)])
def twice(window):
    return {"twice": 2 * window}


module = tf.Module()
module.twice = twice
converter = tf.lite.TFLiteConverter.from_concrete_functions([twice.get_concrete_function()], module)
with open("twice.tflite", "wb") as file:
    file.write(converter.convert())
PY
"$work/env/bin/python" - 2>/dev/null <<'PY'
import importlib.metadata

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.interpreter import Interpreter

print("ai-edge-litert", importlib.metadata.version("ai-edge-litert"))
model = CompiledModel.from_file("twice.tflite")
inputs, outputs = model.create_input_buffers(0), model.create_output_buffers(0)
interpreter = Interpreter("twice.tflite")
interpreter.allocate_tensors()
place = interpreter.get_input_details()[0]["index"]


def compiled(array):
    try:
        inputs[0].write(array)
    except ValueError as error:
        return f"ValueError: {error}"
    model.run_by_index(0, inputs, outputs)
    return outputs[0].read(4, np.float32).tolist()


def interpreted(array):
    try:
        interpreter.set_tensor(place, array)
    except ValueError as error:
        return f"ValueError: {str(error).split(':')[0]}"
    return "taken"


seen = {}
for name, array in {
    "float32 [1, 4]": np.array([[1, 2, 3, 4]], np.float32),
    "float32 [1, 1], shorter": np.array([[9]], np.float32),
    "int32 [1, 4]": np.array([[1, 2, 3, 4]], np.int32),
    "int16 [1, 4]": np.array([[1, 2, 3, 4]], np.int16),
    "float64 [1, 2]": np.array([[1, 2]], np.float64),
}.items():
    seen[name] = compiled(array)
    print(f"{name}: CompiledModel {seen[name]}; Interpreter {interpreted(array)}")
    assert (interpreted(array) == "taken") == (name == "float32 [1, 4]")
assert seen["float32 [1, 4]"] == [2, 4, 6, 8] and seen["float32 [1, 1], shorter"] == [18, 4, 6, 8]
assert max(seen["int32 [1, 4]"]) < 1e-30
assert all("Unsupported" in seen[name] for name in ("int16 [1, 4]", "float64 [1, 2]"))
PY
echo "As written in this script."
