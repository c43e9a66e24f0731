"""The header of a RIFF WAV file: what the fast 16-bit reader needs, and how much data the file promises.

Source: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF), and
WAVEFORMATEXTENSIBLE.
"""

from __future__ import annotations

import dataclasses
import os
import struct
from typing import BinaryIO

_PCM = 1
_EXTENSIBLE = 0xFFFE
_PCM_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
# What programs write that cannot go back to fill in a size: ffmpeg the first, SoX and MPlayer the last. Some leave 0.
_UNKNOWN_SIZES = (0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000)
_MAX_CHUNKS = 64


@dataclasses.dataclass(frozen=True)
class WavHeader:
    """Layout of a WAV file.

    Attributes:
        is_pcm: integer samples (not float, not compressed).
        channels, sample_rate_hz, bits: as the file states them, unchecked.
        frame_bytes: bytes of one sample of all channels.
        data_offset: where the samples begin in the file, bytes.
        promised_frames: frames that the header announces, or None if it leaves the size open.
        present_frames: whole frames between data_offset and the announced or actual end of the file.
    """

    is_pcm: bool
    channels: int
    sample_rate_hz: int
    bits: int
    frame_bytes: int
    data_offset: int
    promised_frames: int | None
    present_frames: int

    @property
    def is_pcm16(self) -> bool:
        """Plain 16-bit integer samples with nothing unusual about them."""
        return self.is_pcm and self.bits == 16 and self.channels >= 1 and self.frame_bytes == 2 * self.channels


def read_wav_header(file: BinaryIO) -> WavHeader | None:
    """Return the header of an open file, or None if it is not a WAV file with a ``fmt`` chunk before its ``data``.

    Args:
        file: seekable binary file; its position is changed.
    """
    file_bytes = os.fstat(file.fileno()).st_size
    file.seek(0)
    start = file.read(12)
    if len(start) < 12 or start[:4] != b"RIFF" or start[8:] != b"WAVE":
        return None
    riff_end = 8 + struct.unpack("<I", start[4:8])[0]
    position, fmt = 12, b""
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        chunk = file.read(8)
        if len(chunk) < 8:
            return None
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        position += 8
        if name == b"data":
            is_open = size in _UNKNOWN_SIZES or (size == 0 and _is_stream(file, riff_end, position, file_bytes))
            return _describe(fmt, position, None if is_open else size, file_bytes)
        if name == b"fmt ":
            fmt = file.read(min(size, 40))
        position += size + size % 2
    return None


def _is_stream(file: BinaryIO, riff_end: int, offset: int, file_bytes: int) -> bool:
    """Return whether a data size of 0 means that the writer never learnt it, and not that there are no samples.

    Then the size of the whole file was not filled in either: it is a placeholder, or ends where the data begin. An
    empty recording has a true one, which may cover metadata behind the data.

    Args:
        file: open WAV file; its position is changed.
        riff_end: where the file ends by the size in its first chunk.
        offset: where the data begin.
        file_bytes: where it does end.
    """
    if riff_end <= offset or riff_end - 8 >= min(_UNKNOWN_SIZES):
        return True
    if riff_end >= file_bytes:
        return False
    # Something follows that the size leaves out; chunks up to there show that it is right nevertheless.
    position = offset
    for _ in range(_MAX_CHUNKS):
        if position >= riff_end:
            break
        file.seek(position)
        chunk = file.read(8)
        position += 8 + struct.unpack("<I", chunk[4:])[0] if len(chunk) == 8 else file_bytes
        position += position % 2
    return position not in (riff_end, riff_end + 1)


def _describe(fmt: bytes, offset: int, size: int | None, file_bytes: int) -> WavHeader | None:
    """Return the header from the bytes of the ``fmt`` chunk and the place and announced size (or None) of the data."""
    if len(fmt) < 16:
        return None
    tag, channels, rate, _, frame_bytes, bits = struct.unpack("<HHIIHH", fmt[:16])
    if frame_bytes == 0:
        return None
    if tag == _EXTENSIBLE and len(fmt) >= 40 and fmt[26:40] == _PCM_GUID_TAIL:
        tag = struct.unpack("<H", fmt[24:26])[0]
        if struct.unpack("<H", fmt[18:20])[0] != bits:
            tag = _EXTENSIBLE  # 12 valid bits in 16, and the like: left to libsndfile
    present = max(0, file_bytes - offset)
    promised = None if size is None else size // frame_bytes
    if size is not None:
        present = min(present, size)
    return WavHeader(tag == _PCM, channels, rate, bits, frame_bytes, offset, promised, present // frame_bytes)
