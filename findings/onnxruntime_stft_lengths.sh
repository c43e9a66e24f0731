#!/usr/bin/env bash
# How exact is ONNX Runtime's STFT, whatever the length of the frames?
#
# Guess:  as a float32 FFT is, about 140 dB below the largest value, also for frames of 10, 20 or 25 ms (400 samples, as Whisper has).
# Found:  only powers of two come near (129 to 135 dB below). Frames of 400, 800, 882, 1000 and 2205 samples have errors 91 to 101 dB below
#         the peak, 45 to 55 dB more than NumPy's in float32: with a loud tone that is a floor some 40 dB above what a Hann window itself leaves.
#         Logarithms with a floor at -100 dB or lower show it as texture in the quiet bands of loud frames. NumPy's float32 FFT, and
#         onnx's own reference, are as exact at any length. So choose powers of two, or products with a DFT matrix made in float64.
# Seen:   2026-11-30, ONNX Runtime 1.32.0 (CPU), onnx 1.23.2, NumPy 2.4.6, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>/dev/null

"$work/env/bin/python" - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RATE, SAMPLES = 16000, 80000
tone = (0.5 * np.sin(2 * np.pi * 1000.3 * np.arange(SAMPLES) / RATE)).astype(np.float32)


def spectra(length):
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    values = [numpy_helper.from_array(np.int64(length // 2), "step"), numpy_helper.from_array(window, "window")]
    node = helper.make_node("STFT", ["sound", "step", "window"], ["bins"], onesided=1)
    sound = helper.make_tensor_value_info("sound", TensorProto.FLOAT, [1, SAMPLES, 1])
    bins = helper.make_tensor_value_info("bins", TensorProto.FLOAT, None)
    model = helper.make_model(
        helper.make_graph([node], "stft", [sound], [bins], values),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    pairs = session.run(None, {"sound": tone[None, :, None]})[0][0]
    frames = np.lib.stride_tricks.sliding_window_view(tone.astype(np.float64), length)[:: length // 2] * window
    exact = np.fft.rfft(frames)
    return pairs[..., 0] + 1j * pairs[..., 1], np.fft.rfft(frames.astype(np.float32)), exact


print("ONNX Runtime", onnxruntime.__version__)
for length in (256, 400, 512, 800, 882, 1000, 1024, 2048, 2205):
    runtime, single, exact = spectra(length)
    peak = np.abs(exact).max()
    of_runtime, of_numpy = (20 * np.log10(np.abs(got - exact).max() / peak) for got in (runtime, single))
    print(f"frames of {length:4d} samples: largest error {of_runtime:6.1f} dB of the peak, NumPy in float32 {of_numpy:6.1f}")
    is_power = length & (length - 1) == 0
    assert of_numpy < -140 and (of_runtime < -120 if is_power else -110 < of_runtime < -85), length
PY
echo "As written in this script."
