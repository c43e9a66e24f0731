#!/usr/bin/env bash
# Which of pedalboard's resampling qualities keeps out what the lower rate cannot hold?
#
# Guess:  those named after a windowed sinc do, the longer the better; AudioFile(...).resampled_to(rate), which reads files for a network, is as
#         clean as librosa's or torchaudio's resampling, some 100 dB.
# Found:  Quality.WindowedSinc, the one without a number, has no filter for the lower rate at all: a sine of 6 kHz taken to 8 kHz comes out as
#         one of 2 kHz at its full level, within .2 dB, in the Resample effect and in StreamResampler; Linear dampens it more. Those with a number
#         do filter, by 34 to 69 dB; WindowedSinc8 keeps out more than WindowedSinc16 and 32. The
#         default, WindowedSinc32, leaves the sine's image at -39 dB, far above the noise of 8-bit sound, and resampled_to without a quality is that.
#         soxr's HQ, beside it: below -100 dB. So a network that hears files through resampled_to gets images of the treble that librosa's does not.
# Seen:   2026-11-30, pedalboard 0.9.26, soxr 0.5.0.post1, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
"$work/env/bin/pip" --quiet --disable-pip-version-check install pedalboard==0.9.26 soxr==0.5.0.post1 numpy==2.3.5 2>/dev/null

"$work/env/bin/python" - "$work" <<'PY'
import sys

import numpy as np
import pedalboard
import soxr
from pedalboard.io import AudioFile, StreamResampler

FROM_HZ, TO_HZ = 44100, 8000
sine = (0.5 * np.sin(2 * np.pi * 6000 * np.arange(2 * FROM_HZ) / FROM_HZ)).astype(np.float32)


def image_db(samples, rate_hz):
    """What stands at 2 kHz, relative to the sine."""
    middle = samples[rate_hz // 2 : rate_hz // 2 + rate_hz]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(rate_hz))) * 4 / rate_hz
    return 20 * np.log10(spectrum[2000] / 0.5 + 1e-12)


found = {}
for name, quality in pedalboard.Resample.Quality.__members__.items():
    effect = pedalboard.Resample(TO_HZ, quality=quality)(sine[np.newaxis], FROM_HZ)[0]
    stream = StreamResampler(FROM_HZ, TO_HZ, 1, quality=quality)
    streamed = np.concatenate([stream.process(sine[np.newaxis]), stream.process(None)], axis=1)[0]
    found[name] = image_db(effect, FROM_HZ), image_db(streamed, TO_HZ)
    print(f"{name:16} Resample {found[name][0]:7.1f} dB, StreamResampler {found[name][1]:7.1f} dB")
path = f"{sys.argv[1]}/sine.wav"
with AudioFile(path, "w", FROM_HZ, 1, bit_depth=24) as file:
    file.write(sine[np.newaxis])
with AudioFile(path).resampled_to(TO_HZ) as file:
    read = image_db(file.read(file.frames)[0], TO_HZ)
other = image_db(soxr.resample(sine, FROM_HZ, TO_HZ), TO_HZ)
print(f"AudioFile.resampled_to {read:.1f} dB, soxr HQ {other:.1f} dB")

assert found["WindowedSinc"][0] > -0.5 and found["WindowedSinc"][1] > -0.5
assert found["Linear"][0] < found["WindowedSinc"][0]
assert found["WindowedSinc8"][0] < found["WindowedSinc32"][0] < found["WindowedSinc16"][0]
assert -41 < found["WindowedSinc32"][0] < -36 and -41 < read < -36
assert found["WindowedSinc256"][0] < -60 and other < -100
assert pedalboard.Resample(TO_HZ).quality == pedalboard.Resample.Quality.WindowedSinc32
PY
echo "As written in this script."
