#!/usr/bin/env bash
# Is sound where it was after tfio.audio.resample?
#
# Guess:  yes. A call for a whole signal gives as many samples as seconds times the new rate, and takes its filter's delay away, as librosa,
#         soxr and scipy do.
# Found:  the number of samples is right and everything in them is late, by 0.7 to 2 ms (32 samples at the lower rate, Speex' delay for a
#         stream); the first samples are silent, and as much is missing from the end: a click in the last half millisecond is gone. Beside
#         labels that is little; in a difference to another resampler (a test, distillation, a stem under its mix) it is everything.
# Seen:   2026-11-30, tensorflow-io 0.37.1 with TensorFlow 2.17.1 against soxr 1.0.0, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install tensorflow-cpu==2.17.1 tensorflow-io==0.37.1 soxr==1.0.0 2>/dev/null

TF_CPP_MIN_LOG_LEVEL=3 "$work/env/bin/python" - 2>/dev/null <<'PY'
import numpy as np
import soxr
import tensorflow_io as tfio

print("tensorflow-io", tfio.__version__, "soxr", soxr.__version__)
for before, after in ((44100, 22050), (44100, 16000), (44100, 48000), (22050, 44100), (16000, 48000)):
    clicks = np.zeros(before, np.float32)  # one second
    clicks[before // 2] = 1.0
    clicks[-round(before * 0.0005)] = 1.0
    results = tfio.audio.resample(clicks[:, None], before, after).numpy()[:, 0], soxr.resample(clicks, before, after)
    assert all(len(result) == after for result in results)
    end = round(after * 0.002)
    (late, exact) = ((np.abs(result[:-end]).argmax() / after - 0.5) * 1000 for result in results)
    lasts = [np.abs(result[-end:]).max() / np.abs(result).max() for result in results]
    print(f"{before} to {after} Hz: the click is {late:.2f} ms late (soxr {exact:.2f}); the last one at {lasts[0]:.3f} of the first (soxr {lasts[1]:.3f})")
    assert 0.6 < late < 2.1 and abs(exact) < 0.05 and lasts[0] < 0.05 and lasts[1] > 0.5
PY
echo "As written in this script."
