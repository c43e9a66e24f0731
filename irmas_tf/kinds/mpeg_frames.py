"""Frames of MPEG audio (MP1, MP2, MP3) and of AAC streams (ADTS), found among other bytes.

Eleven bits mark a frame, which chance sets once in two thousand bytes; a stream is believed when each of several
frames ends where the next one begins.

Source: ISO/IEC 11172-3, 13818-3 and 13818-7; MPEG 2.5 is Fraunhofer's extension.
"""

from __future__ import annotations

_FRAMES = 4
_MOST_TRIES = 2000
_SHORTEST, _LONGEST = 24, 2881  # bytes of a frame of free format; 640 kbit/s at 32 kHz is the most
# kbit/s by index 1 to 14.
_RATES_1 = {
    1: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_RATES_2 = {
    1: (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_2[3] = _RATES_2[2]
_SAMPLE_RATES_HZ = (44100, 48000, 32000)


def find_mpeg_audio(data: bytes) -> str | None:
    """Return "MP3", "MP2", "MP1" or "AAC (ADTS)" if a stream of frames begins in the bytes, else None.

    Args:
        data: some thousand bytes; a stream whose frames reach to their end counts with two frames.
    """
    place = data.find(b"\xff")
    while 0 <= place < len(data) - 7:
        first = mpeg_frame(data, place)
        if first and _goes_on(data, place, first[0]):
            return first[0]
        place = data.find(b"\xff", place + 1)
    return None


def is_free_format(data: bytes) -> bool:
    """Return whether a stream of MP3 in free format begins in the bytes.

    Its frames do not state their length, which is the same for all, but for a byte of padding; so their headers must
    repeat at one distance.

    Args:
        data: some thousand bytes.
    """
    place, tries = data.find(b"\xff"), 0
    while 0 <= place < len(data) - 4 * _SHORTEST and tries < _MOST_TRIES:
        second, third = data[place + 1], data[place + 2]
        if second & 0xE6 == 0xE2 and second >> 3 & 3 != 1 and third & 0xF0 == 0 and third >> 2 & 3 != 3:
            following = place + _SHORTEST
            limit = min(len(data), place + _LONGEST)
            while (following := data.find(data[place : place + 2], following, limit)) >= 0:
                if _repeats_freely(data, place, following - place - (third >> 1 & 1)):
                    return True
                following, tries = following + 1, tries + 1
        place = data.find(b"\xff", place + 1)
    return False


def _repeats_freely(data: bytes, place: int, length: int) -> bool:
    """Return whether headers like that at ``place`` follow each other at a distance of ``length`` and their padding."""
    head, count = (data[place + 1], data[place + 2] & 0xFD), 0
    while count < _FRAMES and place + 3 < len(data):
        if data[place] != 0xFF or (data[place + 1], data[place + 2] & 0xFD) != head:
            return False
        place += length + (data[place + 2] >> 1 & 1)
        count += 1
    return count == _FRAMES


def _goes_on(data: bytes, place: int, name: str) -> bool:
    """Return whether frames of this kind follow each other from ``place``."""
    count = 0
    while count < _FRAMES and place < len(data) - 7:
        frame = mpeg_frame(data, place)
        if frame is None or frame[0] != name:
            return False
        place += frame[1]
        count += 1
    return count >= 2


def mpeg_frame(data: bytes, place: int) -> tuple[str, int] | None:
    """Return (kind, length in bytes) of the frame whose header is at ``place``, with three bytes behind it, or None."""
    second, third = data[place + 1], data[place + 2]
    if data[place] != 0xFF or second & 0xE0 != 0xE0:
        return None
    if second & 0xF6 == 0xF0:
        length = (data[place + 3] & 3) << 11 | data[place + 4] << 3 | data[place + 5] >> 5
        return ("AAC (ADTS)", length) if length >= 7 and third >> 2 & 15 < 13 else None
    version, layer = second >> 3 & 3, 4 - (second >> 1 & 3)  # version 3 is MPEG 1, 2 MPEG 2, 0 MPEG 2.5
    rate_index, hz_index = third >> 4, third >> 2 & 3
    if version == 1 or layer == 4 or rate_index in (0, 15) or hz_index == 3:
        return None
    rate = 1000 * (_RATES_1 if version == 3 else _RATES_2)[layer][rate_index - 1]
    hz = _SAMPLE_RATES_HZ[hz_index] // (1 if version == 3 else 2 if version == 2 else 4)
    padding = third >> 1 & 1
    if layer == 1:
        return "MP1", (12 * rate // hz + padding) * 4
    return f"MP{layer}", (72 if layer == 3 and version != 3 else 144) * rate // hz + padding
