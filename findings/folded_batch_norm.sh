#!/usr/bin/env bash
# Does a batch normalisation that changes nothing leave the weights in a converted .tflite file as they were?
#
# Guess:  yes. With gamma 1, mean 0 and variance + epsilon exactly 1 the kernel is multiplied by 1, so that the published array can be found in
#         the file by its bytes.
# Found:  no. The converter of TensorFlow 2.21 folds 1 / sqrt(variance + epsilon) with an approximation: of exactly 1 it is 1 - 2^-23, two
#         floats below. The kernel's numbers are a rounding or two off, and its bytes are not found; those of what is added (beta) are.
#         The file's answers are right to 1e-6. Who compares weights in a file with published ones must compare values, not bytes.
# Seen:   2026-11-29, tensorflow-cpu 2.21.0, keras 3.12.0, Linux, Python 3.11, x86-64 with AVX-512.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
export TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=-1 TF_ENABLE_ONEDNN_OPTS=0

cat >"$work/make.py" <<'PY'
import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

rng = np.random.default_rng(0)
waveform = keras.Input((8, 8, 4))
x = keras.layers.Conv2D(16, 3, use_bias=False, name="convolution")(waveform)
model = keras.Model(waveform, keras.layers.BatchNormalization(epsilon=1e-3, name="norm")(x))
kernel, beta = (rng.standard_normal(shape).astype(np.float32) for shape in ((3, 3, 4, 16), 16))
variance = np.float32(1) - np.float32(1e-3)
print("variance + epsilon is 1:", bool(variance + np.float32(1e-3) == np.float32(1)))
model.get_layer("convolution").set_weights([kernel])
model.get_layer("norm").set_weights([np.ones(16), beta, np.zeros(16), np.full(16, variance)])

archive = keras.export.ExportArchive()
archive.add_endpoint("serve", lambda x: model(x, training=False), [tf.TensorSpec([1, 8, 8, 4], tf.float32, "x")])
archive.write_out("saved", verbose=False)
content = tf.lite.TFLiteConverter.from_saved_model("saved", signature_keys=["serve"]).convert()
wanted = np.ascontiguousarray(kernel.transpose(3, 0, 1, 2))
print("kernel stands in the file:", wanted.tobytes() in content)
print("beta stands in the file:", beta.tobytes() in content)
flat = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
(stored,) = [
    np.frombuffer(bytes(flat.buffers[tensor.buffer].data), np.float32).reshape(wanted.shape)
    for tensor in flat.subgraphs[0].tensors
    if tuple(tensor.shape) == wanted.shape
]
print("it is the kernel times 1 - 2^-23:", np.array_equal(stored, wanted * np.float32(1 - 2.0**-23)))
PY

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install tensorflow-cpu==2.21.0 keras==3.12.0 numpy==1.26.4 2>/dev/null
cd "$work"
env/bin/python make.py 2>/dev/null | grep -v '^Saved' | tee seen

diff - seen <<'TXT' && echo "As written in this script."
variance + epsilon is 1: True
kernel stands in the file: False
beta stands in the file: True
it is the kernel times 1 - 2^-23: True
TXT
