#!/usr/bin/env bash
# How loud is a clip after audiomentations' reverbs, ApplyImpulseResponse and RoomSimulator?
#
# Guess:  ApplyImpulseResponse convolves: an impulse response of a single 1 changes nothing, a clip of half the level comes out at half the
#         level; where it would clip it is scaled down. RoomSimulator puts a microphone into a room, so levels fall, or change by some dB.
# Found:  ApplyImpulseResponse sets each clip's peak to .5, whatever its level was, and that of the response: a peak of .00005 comes out 80 dB
#         louder. So a Gain before it does nothing, a clip of faint hiss comes out as loud as music, and with p=.5 a network can tell wet clips
#         from dry ones by their peak. With leave_length_unchanged the peak is looked for before the tail is cut, so that a clip
#         whose loudest moment falls into the tail gets less. RoomSimulator scales nothing: its microphone hangs 15 to 35 cm
#         from the source, and a clip comes out 8 to 18 dB louder; one with peaks at .5 reaches 1.2 to 4.4, which int16 cannot hold.
#         The pages of both say nothing of levels. PostGain(reverb, method="same_rms") keeps a clip's level.
# Seen:   2026-12-01, audiomentations 0.43.1, pyroomacoustics 0.10.1, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install \
  audiomentations==0.43.1 pyroomacoustics==0.10.1 soundfile==0.14.0 numpy==2.4.6 2>/dev/null

cd "$work"
"$work/env/bin/python" - 2>/dev/null <<'PY'
import importlib.metadata
import random

import audiomentations
import numpy as np
import soundfile
from audiomentations.core.post_gain import PostGain

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("audiomentations", "pyroomacoustics")))
RATE = 16000
noise = np.clip(0.12 * np.random.default_rng(0).standard_normal(3 * RATE), -0.5, 0.5).astype(np.float32)


def louder(wet, dry):
    return float(20 * np.log10(np.sqrt(np.square(wet, dtype=float).sum() / np.square(dry, dtype=float).sum())))


one = np.zeros(800)
one[0] = 1
late = np.zeros(2 * RATE + 1)
late[0], late[-1] = 0.1, 1  # the direct sound, and a louder echo two seconds on
for name, response in (("one", one), ("half", one / 2), ("late", late)):
    soundfile.write(f"{name}.wav", response, RATE, subtype="FLOAT")

for name in ("one", "half"):
    reverb = audiomentations.ApplyImpulseResponse(f"{name}.wav", p=1.0)
    for level in (0, -20, -80):
        dry = noise * np.float32(10 ** (level / 20))
        wet = reverb(dry, RATE)
        print(f"response '{name}': peak {np.abs(dry).max():.5f} becomes {np.abs(wet).max():.3f}, {louder(wet, dry):+.1f} dB")
        assert abs(np.abs(wet).max() - 0.5) < 1e-3 and abs(louder(wet, dry) + level) < 0.1
chain = audiomentations.Compose([audiomentations.Gain(-40, -40, p=1.0), audiomentations.ApplyImpulseResponse("one.wav", p=1.0)])
print(f"Gain of -40 dB, then the response 'one': {louder(chain(noise, RATE), noise):+.1f} dB")
assert abs(louder(chain(noise, RATE), noise)) < 0.1

beginning = np.where(np.arange(3 * RATE) < RATE, 0, noise)  # a second of silence, then sound: its echo falls behind the end
wet = audiomentations.ApplyImpulseResponse("late.wav", p=1.0)(beginning, RATE)
print(f"response 'late', all of whose echo is cut off: peak {np.abs(wet).max():.3f}")
assert len(wet) == len(noise) and abs(np.abs(wet).max() - 0.05) < 5e-3

for mode in ("absorption", "rt60"):
    gains, peaks = [], []
    for seed in range(20):
        random.seed(seed)
        np.random.seed(seed)
        room = audiomentations.RoomSimulator(p=1.0, leave_length_unchanged=True, calculation_mode=mode)
        wet = room(noise, RATE)
        gains.append(louder(wet, noise))
        peaks.append(float(np.abs(wet).max()))
    print(f"RoomSimulator, {mode}, 20 rooms: {min(gains):+.1f} to {max(gains):+.1f} dB, peaks of .5 become {min(peaks):.2f} to {max(peaks):.2f}")
    assert min(gains) > 6 and 14 < max(gains) < 22 and max(peaks) > 2
kept = PostGain(audiomentations.ApplyImpulseResponse("one.wav", p=1.0), method="same_rms")(noise * np.float32(0.01), RATE)
assert abs(louder(kept, noise * np.float32(0.01))) < 0.01
PY
echo "As written in this script."
