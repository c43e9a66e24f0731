#!/usr/bin/env bash
# Does Keras' inverse STFT give back the sound of Keras' own STFT, whatever the backend?
#
# Guess:  yes: keras.ops.stft and istft with the same arguments invert each other, and one backend's numbers are the other's.
# Found:  on NumPy and JAX they do. On TensorFlow, istft leaves the ends wrong: of 4,000 samples of noise (Hann 512, hop 128, centred) 135 near
#         both ends are off by up to .28, without centring 596 by up to 1.00, where NumPy loses the one sample under the window's
#         zero. With frames side by side (hop = frame) JAX gives back about half of the sound: 2,048 samples of 4,000.
#         The STFT differs as well: with frames of 25 in an FFT of 32, TensorFlow's is off by .087 of its largest value. So losses and vocoders
#         that go through istft should leave out a frame at each end, and be tried on the backend that they will run on.
# Seen:   2026-12-01, Keras 3.15.1 on NumPy 2.4.6, JAX 0.10.2 and TensorFlow 2.21.0, Linux x86-64, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install keras==3.15.1 numpy==2.4.6 jax==0.10.2 tensorflow-cpu==2.21.0 2>/dev/null
cat >"$work/invert.py" <<'PY'
import sys

import numpy as np
from keras import ops

sound = np.random.default_rng(0).uniform(-1, 1, (1, 4000)).astype(np.float32)


def back(frame, hop, center):
    settings = {"sequence_length": frame, "sequence_stride": hop, "fft_length": frame, "window": "hann", "center": center}
    result = np.asarray(ops.istft(ops.stft(sound, **settings), length=4000, **settings))[0]
    error = np.abs(result - sound[0, : len(result)])
    wrong = np.flatnonzero(error > 0.01)
    ends = int(((wrong < frame) | (wrong >= len(result) - frame)).sum())
    where = f"{len(wrong)}, {ends} of them in the first or last {frame}, by up to {error.max():.2f}" if len(wrong) else "none"
    print(f"  hann {frame}, hop {hop}, center={center}: {len(result)} samples, wrong by more than .01: {where}")
    return len(result), len(wrong), ends


results = [back(512, 128, True), back(512, 128, False), back(512, 512, True)]
real, imaginary = ops.stft(sound, sequence_length=25, sequence_stride=10, fft_length=32, window="hann", center=True)
np.savez(sys.argv[1], results=results, spectrum=np.asarray(real) + 1j * np.asarray(imaginary))
PY
for backend in numpy jax tensorflow; do
  echo "$backend:"
  KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=3 "$work/env/bin/python" "$work/invert.py" "$work/$backend.npz" 2>/dev/null
done
"$work/env/bin/python" - "$work" <<'PY'
import sys

import numpy as np

numpy, jax, tensorflow = (np.load(f"{sys.argv[1]}/{name}.npz") for name in ("numpy", "jax", "tensorflow"))
largest = np.abs(numpy["spectrum"]).max()
off = {name: np.abs(other["spectrum"] - numpy["spectrum"]).max() / largest for name, other in (("JAX", jax), ("TensorFlow", tensorflow))}
print("STFT, frames of 25 in an FFT of 32, against NumPy's:", ", ".join(f"{name} off by {value:.3f}" for name, value in off.items()))
for backend in (numpy, jax):
    assert backend["results"][:2].tolist() == [[4000, 0, 0], [3968, 1, 1]], backend["results"]
assert numpy["results"][2, 0] == 3840 and jax["results"][2, 0] == 2048
(_, centred, centred_ends), (_, plain, plain_ends) = tensorflow["results"][:2]
assert centred == centred_ends > 100 and plain == plain_ends > 500, tensorflow["results"]
assert off["JAX"] < 1e-4 and 0.05 < off["TensorFlow"] < 0.15, off
PY
echo "As written in this script."
