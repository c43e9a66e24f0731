#!/usr/bin/env bash
# How much quieter does tinysoundfont play a note of half the velocity, or a channel of half the volume, than the SoundFont standard says?
#
# Guess:  as quiet as the standard's modulators make it: 40 log10(127 / value) dB for velocity, channel volume and expression alike, 11.9 dB at 64.
# Found:  6.0 dB for velocity (20 log10) and 17.7 dB for volume or expression (60 log10). So the dynamics of a score shrink to half as many
#         decibels, and a part that is mixed by its channel volume lies 6 dB too low: music for training that is rendered by it has another
#         balance than the same files in FluidSynth. Pitch is right. (FluidSynth 2.3.1, asked beside it and not by this script, does as
#         the standard says; between instruments at the same velocity, the trumpet of the same bank was 8 dB louder against its piano in tinysoundfont.)
# Seen:   2026-12-01, tinysoundfont 0.3.7 with TimGM6mb.sf2 of pretty_midi 0.2.11, Linux x86-64, Python 3.11. The standard: SoundFont 2.04,
#         section 8.4, default modulators 1, 5 and 8.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
# Without what they depend on: playing through a sound card is not asked for.
"$work/env/bin/pip" --quiet --disable-pip-version-check install --no-deps tinysoundfont==0.3.7 pretty_midi==0.2.11 numpy==2.4.6 2>/dev/null
"$work/env/bin/python" - <<'PY'
import importlib.util
from pathlib import Path

import numpy as np
import tinysoundfont

bank = Path(importlib.util.find_spec("pretty_midi").origin).with_name("TimGM6mb.sf2")
RATE, TRUMPET, VOLUME, EXPRESSION = 44100, 56, 7, 11


def play(velocity=127, controls=()):
    synth = tinysoundfont.Synth(samplerate=RATE)
    synth.program_select(0, synth.sfload(str(bank)), 0, TRUMPET)
    for control, value in controls:
        synth.control_change(0, control, value)
    synth.noteon(0, 69, velocity)
    return np.frombuffer(synth.generate(RATE), dtype=np.float32)[RATE // 5 :]


def decibels(quiet, loud):
    return 20 * np.log10(np.std(quiet) / np.std(loud))


print("value  standard  velocity  volume  expression")
for value in (100, 64, 32):
    standard = 40 * np.log10(value / 127)
    velocity = decibels(play(value), play(127))
    volume, expression = (decibels(play(controls=[(c, value)]), play(controls=[(c, 127)])) for c in (VOLUME, EXPRESSION))
    print(f"{value:5} {standard:8.1f} {velocity:9.1f} {volume:8.1f} {expression:9.1f}  dB")
    assert abs(velocity - standard / 2) < 0.3 and abs(volume - 1.5 * standard) < 0.8 and abs(expression - volume) < 0.1
PY
echo "As written in this script."
