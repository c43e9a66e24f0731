"""WAV files whose headers libsndfile does not take as they are, and its samples nevertheless.

The header is read by `irmas_tf.streaming_wav`, which a device needs as well; integers, floats, mu-law and A-law are
decoded by its neighbour. Compressed samples (ADPCM, GSM) libsndfile gets from `CorrectedWav`, a file in memory with a
header as it should be in front of the data.
"""

from __future__ import annotations

import io
import struct
from typing import TypeGuard

from irmas_tf.streaming_samples import read_frames
from irmas_tf.streaming_wav import A_LAW, FLOAT, MU_LAW, PCM, WavHeader, read_wav_header

__all__ = ["CorrectedWav", "WavHeader", "is_read_here", "read_frames", "read_wav_header", "subtype", "true_frames"]


_IN_BLOCKS = (0x02, 0x11, 0x31)  # both kinds of ADPCM, and GSM
_SUBTYPES = {PCM: {1: "PCM_U8", 2: "PCM_16", 3: "PCM_24", 4: "PCM_32"}, FLOAT: {4: "FLOAT", 8: "DOUBLE"},
             MU_LAW: {1: "ULAW"}, A_LAW: {1: "ALAW"}}  # fmt: skip


def is_read_here(header: WavHeader | None, fast: bool = True) -> TypeGuard[WavHeader]:
    """Return whether the package itself reads the samples: where others may misread them, and 16 bits if ``fast``."""
    if header is None or not header.sample_bytes:
        return False
    return not header.is_plain or (fast and header.is_pcm16)


def subtype(header: WavHeader) -> str:
    """Return libsndfile's name of an encoding that is read here."""
    return _SUBTYPES[header.tag][header.sample_bytes]


def true_frames(frames: int, header: WavHeader | None) -> int:
    """Return the length of a compressed WAV file if a decoder counts ``frames``, which may be padding in the end."""
    if header is None or header.sample_bytes or not header.present_frames or not header.fact_frames:
        return frames
    padding = frames - header.fact_frames
    return header.fact_frames if 0 <= padding < frames // header.present_frames else frames


class CorrectedWav(io.RawIOBase):
    """The sound of a WAV file behind a header without oddities, to be read by another decoder.

    Args:
        file: the open file, which must stay open; its position is changed.
        header: of that file.
    """

    def __init__(self, file: io.FileIO, header: WavHeader) -> None:
        self._file, self._position = file, 0
        left = sum(length for _, length in header.parts)
        if header.tag in _IN_BLOCKS:  # of a piece of a block, decoders make noise
            left -= left % header.frame_bytes
        order = ">" if header.big_endian else "<"
        size = min(left, 0xFFFFFFFF - (1 << 20))
        start = (
            struct.pack(f"{order}4sI4s4sI", b"RIFX" if header.big_endian else b"RIFF",
                        20 + len(header.fmt) + len(header.fmt) % 2 + size, b"WAVE", b"fmt ", len(header.fmt))
            + header.fmt + bytes(len(header.fmt) % 2) + struct.pack(f"{order}4sI", b"data", size)
        )  # fmt: skip
        self._pieces: list[tuple[int, int, int]] = []  # where it is here, in the file, and its length
        self._start, self._size = start, len(start)
        for offset, length in header.parts:
            length = min(length, left)
            self._pieces.append((self._size, offset, length))
            self._size += length
            left -= length

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position and return it."""
        base = (0, self._position, self._size)[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer from the position on and return how many bytes there were."""
        target, filled = memoryview(buffer).cast("B"), 0
        if self._position < len(self._start):
            filled = min(len(target), len(self._start) - self._position)
            target[:filled] = self._start[self._position : self._position + filled]
            self._position += filled
        for here, offset, length in self._pieces:
            count = min(len(target) - filled, here + length - self._position)
            if count <= 0 or self._position < here:
                continue
            self._file.seek(offset + self._position - here)
            count = self._file.readinto(target[filled : filled + count]) or 0
            filled += count
            self._position += count
        return filled
