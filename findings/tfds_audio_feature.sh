#!/usr/bin/env bash
# What does TensorFlow Datasets' Audio feature hand out for WAV files of different depths and rates?
#
# Guess:  samples at the rate that the feature was given, on one scale: in [-1, 1] for a dtype of float32, and of 16 bits for int16.
# Found:  the numbers of the file. sample_rate is a note: a file of 8 kHz comes out at 8 kHz from Audio(sample_rate=16000), without a word.
#         A dtype is a cast: float32 goes to +-16,384 for a 16-bit file of half the full scale, to +-64 for 8 bits, and to +-1,073,741,824
#         for 24 bits, so that a folder of both depths has clips 96 dB apart; with int16, a 24-bit file keeps its lowest bits,
#         which is noise. Two channels become their mean. So: one depth and one rate before tfds build, or a feature of your own.
# Seen:   2026-11-30, tensorflow-datasets 4.9.10 (pydub 0.25.1) with TensorFlow 2.21.0, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install \
  tensorflow-datasets==4.9.10 tensorflow-cpu==2.21.0 pydub==0.25.1 soundfile==0.14.0 2>/dev/null

cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 "$work/env/bin/python" - 2>/dev/null <<'PY'
import numpy as np
import soundfile
import tensorflow_datasets as tfds

print("tensorflow-datasets", tfds.__version__)
tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)  # a second at 8 kHz
peaks = {}
for depth in ("PCM_U8", "PCM_16", "PCM_24"):
    soundfile.write(f"{depth}.wav", tone, 8000, subtype=depth)
    feature = tfds.features.Audio(file_format="wav", sample_rate=16000, dtype=np.float32)
    samples = np.asarray(feature.encode_example(f"{depth}.wav"))
    peaks[depth] = float(np.abs(samples).max())
    print(f"{depth}, sample_rate=16000, float32: {len(samples)} samples of one second at 8 kHz, peak {peaks[depth]:.0f}")
    assert len(samples) == 8000
assert 63 <= peaks["PCM_U8"] <= 65 and 16383 <= peaks["PCM_16"] <= 16384
assert abs(20 * np.log10(peaks["PCM_24"] / peaks["PCM_16"]) - 96.3) < 0.1

short = np.asarray(tfds.features.Audio(file_format="wav", dtype=np.int16).encode_example("PCM_24.wav"))
likeness = float(np.corrcoef(short, tone)[0, 1])
print(f"PCM_24, int16: correlation with the tone {likeness:.2f}")
assert short.dtype == np.int16 and abs(likeness) < 0.5
PY
echo "As written in this script."
