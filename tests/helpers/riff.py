"""WAV files built chunk by chunk, so that every field can be wrong."""

from __future__ import annotations

import struct

GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    """Return a chunk with its padding byte; ``size`` is what it says about itself."""
    return name + struct.pack("<I", len(content) if size is None else size) + content + b"\0" * (len(content) % 2)


def fmt(tag: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16, frame_bytes: int | None = None) -> bytes:
    """Return a format chunk of 16 bytes."""
    size = channels * bits // 8 if frame_bytes is None else frame_bytes
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * size % 2**32, size, bits))


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    """Return a WAV file of the chunks; ``size`` is what it says about itself."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body
