"""Small audio files and seeded ways of damaging them."""

from __future__ import annotations

import io
import random
import struct
from fractions import Fraction

import av
import numpy as np
import soundfile

SECONDS = 0.3
_NUMBERS = (0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0xFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WAV_FIELDS = ((4, 4), (16, 4), (20, 2), (22, 2), (24, 4), (28, 4), (32, 2), (34, 2), (36, 4), (40, 4))
_FORMATS = [
    ("wav", "WAV", "PCM_16", 8000, 1),
    ("wav", "WAV", "PCM_16", 11025, 2),
    ("wav", "WAVEX", "PCM_24", 8000, 2),
    ("wav", "WAV", "FLOAT", 8000, 1),
    ("wav", "WAV", "PCM_U8", 22050, 1),
    ("wav", "WAV", "IMA_ADPCM", 8000, 1),
    ("flac", "FLAC", "PCM_16", 8000, 1),
    ("flac", "FLAC", "PCM_24", 16000, 2),
    ("ogg", "OGG", "VORBIS", 8000, 1),
    ("ogg", "OGG", "VORBIS", 22050, 2),
    ("mp3", "MP3", "MPEG_LAYER_III", 16000, 1),
    ("mp3", "MP3", "MPEG_LAYER_III", 44100, 2),
    ("aiff", "AIFF", "PCM_16", 8000, 2),
    ("caf", "CAF", "PCM_16", 8000, 1),
    ("w64", "W64", "PCM_16", 8000, 1),
]  # fmt: skip
_FFMPEG_FORMATS = [
    ("m4a", "ipod", "aac", 16000, 1),
    ("m4a", "ipod", "alac", 44100, 2),
    ("opus", "opus", "libopus", 48000, 1),
    ("mka", "webm", "libopus", 48000, 2),
    ("mka", "matroska", "flac", 16000, 1),
    ("aac", "adts", "aac", 16000, 1),
    ("wv", "wv", "wavpack", 8000, 1),
    ("tta", "tta", "tta", 8000, 1),
    ("wma", "asf", "wmav2", 16000, 1),
]  # fmt: skip


def base_files() -> list[tuple[str, bytes]]:
    """Return (suffix, content) of good files."""
    rng = np.random.default_rng(0)
    files = []
    for suffix, format, subtype, rate_hz, channels in _FORMATS:
        samples = 0.3 * rng.standard_normal([round(SECONDS * rate_hz), channels]).clip(-3, 3)
        content = io.BytesIO()
        soundfile.write(content, samples, rate_hz, subtype, format=format)
        files.append((suffix, content.getvalue()))
    for suffix, format, codec, rate_hz, channels in _FFMPEG_FORMATS:
        samples = 0.3 * rng.standard_normal([channels, round(SECONDS * rate_hz)]).clip(-3, 3)
        files.append((suffix, _encoded(samples.astype(np.float32), format, codec, rate_hz)))
    return files


def _encoded(samples: np.ndarray, format: str, codec: str, rate_hz: int) -> bytes:
    """Return float32 samples [channels, frames] in a format of FFmpeg."""
    layout = "mono" if len(samples) == 1 else "stereo"
    content = io.BytesIO()
    with av.open(content, "w", format=format) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout)
        stream.bit_rate = 64000
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return content.getvalue()


def _ogg_crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def _repair_ogg(data: bytearray, most_pages: int = 3) -> None:
    """Make the checksums of the first pages right again, so that decoders look at the damage behind them (RFC 3533)."""
    position = 0
    for _ in range(most_pages):
        if data[position : position + 4] != b"OggS" or len(data) < position + 27:
            return
        segments = data[position + 26]
        end = position + 27 + segments + sum(data[position + 27 : position + 27 + segments])
        data[position + 22 : position + 26] = bytes(4)
        data[position + 22 : position + 26] = struct.pack("<I", _ogg_crc(bytes(data[position:end])))
        position = end


def _flip_bytes(data: bytearray, rng: random.Random, within: int) -> None:
    for _ in range(rng.choice((1, 2, 5, 20))):
        data[rng.randrange(min(within, len(data)))] = rng.randrange(256)


def _set_field(data: bytearray, rng: random.Random) -> None:
    """Set a number in the header, where fields are, to an extreme."""
    width = rng.choice((1, 2, 4, 8))
    position = rng.randrange(4, min(120, len(data) - width))
    if rng.random() < 0.5:
        position &= ~1
    value = rng.choice(_NUMBERS) & ((1 << 8 * width) - 1)
    data[position : position + width] = value.to_bytes(width, rng.choice(("little", "big")))


def _set_wav_field(data: bytearray, rng: random.Random) -> None:
    """Set a field of the canonical RIFF header to an extreme: sizes, format tag, channels, rate, alignment, bits."""
    position, width = rng.choice(_WAV_FIELDS)
    value = rng.choice((*_NUMBERS, 8000, 192000, 384000)) & ((1 << 8 * width) - 1)
    data[position : position + width] = value.to_bytes(width, "little")


def mutate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Return a damaged copy of ``data``; ``other`` is another file that parts may be taken from."""
    out = bytearray(data)
    kind = rng.randrange(8)
    if kind == 0:
        _flip_bytes(out, rng, len(out))
    elif kind == 1:
        _flip_bytes(out, rng, 100)
    elif kind == 2:
        del out[rng.randrange(len(out)) :]
    elif kind == 3:
        start = rng.randrange(len(out))
        del out[start : start + rng.choice((1, 3, 16, 300))]
    elif kind == 4:
        start, source = rng.randrange(len(out)), rng.randrange(len(other))
        out[start:start] = other[source : source + rng.choice((1, 4, 64, 2000))]
    elif kind == 5:
        out = bytearray(data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :])
    elif kind == 6 and data[:4] == b"RIFF":
        _set_wav_field(out, rng)
    else:
        for _ in range(rng.choice((1, 1, 3))):
            _set_field(out, rng)
    if data[:4] == b"OggS" and rng.random() < 0.7:
        _repair_ogg(out)
    return bytes(out)
