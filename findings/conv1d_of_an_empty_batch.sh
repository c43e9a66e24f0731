#!/usr/bin/env bash
# What shape has a convolution of an empty batch in TensorFlow on a CPU?
#
# Guess:  [0, frames, filters], as for any other batch, only with no rows.
# Found:  with oneDNN's kernels, which are on by default on x86 processors with AVX-512 VNNI or newer, tf.nn.conv1d and
#         tf.nn.conv2d of an empty batch return the shape of their *input*: neither frames nor channels are those of a convolution.
#         What follows in the graph (a split, a reshape) then fails, or goes on with the wrong shape. With
#         TF_ENABLE_ONEDNN_OPTS=0, or with one row, the shape is right.
# Seen:   2026-11-28, TensorFlow 2.21.0, Linux x86-64, Python 3.11; 2.17.1 does the same.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" --quiet --disable-pip-version-check install tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6 2>/dev/null

cat >"$work/shapes.py" <<'PY'
import numpy as np
import tensorflow as tf

def shape(rows):
    return tuple(tf.nn.conv1d(np.zeros((rows, 300, 1), "f4"), np.ones((200, 1, 202), "f4"), 1, "VALID").shape)

def shape_2d(rows):
    return tuple(tf.nn.conv2d(np.zeros((rows, 8, 8, 1), "f4"), np.ones((3, 3, 1, 5), "f4"), 1, "VALID").shape)

print("conv1d of 1 and 0 rows:", shape(1), shape(0))
print("conv2d of 1 and 0 rows:", shape_2d(1), shape_2d(0))
PY

for onednn in 1 0; do
  echo "TF_ENABLE_ONEDNN_OPTS=$onednn"
  TF_ENABLE_ONEDNN_OPTS=$onednn TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=-1 "$work/venv/bin/python" "$work/shapes.py" 2>/dev/null
done | tee "$work/seen"

diff - "$work/seen" <<'TXT' && echo "As written in this script."
TF_ENABLE_ONEDNN_OPTS=1
conv1d of 1 and 0 rows: (1, 101, 202) (0, 300, 1)
conv2d of 1 and 0 rows: (1, 6, 6, 5) (0, 8, 8, 1)
TF_ENABLE_ONEDNN_OPTS=0
conv1d of 1 and 0 rows: (1, 101, 202) (0, 101, 202)
conv2d of 1 and 0 rows: (1, 6, 6, 5) (0, 6, 6, 5)
TXT
