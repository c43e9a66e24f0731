"""Headers of WAV files: for `irmas_tf.streaming`, and for the package itself (`irmas_tf.audio`).

Imports nothing of the package, so that it may be copied to a device beside ``streaming.py``. Headers are read as
programs write them, not only as they should: sizes that were never filled in or are wrong, chunks in any order,
without padding or longer than the file, several chunks of data, joined files, RF64, big-endian RIFX, an ID3 tag before
it all.

Sources: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF);
WAVEFORMATEXTENSIBLE; EBU Tech 3306 (RF64).
"""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Callable
from typing import BinaryIO, Literal

MAGIC = (b"RIFF", b"RIFX", b"RF64", b"BW64")
PCM, MS_ADPCM, FLOAT, A_LAW, MU_LAW, IMA_ADPCM = 1, 2, 3, 6, 7, 0x11  # format tags
_EXTENSIBLE = 0xFFFE
# Of the sub-format after its first two bytes: the usual one, and that of Ambisonic recordings.
_GUID_TAILS = (bytes.fromhex("000000001000800000aa00389b71"), bytes.fromhex("00002107d3118644c8c1ca000000"))
# What programs write that cannot go back to fill in a size; headers may be counted in or out.
_UNKNOWN_SIZES = ((0x7FFEFF00, 0x7FFF0000), (0x7FFFF000, 0x80001000), (0xFFFFF000, 0xFFFFFFFF))
_KNOWN_CHUNKS = (b"data", b"fmt ", b"LIST", b"fact", b"bext", b"JUNK", b"junk", b"FLLR", b"PAD ", b"id3 ", b"ID3 ")
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICS")  # which programs put behind the last chunk
_MOST_CHUNKS = 1000
_SEARCHED_BYTES = 1 << 26  # for the data of a damaged header
_START_BYTES = 256
_TAIL_BYTES = 1 << 16

_BytesAt = Callable[[int, int], bytes]


