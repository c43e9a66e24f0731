#!/usr/bin/env bash
# What does pedalboard's Limiter do to sound that needs no limiting?
#
# Guess:  nothing. Below its threshold a limiter leaves everything as it is, above it holds peaks at the threshold.
# Found:  it makes everything louder: by 3.75 dB with threshold_db=0, and by as many dB more as the threshold lies below 0, 13.75 dB with the
#         default of -10. Silence between notes, hiss and reverberation rise with it; a sine of -12 dBFS, 2 dB below the threshold, comes out at
#         full scale, and what would go beyond it is clipped (the page of the class names "two compressors and a hard clipper at 0 dB", and no
#         gain). So peaks are held at 0 dBFS, not at the threshold: as an augmentation it changes levels far more than peaks, and a chain of
#         "limiter, then measure" measures the limiter. Compressor, beside it, has no gain of its own.
# Seen:   2026-11-30, pedalboard 0.9.26, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install pedalboard==0.9.26 numpy==2.3.5 2>/dev/null

"$work/env/bin/python" - <<'PY'
import numpy as np
import pedalboard

RATE_HZ = 44100
sine = np.sin(2 * np.pi * 440 * np.arange(2 * RATE_HZ) / RATE_HZ).astype(np.float32)


def peak_db(effect, level_db):
    """The peak of the second second, when attack and release are over."""
    heard = effect(np.float32(10 ** (level_db / 20)) * sine[np.newaxis], RATE_HZ)[0, RATE_HZ:]
    return 20 * np.log10(float(np.abs(heard).max()))


levels = (-60, -40, -20, -12, -3)
print("peak in dBFS of a sine of", ", ".join(f"{level}" for level in levels), "dBFS behind")
for threshold in (-20.0, -10.0, -3.0, 0.0):
    out = [peak_db(pedalboard.Limiter(threshold_db=threshold), level) for level in levels]
    print(f"Limiter(threshold_db={threshold:.0f}):", ", ".join(f"{value:.2f}" for value in out))
    assert abs(out[0] - levels[0] - (3.75 - threshold)) < 0.1, "a gain of 3.75 dB - threshold"
    assert max(out) < 0.01
out = [peak_db(pedalboard.Compressor(threshold_db=-10.0, ratio=20.0), level) for level in levels]
print("Compressor(threshold_db=-10, ratio=20):", ", ".join(f"{value:.2f}" for value in out))
assert max(abs(out[k] - levels[k]) for k in range(3)) < 0.05
assert abs(peak_db(pedalboard.Limiter(), -12)) < 0.01, "the default threshold is -10"
PY
echo "As written in this script."
