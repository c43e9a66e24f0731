#!/usr/bin/env bash
# Do the mel spectrograms of one clip depend on the other clips of its batch, in Keras' own layer?
#
# Guess:  no. keras.layers.MelSpectrogram computes each clip for itself; top_db=80, its default, cuts what lies 80 dB below a
#         clip's loudest value, as librosa.power_to_db does with one clip.
# Found:  they do. The cut is 80 dB below the loudest value of the whole batch: a clip that is 80 dB quieter than its neighbour loses up to
#         30 dB of its spectrogram, and the same clip alone keeps it. So training (mixed batches) and prediction (one clip, or clips in another
#         order) see different inputs, and answers depend on the batch. top_db=None makes clips independent; there is no setting for a cut per clip.
# Seen:   2026-11-29, Keras 3.15.1 with TensorFlow 2.21.0, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install tensorflow-cpu==2.21.0 keras==3.15.1 2>/dev/null

TF_CPP_MIN_LOG_LEVEL=3 "$work/env/bin/python" - 2>/dev/null <<'PY'
import keras
import numpy as np
import tensorflow as tf

print("Keras", keras.__version__, "TensorFlow", tf.__version__)
rng = np.random.default_rng(0)
loud = rng.normal(0.0, 0.1, (1, 16000)).astype(np.float32)
quiet = loud[:, ::-1] * np.float32(1e-4)
for top_db in (80.0, None):
    mels = keras.layers.MelSpectrogram(fft_length=2048, sequence_stride=512, sampling_rate=16000, top_db=top_db)
    alone = np.asarray(mels(np.ascontiguousarray(quiet)))[0]
    together = np.asarray(mels(np.concatenate([quiet, loud])))[0]
    change = float(np.abs(alone - together).max())
    print(f"top_db={top_db}: the quiet clip from {alone.min():.1f} dB alone, from {together.min():.1f} dB beside a loud one; changed by up to {change:.1f} dB")
    assert (change > 20) if top_db else (change < 1e-3)
PY
echo "As written in this script."
