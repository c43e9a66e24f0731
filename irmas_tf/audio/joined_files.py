"""Where the files begin that were joined end to end into one.

Radio recorders, speech services and ``cat`` join MP3, Ogg and FLAC files. Each part has a header, and a decoder that
believes the first one stops early, or hears later headers and delays as sound. So each part is decoded by itself.

Sources: RFC 3533 (Ogg pages, chained streams); the LAME project's "Mp3 Info Tag rev 1" (Xing and Info frames).
"""

from __future__ import annotations

import dataclasses
import io
import os
import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from irmas_tf.kinds.announced_size import asf_bytes, cut_page_bytes, is_followed_by_another, sound_bytes
from irmas_tf.kinds.mpeg_frames import mpeg_frame

_READ_BYTES = 1 << 20
_FIRST_PAGES = (b"OggS\0\x02" + bytes(8),)  # begin a stream; their position is 0
# Kind -> how its files begin: a mark, and what follows at an offset from it.
_HEADS = {
    "FLAC": (b"fLaC", 5, b"\0\0\x22"),
    "TTA": (b"TTA1", 4, b"\1\0"),
    "Flash video": (b"FLV\1", 5, b"\0\0\0\x09\0\0\0\0"),
    "CAF": (b"caff", 4, b"\0\1\0\0desc"),
}
_WAVPACK, _INITIAL_BLOCK = b"wvpk", 0x800
_MP4 = ("MP4", "M4A/MP4", "MOV (QuickTime)", "3GP")
_MOST_BOXES = 100_000
_PAGE_HEADER = 27
_OPEN_SIZE = 0x7FFE0000  # placeholders of programs that cannot go back are above it
_DECODER_DELAY = 529  # samples that an MP3 decoder is late; LAME's tag counts the encoder's alone
_INFO_MARKS = (b"Xing\0\0\0", b"Info\0\0\0")
_SIDE_BYTES = (32, 17, 9, 34, 19, 11)  # between an MP3 frame's header and its tag, the last three with a checksum
_BEFORE_MARK, _BEHIND_MARK = 38, 160
_FRAMES, _BYTES, _TABLE, _QUALITY = 1, 2, 4, 8
# What may stand where an MP3 file has ended by its own count, beside another frame.
_TAILS = re.compile(rb"TAG|APETAGEX|ID3|LYRICS|\0{16}")


@dataclasses.dataclass(frozen=True)
class Part:
    """One of the files that were joined, or a whole file.

    Attributes:
        start, end: its bytes.
        samples: samples of sound that its header announces; None if it announces none.
        delay, padding: samples at its start and its end that are no sound, and that the decoder leaves in.
        has_end: whether it reaches as far as its header says; None if the header does not say.
        cut_bytes: what its header announces beyond its end.
    """

    start: int
    end: int
    samples: int | None = None
    delay: int = 0
    padding: int = 0
    has_end: bool | None = None
    cut_bytes: int = 0

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.end - self.start


def is_whole(parts: list[Part]) -> bool:
    """Return whether the only part is the file."""
    return len(parts) == 1 and parts[0].start == 0


