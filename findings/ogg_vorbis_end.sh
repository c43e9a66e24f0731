#!/usr/bin/env bash
# How long is an Ogg file by FFmpeg: Vorbis clips of some seconds, and chained parts?
#
# Guess:  FFmpeg reads Ogg Vorbis to the sample, as libvorbis does: the last page says how many samples there are. Chained Ogg
#         comes out whole, as long as every part is valid.
# Found:  - where all sound lies in a single page (clips of up to some seconds, fewer the higher the bit rate), FFmpeg counts
#           the first packet, which yields no sound, as sound: it takes 128 or 256 samples too many off the end, or, where the
#           true end falls in the last packet's first half, nothing at all (350 too many here). Time stamps are late by as much;
#         - with more than one page the length is exact;
#         - chained Ogg whose parts differ in rate or channel count is refused as a whole ("Not yet implemented in FFmpeg"),
#           although each part is readable by itself, e.g. through FFmpeg's protocol `subfile`.
# Seen:   2026-11-28, PyAV 18.1.0 (FFmpeg 8.1.2), soundfile 0.14.0 (libsndfile 1.2.2), Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" --quiet --disable-pip-version-check install soundfile==0.14.0 av==18.1.0 numpy==2.4.6 2>/dev/null

cat >"$work/lengths.py" <<'PY'
import sys

import av
import numpy as np
import soundfile

folder = sys.argv[1]


def write(name, seconds, rate, channels=1):
    times = np.arange(round(seconds * rate)) / rate
    samples = np.repeat(0.3 * np.sin(2 * np.pi * 330 * times)[:, None], channels, axis=1)
    soundfile.write(f"{folder}/{name}", samples, rate, format="OGG", subtype="VORBIS")
    return open(f"{folder}/{name}", "rb").read()


def by_av(url):
    try:
        with av.open(url) as container:
            return sum(frame.samples for frame in container.decode(audio=0))
    except av.error.FFmpegError as error:
        return error.strerror


off = {}
for rate, seconds in ((44100, 0.5), (44100, 1.0), (22050, 0.5), (22050, 1.0), (44100, 20.0), (22050, 20.0)):
    content = write("a.ogg", seconds, rate)
    pages = content.count(b"OggS") - 2  # but for the headers
    frames, decoded = len(soundfile.read(f"{folder}/a.ogg")[0]), by_av(f"{folder}/a.ogg")
    assert frames == round(seconds * rate)
    off[rate, seconds] = decoded - frames
    print(f"{rate} Hz, {seconds:4} s, pages of sound {pages:3}: PyAV {decoded} of {frames} samples, {decoded - frames:+d}")
assert off[44100, 0.5] == off[44100, 1.0] == -128 and off[22050, 0.5] == -256 and off[22050, 1.0] > 0
assert off[44100, 20.0] == off[22050, 20.0] == 0

first = write("a.ogg", 20.0, 22050)
for name, second in (("the same rate", write("b.ogg", 20.0, 22050)), ("another rate", write("b.ogg", 20.0, 44100))):
    path = f"{folder}/chained.ogg"
    with open(path, "wb") as file:
        file.write(first + second)
    alone = by_av(f"subfile,,start,{len(first)},end,{len(first + second)},,:{path}")
    whole = by_av(path)
    print(f"chained with a part of {name}: {whole}; the second part alone: {alone}")
    assert isinstance(alone, int)
assert whole == "Not yet implemented in FFmpeg, patches welcome", whole
PY
"$work/venv/bin/python" "$work/lengths.py" "$work"
