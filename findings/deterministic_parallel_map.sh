#!/usr/bin/env bash
# What does tf.data say when op determinism meets a parallel map of Python code?
#
# Guess:  tf.config.experimental.enable_op_determinism makes the map serial, as its documentation says, and says nothing.
# Found:  TensorFlow 2.21 makes it serial and logs an ERROR for most iterations of the data set ("... use_unbounded_threadpool
#         ... node_def_util.cc"), about an attribute that its own rewriting of the graph leaves behind. TensorFlow 2.17 logs nothing.
#         The results are right in both. Asking for a serial map (num_parallel_calls=None) from the start keeps 2.21 quiet.
# Seen:   2026-11-28, TensorFlow 2.21.0 and 2.17.1, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

cat >"$work/map.py" <<'PY'
import sys
import numpy as np
import tensorflow as tf

parallel = {"parallel": 2, "serial": None}[sys.argv[1]]
tf.config.experimental.enable_op_determinism()
dataset = tf.data.Dataset.range(4).map(
    lambda i: tf.numpy_function(lambda x: np.float32(x), [i], tf.float32), num_parallel_calls=parallel
)
assert [[float(x) for x in dataset] for _ in range(3)] == [[0.0, 1.0, 2.0, 3.0]] * 3
PY

for pins in "tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6" "tensorflow==2.17.1 keras==3.15.1 numpy==1.26.4"; do
  version=${pins%% *}
  "$python" -m venv "$work/$version"
  # shellcheck disable=SC2086
  "$work/$version/bin/pip" --quiet --disable-pip-version-check install $pins 2>/dev/null
  for kind in parallel serial; do
    TF_CPP_MIN_LOG_LEVEL=2 CUDA_VISIBLE_DEVICES=-1 "$work/$version/bin/python" "$work/map.py" "$kind" 2>"$work/log"
    lines=$(grep -c "use_unbounded_threadpool" "$work/log" || true)
    echo "$version, $kind map: $([[ $lines -gt 0 ]] && echo "errors logged" || echo quiet)"
  done
done | tee "$work/seen"

diff - "$work/seen" <<'TXT' && echo "As written in this script."
tensorflow==2.21.0, parallel map: errors logged
tensorflow==2.21.0, serial map: quiet
tensorflow==2.17.1, parallel map: quiet
tensorflow==2.17.1, serial map: quiet
TXT
