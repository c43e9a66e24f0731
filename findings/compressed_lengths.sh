#!/usr/bin/env bash
# How much of a valid compressed file do soundfile (libsndfile) and PyAV (FFmpeg) decode, and what length do they announce?
#
# Guess:  soundfile.read gives the whole file; where it cannot know the length beforehand it reads to the end, or warns.
# Found:  in silence, and with `info` and `blocks` in agreement with each other, soundfile gives a part only of
#         - MP3 of variable bit rate without a Xing frame (as pipes and many recorders write it): it estimates the length from
#           the first frames and stops there (4.3 of 20 s here);
#         - joined MP3 files and chained Ogg Vorbis or Opus (radio recordings, `cat`): the first part.
#         A FLAC stream of unknown length (total samples 0, which the format allows) is announced as 2^63 - 1 frames and
#         refused with errors about array sizes and seeking.
#         PyAV decodes all of them to the end, but its container.duration is wrong for each (27.3 s for the 20 s of MP3, the last
#         link's length for a chained Ogg, none for the FLAC), and chained Vorbis comes out 320 samples longer than its parts,
#         joined MP3s with the second file's encoder delay and padding in the middle.
# Seen:   2026-11-28, soundfile 0.14.0 (libsndfile 1.2.2), PyAV 18.1.0, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" --quiet --disable-pip-version-check install soundfile==0.14.0 av==18.1.0 numpy==2.4.6 2>/dev/null

cat >"$work/lengths.py" <<'PY'
import av
import numpy as np
import soundfile

RATE = 48000


def tone(seconds):
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def joined(name, format, subtype):
    parts = []
    for seconds in (1.0, 2.0):
        soundfile.write(f"part_{name}", tone(seconds), RATE, format=format, subtype=subtype)
        parts.append(open(f"part_{name}", "rb").read())
    open(name, "wb").write(b"".join(parts))


def without_first_frame(source, name):
    data = open(source, "rb").read()
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    frame = 144000 * rates[data[2] >> 4] // RATE + (data[2] >> 1 & 1)
    open(name, "wb").write(data[frame:])


joined("chained_vorbis.ogg", "OGG", "VORBIS")
joined("chained_opus.ogg", "OGG", "OPUS")
joined("joined.mp3", "MP3", "MPEG_LAYER_III")
noise = np.random.default_rng(0).standard_normal(10 * RATE).astype(np.float32)
quiet_then_dense = np.concatenate([tone(10.0), 0.3 * noise])
soundfile.write("vbr.mp3", quiet_then_dense, RATE, subtype="MPEG_LAYER_III", bitrate_mode="VARIABLE", compression_level=0.5)
without_first_frame("vbr.mp3", "vbr_without_xing.mp3")
soundfile.write("known.flac", tone(20.0), RATE)
data = bytearray(open("known.flac", "rb").read())
data[21] &= 0xF0  # the 36 bits of the stream's total samples
data[22:26] = bytes(4)
open("unknown_length.flac", "wb").write(data)

for name, truth in (
    ("vbr.mp3", 20), ("vbr_without_xing.mp3", 20), ("joined.mp3", 3), ("chained_vorbis.ogg", 3), ("chained_opus.ogg", 3),
    ("unknown_length.flac", 20),
):
    announced = soundfile.info(name).frames
    try:
        read = f"{len(soundfile.read(name)[0]) / RATE:.2f} s"
    except ValueError as error:
        read = type(error).__name__
    with av.open(name) as container:
        duration = container.duration
        decoded = sum(frame.samples for frame in container.decode(audio=0)) / RATE
    said = f"{announced / RATE:.2f} s" if announced < 2**62 else f"{announced} frames"
    of_container = "none" if duration is None else f"{duration / 1e6:.2f} s"
    print(f"{name}: {truth} s; soundfile announces {said}, reads {read}; PyAV announces {of_container}, decodes {decoded:.2f} s")
PY

(cd "$work" && venv/bin/python lengths.py 2>/dev/null) | tee "$work/seen"
diff - "$work/seen" <<'TXT' && echo "As written in this script."
vbr.mp3: 20 s; soundfile announces 20.00 s, reads 20.00 s; PyAV announces 20.00 s, decodes 20.00 s
vbr_without_xing.mp3: 20 s; soundfile announces 4.30 s, reads 4.30 s; PyAV announces 27.28 s, decodes 20.04 s
joined.mp3: 3 s; soundfile announces 1.00 s, reads 1.00 s; PyAV announces 2.75 s, decodes 3.07 s
chained_vorbis.ogg: 3 s; soundfile announces 1.00 s, reads 1.00 s; PyAV announces 2.00 s, decodes 3.01 s
chained_opus.ogg: 3 s; soundfile announces 1.00 s, reads 1.00 s; PyAV announces 2.01 s, decodes 3.00 s
unknown_length.flac: 20 s; soundfile announces 9223372036854775807 frames, reads ValueError; PyAV announces none, decodes 20.00 s
TXT