def find_parts(file: BinaryIO | io.FileIO, kind_name: str) -> list[Part]:
    """Return the parts of an open file in their order; its position is changed.

    MP3, Ogg, FLAC and the like are read to their end for it, in some hundredths of the time of decoding.

    Args:
        file: seekable binary file.
        kind_name: what it is, in the words of `irmas_tf.kinds.file_kinds`.
    """
    size = os.fstat(file.fileno()).st_size
    if kind_name == "MP3":
        return _mp3_parts(file, size)
    starts = []
    if kind_name.startswith("Ogg"):
        starts = list(_ogg_starts(file))
    elif head := _HEADS.get(kind_name.partition(" with ")[0]):
        mark, offset, following = head
        found = _find(file, (mark,), 0, offset + len(following))
        starts = [place for place, data, _ in found if data[offset:] == following]
    elif kind_name == "WavPack":
        starts = [place for place, data, _ in _find(file, (_WAVPACK,), 0, 32) if _is_first_block(data)]
    elif kind_name in _MP4:
        starts = _mp4_starts(file)
    elif kind_name == "AVI" or kind_name.startswith("WAV with"):
        return [Part(0, size, cut_bytes=max(0, _riff_bytes(file) - size))]
    elif kind_name == "WMA/ASF":
        return [Part(0, size, cut_bytes=max(0, asf_bytes(file) - size))]
    starts = [0, *starts[1:]]  # what is before the first header is left to the decoder
    parts = [Part(start, end) for start, end in zip(starts, [*starts[1:], size], strict=True)]
    if (place := sound_bytes(file, kind_name)) and len(parts) == 1:
        unheard = size - place.end if is_followed_by_another(file, kind_name, place) else place.end - size
        parts = [Part(0, min(size, place.end), cut_bytes=max(0, unheard))]
    elif kind_name.startswith("Ogg"):
        parts[-1] = dataclasses.replace(parts[-1], cut_bytes=cut_page_bytes(file))
    return parts


def _is_first_block(block: bytes) -> bool:
    """Return whether a block of WavPack, of which the first 32 bytes are given, begins a file."""
    index, flags = int.from_bytes(block[16:20], "little"), int.from_bytes(block[24:28], "little")
    return len(block) == 32 and block[9] == 4 and block[10] == 0 and index == 0 and bool(flags & _INITIAL_BLOCK)


def _mp4_starts(file: BinaryIO | io.FileIO) -> list[int]:
    """Return where the files begin in joined MP4 files: at an ``ftyp`` box that follows an index."""
    starts, position, has_index = [0], 0, False
    for _ in range(_MOST_BOXES):
        file.seek(position)
        head = file.read(16) or b""
        name, size = head[4:8], int.from_bytes(head[:4], "big")
        if name == b"ftyp" and has_index:
            starts.append(position)
        has_index = name == b"moov" or (has_index and name != b"ftyp")
        size = int.from_bytes(head[8:], "big") if size == 1 else size
        if len(head) < 8 or size < 8:
            break
        position += size
    return starts


def _riff_bytes(file: BinaryIO | io.FileIO) -> int:
    """Return the length that a RIFF file announces, or 0 if it was never filled in."""
    file.seek(4)
    size = int.from_bytes(file.read(4) or b"", "little")
    return 0 if size >= _OPEN_SIZE else size + 8


def _find(
    file: BinaryIO | io.FileIO, marks: tuple[bytes, ...], before: int, behind: int
) -> Iterator[tuple[int, bytes, int]]:
    """Yield each place of the marks in a file: (its offset, bytes around it, where it is in them)."""
    file.seek(0)
    base, data, searched = 0, b"", 0  # offset of ``data`` in the file; up to where in it nothing more is looked for
    while True:
        block = file.read(_READ_BYTES) or b""
        data += block
        limit = len(data) - behind if block else len(data)
        places = [place for mark in marks for place in _places(data, mark, searched) if place < limit]
        for place in sorted(places):
            first = max(0, place - before)
            yield base + place, data[first : place + behind], place - first
        if not block:
            return
        searched = max(searched, limit)
        dropped = max(0, searched - before)
        base, data, searched = base + dropped, data[dropped:], searched - dropped


def _places(data: bytes, mark: bytes, start: int) -> list[int]:
    """Return each place of a mark from ``start`` on; twice as fast as `bytes.find` where the mark is rare."""
    values = np.frombuffer(data, np.uint8)[start:]
    hits = values[:-1] == mark[0]
    hits &= values[1:] == mark[1]
    return [place for place in (np.flatnonzero(hits) + start).tolist() if data.startswith(mark, place)]


def _ogg_starts(file: BinaryIO | io.FileIO) -> Iterator[int]:
    """Yield where chained Ogg streams begin: at a first page that does not follow another first page."""
    expected = -1  # a first page there belongs to the same group: several streams side by side
    for offset, page, _ in _find(file, _FIRST_PAGES, 0, _PAGE_HEADER + 255):
        if offset != expected:
            yield offset
        segments = page[_PAGE_HEADER : _PAGE_HEADER + page[26]] if len(page) >= _PAGE_HEADER else b""
        expected = offset + _PAGE_HEADER + len(segments) + sum(segments)


