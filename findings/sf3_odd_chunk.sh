#!/usr/bin/env bash
# Where do the tables of a compressed SoundFont (.sf3) begin?
#
# Guess:  as in every RIFF file: behind the sample chunk, and where that has an odd length, one empty byte later.
# Found:  in FluidR3Mono_GM.sf3 the sample chunk has an odd length (Ogg streams end where they like) and nothing behind it:
#         a reader that goes by RIFF's rule is a byte late, finds a chunk called "IST~", and no instrument. In .sf2 files this
#         cannot happen, since 16-bit samples have an even length. A sample header's start and end count bytes of that chunk;
#         its loop counts frames from the sample's own beginning, though the specification of SoundFont 2 counts both in one
#         way.
# Seen:   2026-11-29, Debian's fluidr3mono-gm-soundfont 2.315-7, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq fluidr3mono-gm-soundfont=2.315-7 2>/dev/null
dpkg-deb -x fluidr3mono-gm-soundfont_*.deb package

"${PYTHON:-python3}" - "$(find package -name 'FluidR3Mono_GM.sf3' -type f)" <<'PY'
import struct
import sys

data = open(sys.argv[1], "rb").read()


def tables(padded):
    """Return the chunks by name, walking the file with or without a byte behind chunks of odd length."""
    place, chunks = 12, {}
    while place + 8 <= len(data):
        name, size = data[place : place + 4], struct.unpack("<I", data[place + 4 : place + 8])[0]
        if name == b"LIST":
            place += 12
            continue
        chunks[name] = (place + 8, size)
        place += 8 + size + (size & 1 if padded else 0)
    return chunks


by_rule, as_written = tables(True), tables(False)
size = as_written[b"smpl"][1]
print(f"sample chunk: {size} bytes; by RIFF's rule then {list(by_rule)[-1]!r}, as written {list(as_written)[-1]!r}")
assert size % 2 == 1
assert b"shdr" not in by_rule and b"shdr" in as_written
offset, length = as_written[b"shdr"]
rows = [struct.unpack("<20sIIIIIBbHH", data[offset + i : offset + i + 46]) for i in range(0, length - 46, 46)]
name, start, end, first, last = rows[0][:5]
print(f"first sample {name.rstrip(bytes(1))!r}: bytes {start} to {end}, loop {first} to {last}; kind {rows[0][9]}")
begin = as_written[b"smpl"][0]
assert all(data[begin + r[1] : begin + r[1] + 4] == b"OggS" for r in rows if r[9] & 16 and r[2] > r[1])
inside = sum(r[3] >= r[1] and r[4] <= r[2] and r[1] > 0 for r in rows)
print(f"of {len(rows)} loops {inside} would lie inside their sample if they were counted as its start and end are")
assert inside < 0.1 * len(rows)
PY
echo "as seen"
