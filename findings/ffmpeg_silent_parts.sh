#!/usr/bin/env bash
# How much does PyAV (FFmpeg) decode of MP3 in free format, and of AAC that it wrote into a WAV file itself?
#
# Guess:  free format (frames that leave their bit rate open, ISO/IEC 11172-3) is decoded; what FFmpeg's WAV writer accepts
#         without an error, FFmpeg's WAV reader gives back.
# Found:  - MP3 in free format is "invalid data"; where some bytes look like another format, as in a file of LAME's, the file
#           opens and some milliseconds come out. libsndfile (libmpg123) decodes all of it.
#         - Of AAC in WAV (format tag 0xFF), .07 of 3 s come back: the writer keeps no sizes of packets. The others fail one by
#           one, which a reader that skips bad packets does not notice. The `fact` chunk counts the samples rightly.
#         AAC with ADTS headers in WAV (tag 0x1600) comes back whole.
# Seen:   2026-11-28, PyAV 18.1.0 (FFmpeg 8.1.2), soundfile 0.14.0 (libsndfile 1.2.2), Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" --quiet --disable-pip-version-check install soundfile==0.14.0 av==18.1.0 numpy==2.4.6 2>/dev/null

cat >"$work/parts.py" <<'PY'
import struct

import av
import numpy as np
import soundfile

RATE, SECONDS = 44100, 3.0
times = np.arange(round(SECONDS * RATE)) / RATE
noise = 0.02 * np.random.default_rng(0).standard_normal(len(times))
tone = np.stack([0.3 * np.sin(2 * np.pi * (300 + 200 * times) * times) + noise] * 2).astype(np.float32)


def encode(name, codec, muxer):
    with av.open(name, "w", format=muxer) as container:
        stream = container.add_stream(codec, rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="stereo")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def decoded(name):
    """Seconds that PyAV decodes; packets that fail are left out."""
    samples = failed = 0
    try:
        with av.open(name) as container:
            for packet in container.demux(container.streams.audio[0]):
                try:
                    samples += sum(frame.samples for frame in packet.decode())
                except av.error.FFmpegError:
                    failed += 1
    except (av.error.FFmpegError, IndexError) as error:
        return 0.0, type(error).__name__
    return samples / RATE, f"{failed} packets failed"


# 60 frames of silence of 522 bytes each: MPEG 1, layer 3, bit rate index 0, 44.1 kHz, one channel.
open("free_format.mp3", "wb").write(60 * (bytes([0xFF, 0xFB, 0x00, 0xC0]) + bytes(518)))
encode("aac.wav", "aac", "wav")
encode("aac.aac", "aac", "adts")
adts = open("aac.aac", "rb").read()
fmt = struct.pack("<HHIIHHH", 0x1600, 2, RATE, 16000, 1, 0, 0)
body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(adts)) + adts
open("adts.wav", "wb").write(b"RIFF" + struct.pack("<I", len(body)) + body)

whole = {"free_format.mp3": 60 * 1152 / RATE, "aac.wav": SECONDS, "adts.wav": SECONDS}
got = {}
for name, seconds in whole.items():
    got[name], how = decoded(name)
    print(f"{name:16} {seconds:5.2f} s, PyAV {got[name]:5.2f} s ({how})")
data = open("aac.wav", "rb").read()
fact = struct.unpack_from("<I", data, data.index(b"fact") + 8)[0] / RATE
libsndfile = len(soundfile.read("free_format.mp3")[0]) / RATE
print(f"fact chunk of aac.wav {fact:.2f} s; libsndfile of free_format.mp3 {libsndfile:.2f} s")
print("PyAV", av.__version__, "soundfile", soundfile.__version__, soundfile.__libsndfile_version__)
assert got["free_format.mp3"] < 0.1 and libsndfile > 1.5
assert got["aac.wav"] < 1.0 and fact > 2.9 and got["adts.wav"] > 2.9
PY
cd "$work" && venv/bin/python parts.py
