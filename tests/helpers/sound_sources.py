"""Sound sources of a few notes: SoundFonts, compressed ones, and Gravis patches, built field by field."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np


def chunk(tag: bytes, data: bytes) -> bytes:
    return tag + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def make_sf2(
    generators: list[tuple[int, int]],
    samples: np.ndarray,
    loop: tuple[int, int],
    preset=(),
    ogg: bytes = b"",
    padded=True,
) -> bytes:
    """Return a SoundFont with one preset (bank 0, program 5) of one zone.

    Args:
        generators: of the instrument's zone.
        samples: int16 at 22050 Hz.
        loop: in samples.
        preset: generators of the preset's zone.
        ogg: the sample in Ogg Vorbis: the file is a compressed SoundFont.
        padded: whether an odd sample chunk is followed by RIFF's empty byte.
    """
    zone = [*generators, (53, 0)]
    pgen = [*preset, (41, 0)]
    header, kind = struct.Struct("<20sHHHIII"), 17 if ogg else 1
    pdta = (
        chunk(b"phdr", header.pack(b"One", 5, 0, 0, 0, 0, 0) + header.pack(b"EOP", 0, 0, 1, 0, 0, 0))
        + chunk(b"pbag", struct.pack("<HHHH", 0, 0, len(pgen), 0))
        + chunk(b"pgen", b"".join(struct.pack("<HH", n, a & 0xFFFF) for n, a in pgen) + bytes(4))
        + chunk(b"inst", struct.pack("<20sH", b"I", 0) + struct.pack("<20sH", b"EOI", 1))
        + chunk(b"ibag", struct.pack("<HHHH", 0, 0, len(zone), 0))
        + chunk(b"igen", b"".join(struct.pack("<HH", n, a & 0xFFFF) for n, a in zone) + bytes(4))
        + chunk(b"shdr", struct.pack("<20sIIIIIBbHH", b"S", 0, len(ogg or samples), *loop, 22050, 69, -7, 0, kind)
                + struct.pack("<20sIIIIIBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0))
    )  # fmt: skip
    smpl = chunk(b"smpl", ogg or samples.astype("<i2").tobytes())
    if not padded:
        smpl = smpl[: 8 + len(ogg)]
    body = b"sfbk" + b"LIST" + struct.pack("<I", 4 + len(smpl)) + b"sdta" + smpl + chunk(b"LIST", b"pdta" + pdta)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def as_ogg(samples: np.ndarray, rate: int = 22050) -> bytes:
    """Return int16 samples in Ogg Vorbis."""
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, samples.astype(np.float32) / 32768, rate, format="OGG", subtype="VORBIS")
    return stream.getvalue()


def make_pat(
    samples: np.ndarray, *, rate=22050, root_hz=220.0, keys_hz=(100.0, 1000.0), loop=(0, 0), modes=1,
    rates=(63,) * 6, levels=(246, 246, 246, 0, 0, 0), count=1,
) -> bytes:  # fmt: skip
    """Return a Gravis patch that holds the same sample ``count`` times; ``loop`` counts bytes, as in the file."""
    head = struct.pack("<12s10s60sBBBHHI36s", b"GF1PATCH110", b"ID#000002", b"made", 1, 14, 0, count, 127, 0, b"")
    head += struct.pack("<H16sIB40s", 0, b"made", 0, 1, b"") + struct.pack("<BBIB40s", 0, 0, 0, count, b"")
    data = samples.tobytes()
    one = struct.pack(
        "<7sBIIIHIIIhB6B6B3B3BBhH36s", b"one", 0, len(data), *loop, rate, *(round(1000 * f) for f in keys_hz),
        round(1000 * root_hz), 1, 7, *rates, *levels, 0, 0, 0, 0, 0, 0, modes, 60, 1024, b"",
    )  # fmt: skip
    return head + (one + data) * count


def make_patches(folder: Path, programs: tuple[int, ...], drums: tuple[int, ...] = (36, 38, 42)) -> Path:
    """Write a folder of patches, sawtooths of a second, and return it."""
    wave = ((np.arange(22050) * 220 / 22050 % 1 - 0.5) * 40000).astype("<i2")
    for place, numbers in (("Tone_000", programs), ("Drum_000", drums)):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            (folder / place / f"{number:03d}_made.pat").write_bytes(
                make_pat(wave, loop=(2 * 11025, 2 * 22025), modes=1 | 4 | 32 | 64)
            )
    return folder
