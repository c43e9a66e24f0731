"""Whole frames of a FLAC packet that fails as a whole.

FFmpeg's parser leaves what is behind the last frame, tags or other bytes, in its packet, and joins damaged frames with
their neighbours. PyAV before 18, the newest for Python 3.10, throws away what was decoded before the failure.

Source: RFC 9639 (FLAC), section 9.3.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any

from irmas_tf.audio.av_file import import_av

_LEAST_FRAME_BYTES = 10
_POLYNOMIAL = 0x8005


def whole_flac_frames(codec: Any, packet: Any) -> list[Any]:
    """Return the decoded frames that a failed FLAC packet begins with.

    A frame ends where its checksum, which is its last two bytes, brings the sum over all of it to 0.

    Args:
        codec: PyAV's decoder of the stream; of another codec than FLAC nothing is returned.
        packet: the packet.
    """
    if codec.name != "flac":
        return []
    av, data, table = import_av(), bytes(packet), _crc16_table()
    frames: list[Any] = []
    start = checksum = 0
    for end, value in enumerate(data, 1):
        checksum = (checksum << 8 & 0xFFFF) ^ table[checksum >> 8 ^ value]
        if checksum == 0 and end - start > _LEAST_FRAME_BYTES:
            frame = av.Packet(data[start:end])
            with contextlib.suppress(av.error.FFmpegError):
                if decoded := codec.decode(frame):
                    frames += decoded
                    start = end
    return frames


@functools.cache
def _crc16_table() -> list[int]:
    """Return what each byte adds to a CRC-16."""
    table = []
    for value in range(256):
        rest = value << 8
        for _ in range(8):
            rest = (rest << 1 ^ (_POLYNOMIAL if rest & 0x8000 else 0)) & 0xFFFF
        table.append(rest)
    return table