@dataclasses.dataclass(frozen=True)
class WavHeader:
    """Layout of a WAV file.

    Attributes:
        tag: format tag, of an extensible format that of its sub-format.
        channels, sample_rate_hz, bits: as the file states them, unchecked.
        frame_bytes: bytes of one sample of all channels; of compressed data, of one block.
        parts: (offset, bytes) of each chunk of data in the file.
        promised_frames: frames that the header announces, or None if it leaves the size open.
        present_frames: whole frames in the parts.
        fact_frames: of compressed data, the samples per channel that its ``fact`` chunk counts; 0 if it does not.
        unread_bytes: behind the data, neither announced nor metadata: more sound, as it seems.
        is_plain: as the specification has it, so that any reader reads it in full.
        big_endian: RIFX.
        fmt: content of the ``fmt`` chunk, at most 64 KiB.
    """

    tag: int
    channels: int
    sample_rate_hz: int
    bits: int
    frame_bytes: int
    parts: tuple[tuple[int, int], ...]
    promised_frames: int | None
    present_frames: int
    fact_frames: int
    unread_bytes: int
    is_plain: bool
    big_endian: bool
    fmt: bytes

    @property
    def data_offset(self) -> int:
        """Where the samples begin in the file, bytes."""
        return self.parts[0][0]

    @property
    def is_pcm(self) -> bool:
        """Integer samples (not float, not compressed)."""
        return self.tag == PCM

    @property
    def is_pcm16(self) -> bool:
        """16-bit integers in one piece, to be read as they lie in the file."""
        return self.tag == PCM and self.sample_bytes == 2 and len(self.parts) == 1 and not self.big_endian

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample of an encoding in which samples stand by themselves and are known here; 0 of another."""
        width = self.frame_bytes // max(1, self.channels)
        allowed = {PCM: (1, 2, 3, 4), FLOAT: (4, 8), A_LAW: (1,), MU_LAW: (1,)}.get(self.tag, ())
        return width if self.channels and width in allowed else 0

    @property
    def block_samples(self) -> int:
        """Samples per channel in ``frame_bytes``: 1, of a block of ADPCM more, and 0 of an encoding not known here."""
        if self.sample_bytes:
            return 1
        if self.tag == IMA_ADPCM and self.bits == 4 and self.channels:
            words = self.frame_bytes // (4 * self.channels)  # the first holds where the block begins
            return 8 * (words - 1) + 1 if words and self.frame_bytes % (4 * self.channels) == 0 else 0
        if self.tag == MS_ADPCM and self.bits == 4 and self.channels:
            return max(0, 2 * (self.frame_bytes - 7 * self.channels) // self.channels + 2)
        return 0

    def samples_of(self, frames: int) -> int:
        """Return the samples per channel in a number of frames or blocks, without the padding of the last block."""
        total = frames * self.block_samples
        return self.fact_frames if 0 < total - self.fact_frames < self.block_samples else total


def read_wav_header(file: BinaryIO | io.FileIO) -> WavHeader | None:
    """Return the header of an open file, or None if it is not a WAV file with a ``fmt`` and a ``data`` chunk.

    Args:
        file: seekable binary file; its position is changed.
    """
    file_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(_START_BYTES) or b""

    def bytes_at(position: int, count: int) -> bytes:
        if position + count <= len(start):
            return start[position : position + count]
        file.seek(position)
        return file.read(count) or b""

    origin = _id3_bytes(start)
    head = bytes_at(origin, 12)
    if head[:4] not in MAGIC or head[8:] != b"WAVE":
        return None
    walk = _Walk(bytes_at, file_bytes, origin, head)
    walk.follow(origin + 12)
    if not walk.fmt and (place := walk.search(b"fmt ", origin + 12)) is not None:
        walk.follow(place)
    if walk.fmt and not walk.parts and (place := walk.search(b"data", walk.fmt_end)) is not None:
        walk.follow(place)
    return walk.header()


class _Walk:
    """A way through the chunks of a file, which gathers what they say."""

    def __init__(self, bytes_at: _BytesAt, file_bytes: int, origin: int, head: bytes) -> None:
        self._bytes_at, self._file_bytes = bytes_at, file_bytes
        self._order: Literal["big", "little"] = "big" if head[:4] == b"RIFX" else "little"
        self._riff_end = origin + 8 + self._number(head[4:8])
        self._long_size = self._fact = 0  # of RF64; of compressed data
        self._is_plain = head[:4] == b"RIFF" and origin == 0
        self._is_open = self._is_other = False  # a size that is open; a second file of another format
        self._promised = 0
        self._end = 0  # of the last chunk of data
        self.fmt, self.fmt_end = b"", 0
        self.parts: list[tuple[int, int]] = []

    def _number(self, content: bytes) -> int:
        return int.from_bytes(content, self._order)

    def follow(self, position: int) -> None:
        """Take chunk after chunk from ``position`` on, to the end of the file or of what makes sense."""
        for _ in range(_MOST_CHUNKS):
            head = self._bytes_at(position, 8)
            name, size, body = head[:4], self._number(head[4:]), position + 8
            if len(head) < 8 or not _is_name(name):
                return
            if name == b"ds64":
                self._long_size = self._number(self._bytes_at(body + 8, 8))
            elif name == b"fact":
                self._fact = self._number(self._bytes_at(body, 4))
            elif name == b"fmt " and not self.fmt:
                self.fmt, self.fmt_end = self._bytes_at(body, min(size, 1 << 16)), body + size
            elif name == b"fmt " and self._bytes_at(body, 16) != self.fmt[:16]:
                self._is_other = True
                return
            elif name == b"RIFF" and self.parts and self._bytes_at(body, 4) == b"WAVE":  # files that were joined
                size = 4
            elif name == b"data":
                self._is_plain &= bool(self.fmt)
                size = self._take_data(body, size)
            if body + size > self._file_bytes:
                self._is_plain = False
                return
            position = self._next(body + size, size)

    def _take_data(self, body: int, size: int) -> int:
        """Note a chunk of data and return its size as far as it can be believed."""
        rest = max(0, self._file_bytes - body)
        if size == 0xFFFFFFFF and body < self._file_bytes and 0 < self._long_size < 1 << 62:
            size = self._long_size
        elif (
            (size > rest and any(low <= size <= high for low, high in _UNKNOWN_SIZES))
            or (size == 0 and self._is_stream(body))
            or (rest - size >= 1 << 32 and (rest - size) % (1 << 32) < 1 << 20)  # longer than 32 bits can say
        ):
            self._is_open, self._is_plain, size = True, False, rest - self._metadata_bytes(body)
        elif size in (self._file_bytes, self._file_bytes - 8):  # all of the file counted in
            self._is_plain, size = False, rest
        self._promised += size
        self.parts.append((body, min(size, rest)))
        self._end = body + size
        return size

    def _metadata_bytes(self, body: int) -> int:
        """Return the length of metadata at the end of data of open size, with which GStreamer closes a stream."""
        first = max(body, self._file_bytes - _TAIL_BYTES)
        tail = self._bytes_at(first, self._file_bytes - first)
        place = tail.rfind(b"LIST")
        while place >= 0:
            size = self._number(tail[place + 4 : place + 8])
            if tail[place + 8 : place + 12] == b"INFO" and place + 8 + size in (len(tail), len(tail) - size % 2):
                return len(tail) - place
            place = tail.rfind(b"LIST", 0, place)
        return 0

    def _is_stream(self, body: int) -> bool:
        """Return whether a data size of 0 means that the writer never learnt it, and not that there are no samples.

        Then what follows are samples; behind an empty recording are chunks that fill the file, or the RIFF chunk.
        """
        position = body
        for _ in range(_MOST_CHUNKS):
            if position >= self._file_bytes:
                return position > self._file_bytes + 1
            if position > body and position in (self._riff_end, self._riff_end + 1):
                return False
            head = self._bytes_at(position, 8)
            if len(head) < 8 or not _is_name(head[:4]):
                return True
            size = self._number(head[4:])
            position = self._next(position + 8 + size, size)
        return True

    def _next(self, end: int, size: int) -> int:
        """Return where the chunk after one that ends at ``end`` begins: after a padding byte, if there is one."""
        if size % 2 == 0:
            return end
        names = self._bytes_at(end, 5)
        bare, padded = names[:4], names[1:]
        if padded in _KNOWN_CHUNKS or not (bare in _KNOWN_CHUNKS or (_is_name(bare) and not _is_name(padded))):
            return end + 1
        self._is_plain = False
        return end

    def search(self, name: bytes, position: int) -> int | None:
        """Return where a chunk begins that the sizes of the chunks before it do not lead to."""
        self._is_plain = False
        step = 1 << 20
        for first in range(position, min(self._file_bytes, position + _SEARCHED_BYTES), step):
            place = self._bytes_at(first, step + 3).find(name)
            if place >= 0:
                return first + place
        return None

    def header(self) -> WavHeader | None:
        """Return what was gathered, or None if it is not enough."""
        if len(self.fmt) < 16 or not self.parts:
            return None
        tag, channels, rate, _, frame_bytes, bits = (
            self._number(self.fmt[first:last]) for first, last in ((0, 2), (2, 4), (4, 8), (8, 12), (12, 14), (14, 16))
        )
        if tag == _EXTENSIBLE and len(self.fmt) >= 40 and self.fmt[26:40] in _GUID_TAILS:
            tag = self._number(self.fmt[24:26])
        if tag in (PCM, FLOAT, A_LAW, MU_LAW) and bits and channels:
            width = -(-bits // 8)
            if not (bits == 24 and frame_bytes == 4 * channels):  # in 32-bit words; all else believes the bits
                self._is_plain &= frame_bytes == width * channels
                frame_bytes = width * channels
        if frame_bytes == 0:
            return None
        present = sum(size for _, size in self.parts) // frame_bytes
        unread = self._unread(max(4096, rate * frame_bytes // 10))
        promised = None if self._is_open else self._promised // frame_bytes
        return WavHeader(
            tag,
            channels,
            rate,
            bits,
            frame_bytes,
            tuple(self.parts),
            promised,
            present,
            self._fact,
            unread,
            self._is_plain and bits > 0 and len(self.parts) == 1 and promised == present and not unread,
            self._order == "big",
            self.fmt,
        )

    def _unread(self, least: int) -> int:
        """Return how many bytes behind the data look like more of it, 0 for fewer than ``least``."""
        rest = self._file_bytes - self._end
        if self._is_other:
            return rest
        if self._is_open or rest < least:
            return 0
        start = self._bytes_at(self._end, 4096)
        is_known = _is_name(start[:4]) or _is_name(start[1:5]) or start.startswith(_TAGS) or not any(start)
        return 0 if is_known else rest


def _is_name(name: bytes) -> bool:
    """Return whether bytes can be the name of a chunk: ASCII that can be printed."""
    return len(name) == 4 and all(32 <= letter < 127 for letter in name)


def _id3_bytes(start: bytes) -> int:
    """Return the length of an ID3v2 tag that the bytes begin with, or 0."""
    if start[:3] != b"ID3" or len(start) < 10 or max(start[6:10]) > 127:
        return 0
    return 10 + (start[6] << 21 | start[7] << 14 | start[8] << 7 | start[9]) + (10 if start[5] & 16 else 0)
