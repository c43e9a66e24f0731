#!/usr/bin/env bash
# Is ONNX's MelWeightMatrix the usual matrix of mel filters, as librosa's and tf.signal's?
#
# Guess:  yes. It names HTK's formula and peaks of 1.0, so it is librosa.filters.mel(htk=True, norm=None) and
#         tf.signal.linear_to_mel_weight_matrix, up to rounding.
# Found:  no, by up to 0.98 in single weights, with long transforms as well. The centres divide the range into filters + 2 steps, where
#         filters + 1 are needed, so the highest filter ends one step below the upper edge that was asked for (near 7,495 Hz of 7,800),
#         and every centre is too low, the last by 290 Hz. And every corner is cut to a whole bin of the transform: with
#         short transforms several low filters are the same single bin, where others leave such filters empty. onnx's reference and ONNX
#         Runtime agree, so that no test of one against the other tells. A model that is exported with it and trained with other filters
#         hears another spectrum: a matrix as a constant (initializer) is the safe way.
# Seen:   2026-11-30, onnx 1.23.2, ONNX Runtime 1.32.0 against librosa 0.11.0, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install onnx==1.23.2 onnxruntime==1.32.0 librosa==0.11.0 numpy==2.4.6 2>/dev/null

"$work/env/bin/python" -W ignore - <<'PY'
import librosa
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def matrices(filters, length, rate, low, high):
    integers = {"filters": filters, "length": length, "rate": rate}
    values = [helper.make_tensor(name, TensorProto.INT64, [], [value]) for name, value in integers.items()]
    values += [helper.make_tensor(name, TensorProto.FLOAT, [], [hz]) for name, hz in (("low", low), ("high", high))]
    node = helper.make_node("MelWeightMatrix", [value.name for value in values], ["weights"])
    shape = [length // 2 + 1, filters]
    result = helper.make_tensor_value_info("weights", TensorProto.FLOAT, shape)
    graph = helper.make_graph([node], "mel", [], [result], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    usual = librosa.filters.mel(sr=rate, n_fft=length, n_mels=filters, fmin=low, fmax=high, htk=True, norm=None)
    return ReferenceEvaluator(model).run(None, {})[0], session.run(None, {})[0], usual.T


print("onnx", onnx.__version__, "ONNX Runtime", onnxruntime.__version__, "librosa", librosa.__version__)
for length in (1024, 4096, 16384):
    reference, runtime, usual = matrices(64, length, 16000, 60.0, 7800.0)
    hertz = np.arange(len(usual)) * 16000 / length
    ends = [hertz[np.flatnonzero(weights[:, -1])[-1] + 1] for weights in (runtime, usual)]
    centres = [hertz[weights[:, -1].argmax()] for weights in (runtime, usual)]
    worst = np.abs(runtime - usual).max()
    print(f"length {length}: worst difference {worst:.2f}; last filter: centre {centres[0]:.0f} Hz, librosa {centres[1]:.0f}; end {ends[0]:.0f}, {ends[1]:.0f}")
    assert np.abs(reference - runtime).max() < 1e-6 and worst > 0.9
    assert centres[1] - centres[0] > 200 and ends[1] - ends[0] > 200

reference, runtime, usual = matrices(128, 512, 22050, 0.0, 11025.0)
alike = [int(np.max(np.sum(weights > 0.999, axis=1))) for weights in (runtime, usual)]
print(f"128 filters of 512 samples: up to {alike[0]} filters are at their peak in one bin (librosa {alike[1]}); empty: {int((runtime.sum(0) == 0).sum())} (librosa {int((usual.sum(0) == 0).sum())})")
assert np.abs(reference - runtime).max() < 1e-6 and alike[0] >= 3 > alike[1]
PY
echo "As written in this script."
