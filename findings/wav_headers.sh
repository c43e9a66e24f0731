#!/usr/bin/env bash
# What do four readers make of WAV files as pipes, recorders that were cut off, and `cat` leave them?
#
# Guess:  readers differ in the encodings they know, not in how much of a plain 16-bit file they give; what they cannot read
#         they refuse.
# Found:  - data size 0 (a recorder without power, some pipes): soundfile returns no samples and no error, PyAV (FFmpeg) reads
#           all, scipy ends in an UnboundLocalError, the standard library's wave in its own error;
#         - a second chunk of data, or a second file behind the first: soundfile refuses with "Internal error : SF_INFO struct
#           incomplete", the others give the first half in silence;
#         - a RIFF size that is too small (header written before the data): wave gives the .06 s it covers, in silence;
#         - a chunk of odd length without its padding byte, as many taggers write it: none reads it;
#         - ADPCM is longer than what was written by the padding of its last block, though the `fact` chunk, which soundfile
#           itself wrote, has the right count.
# Seen:   2026-11-28, soundfile 0.14.0 (libsndfile 1.2.2), PyAV 18.1.0, scipy 1.17.1, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" --quiet --disable-pip-version-check install soundfile==0.14.0 av==18.1.0 scipy==1.17.1 numpy==2.4.6 2>/dev/null

cat >"$work/headers.py" <<'PY'
import io
import struct
import warnings
import wave

import av
import numpy as np
import soundfile
from scipy.io import wavfile

warnings.simplefilter("ignore")
RATE = 8000
TONE = 0.3 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)


def encoded(subtype, length=4 * RATE):
    file = io.BytesIO()
    soundfile.write(file, TONE[:length], RATE, subtype=subtype, format="WAV")
    return file.getvalue()


def with_size(data, size):
    place = data.index(b"data") + 4
    riff = b"\xff\xff\xff\xff" if size else bytes(4)
    return data[:4] + riff + data[8:place] + struct.pack("<I", size) + data[place + 4 :]


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content


pcm = encoded("PCM_16")
header, samples = pcm[:36], pcm[44:]
half = len(samples) // 2
FILES = {
    "as it should be": pcm,
    "data size ffffffff": with_size(pcm, 0xFFFFFFFF),
    "data size 0": with_size(pcm, 0),
    "24 bits, data size 0": with_size(encoded("PCM_24"), 0),
    "two chunks of data": header + chunk(b"data", samples[:half]) + chunk(b"data", samples[half:]),
    "two files of 4 s": pcm + pcm,
    "RIFF size too small": pcm[:4] + struct.pack("<I", 1000) + pcm[8:],
    "odd chunk, unpadded": header + chunk(b"LIST", b"INFOabc") + chunk(b"data", samples),
    "ADPCM of 3.888 s": encoded("MS_ADPCM", 31100),
}


def by_av(name):
    with av.open(name) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def by_wave(name):
    with wave.open(name) as file:
        return len(file.readframes(10**9)) // file.getsampwidth()


READERS = {
    "soundfile": lambda name: len(soundfile.read(name)[0]),
    "av": by_av,
    "scipy": lambda name: len(wavfile.read(name)[1]),
    "wave": by_wave,
}
for name, data in FILES.items():
    with open("a.wav", "wb") as file:
        file.write(data)
    answers = []
    for reader, read in READERS.items():
        try:
            answers.append(f"{reader} {read('a.wav') / RATE:.3f} s")
        except Exception as error:
            answers.append(f"{reader} {type(error).__name__}")
    print(f"{name}: {', '.join(answers)}")
PY

(cd "$work" && venv/bin/python headers.py 2>/dev/null) | tee "$work/seen"
diff - "$work/seen" <<'TXT' && echo "As written in this script."
as it should be: soundfile 4.000 s, av 4.000 s, scipy 4.000 s, wave 4.000 s
data size ffffffff: soundfile 4.000 s, av 4.000 s, scipy 4.000 s, wave 4.000 s
data size 0: soundfile 0.000 s, av 4.000 s, scipy UnboundLocalError, wave Error
24 bits, data size 0: soundfile 0.000 s, av 4.000 s, scipy UnboundLocalError, wave Error
two chunks of data: soundfile LibsndfileError, av 2.000 s, scipy 2.000 s, wave 2.000 s
two files of 4 s: soundfile LibsndfileError, av 4.000 s, scipy 4.000 s, wave 4.000 s
RIFF size too small: soundfile 4.000 s, av 4.000 s, scipy 4.000 s, wave 0.060 s
odd chunk, unpadded: soundfile LibsndfileError, av InvalidDataError, scipy UnboundLocalError, wave RuntimeError
ADPCM of 3.888 s: soundfile 3.938 s, av 3.938 s, scipy ValueError, wave Error
TXT