@dataclasses.dataclass(frozen=True)
class _InfoFrame:
    """The first frame of an MP3 file, which holds no sound; None where it says nothing."""

    start: int
    length: int
    samples: int | None
    bytes: int | None
    delay: int
    padding: int


def _mp3_parts(file: BinaryIO | io.FileIO, size: int) -> list[Part]:
    """Return the parts of an MP3 file; each begins behind its Xing or Info frame, if it has one."""
    infos = list(_info_frames(file))
    ends = [*(info.start for info in infos), size]
    parts = [Part(0, ends[0])] if ends[0] > _id3_bytes(file) else []  # only a tag, where there is an Info frame
    for info, end in zip(infos, ends[1:], strict=True):
        first = info.start + info.length
        own_end = info.start + info.bytes if info.bytes else end
        ends_itself = first < own_end < end and _can_end_at(file, own_end)
        has_end = own_end <= end if info.bytes else None
        parts.append(Part(first, own_end if ends_itself else end, info.samples, info.delay, info.padding, has_end))
        if ends_itself:
            parts.append(Part(own_end, end))
    return [part for part in parts if part.end > part.start]


def _id3_bytes(file: BinaryIO | io.FileIO) -> int:
    """Return the length of the ID3v2 tag that a file begins with."""
    file.seek(0)
    start = file.read(10) or b""
    if len(start) < 10 or start[:3] != b"ID3" or max(start[6:]) > 127:
        return 0
    return 10 + (start[6] << 21 | start[7] << 14 | start[8] << 7 | start[9])


def _can_end_at(file: BinaryIO | io.FileIO, offset: int) -> bool:
    """Return whether an MP3 file can have ended there: another frame, a tag or padding begins."""
    file.seek(offset)
    start = file.read(16) or b""
    return bool(_TAILS.match(start)) or (len(start) == 16 and mpeg_frame(start, 0) is not None)


def _info_frames(file: BinaryIO | io.FileIO) -> Iterator[_InfoFrame]:
    """Yield the Xing and Info frames of a file: their tag stands behind a frame's header and empty side information."""
    for offset, data, mark in _find(file, _INFO_MARKS, _BEFORE_MARK, _BEHIND_MARK):
        for side in _SIDE_BYTES:
            header = mark - side - 4
            if header < 0 or any(data[mark - min(side, 32) : mark]):
                continue
            frame = mpeg_frame(data, header)
            if frame is not None and frame[0] == "MP3":
                yield _read_info(offset - side - 4, frame[1], data[header:], side + 4)
                break


def _read_info(start: int, length: int, data: bytes, mark: int) -> _InfoFrame:
    """Return what a Xing or Info frame says; ``mark`` is where its tag begins in ``data``."""
    flags, place = data[mark + 7], mark + 8
    numbers = {}
    for flag, size in ((_FRAMES, 4), (_BYTES, 4), (_TABLE, 100), (_QUALITY, 4)):
        if flags & flag:
            numbers[flag] = int.from_bytes(data[place : place + 4], "big")
            place += size
    delay = padding = 0
    encoder = data[place : place + 4]  # "LAME", "Lavc"
    if encoder.isalpha() and encoder.isascii() and len(data) >= place + 24:
        packed = int.from_bytes(data[place + 21 : place + 24], "big")
        delay, padding = (packed >> 12) + _DECODER_DELAY, max(0, (packed & 0xFFF) - _DECODER_DELAY)
    frame_samples = 1152 if data[1] >> 3 & 3 == 3 else 576
    frames = numbers.get(_FRAMES)
    samples = max(0, frames * frame_samples - delay - padding) if frames else None
    return _InfoFrame(start, length, samples, numbers.get(_BYTES), delay, padding)
