#!/usr/bin/env bash
# How quiet may a sound be until Keras' own spectrogram layer takes it for silence?
#
# Guess:  keras.layers.STFTSpectrogram(mode="log") has a floor for log(0), far below what 16 bits hold (-96 dBFS), whatever its window is
#         scaled by; and mode="log" is the logarithm of the power, as in log-mels.
# Found:  the floor is keras.config.epsilon(), 1e-7, on the power after scaling, so that it moves with the window's scale. With
#         scaling="spectrum" white noise of -40 dBFS RMS, plain to hear, is taken for silence in most bins, and a full-scale sine has 64 dB left
#         above the floor; with the default, "density", noise of -80 dBFS is silence. With scaling=None it is heard. A network sees no fade-out,
#         no reverberation, no treble of quiet music, and nothing warns. keras.config.set_epsilon moves the floor, and that of every normalisation.
#         mode="log" is the natural logarithm of the magnitude, half of that of the power. The layer needs SciPy, which Keras does not ask for.
# Seen:   2026-11-30, Keras 3.15.1 with TensorFlow 2.21.0, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install tensorflow-cpu==2.21.0 keras==3.15.1 scipy==1.17.1 2>/dev/null

TF_CPP_MIN_LOG_LEVEL=3 "$work/env/bin/python" - 2>/dev/null <<'PY'
import keras
import numpy as np
import tensorflow as tf

print("Keras", keras.__version__, "TensorFlow", tf.__version__)
LENGTH, STEP = 1024, 256
noise = np.random.default_rng(0).standard_normal(16000)
sine = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
drowned = {}
for scaling in ("spectrum", "density", None):
    layer = keras.layers.STFTSpectrogram(
        mode="log", frame_length=LENGTH, frame_step=STEP, fft_length=LENGTH, scaling=scaling
    )

    def log(signal):
        return np.asarray(layer(signal.astype(np.float32)[np.newaxis, :, np.newaxis]))[0]

    silence = float(log(np.zeros(16000)).max())
    assert abs(silence - np.log(np.sqrt(1e-7))) < 1e-3, "the floor is the root of 1e-7"
    above = 20 / np.log(10) * float(log(sine).max() - silence)
    shares = {}
    for level in (-40, -60, -80, -96):
        shares[level] = float((log(10 ** (level / 20) * noise) <= silence + 1e-6).mean())
        drowned[scaling, level] = shares[level]
    text = ", ".join(f"{level} dBFS {share:.0%}" for level, share in shares.items())
    print(f"scaling={scaling}: full-scale sine {above:.0f} dB above silence; bins of white noise that are silence: {text}")

frames = np.lib.stride_tricks.sliding_window_view(sine, LENGTH)[::STEP] * np.hanning(LENGTH)
assert abs(log(sine).max() - np.log(np.abs(np.fft.rfft(frames)).max())) < 1e-3, "scaling=None: log of the magnitude"
assert drowned["spectrum", -60] > 0.99 and 0.4 < drowned["spectrum", -40] < 0.7
assert drowned["density", -80] > 0.99 and drowned["density", -60] < 0.3
assert drowned[None, -80] < 0.1 and drowned[None, -96] < 0.9
PY
echo "As written in this script."
