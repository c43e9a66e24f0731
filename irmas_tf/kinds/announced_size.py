"""Where the sound of a file ends by the file's own header, which tells a cut file from a whole one.

libsndfile gives what is there and keeps to itself what should be, and so does FFmpeg of some kinds. WAV has a reader of
its own (`irmas_tf.streaming_wav`).

Sources: Apple's "AIFF-C" and "Core Audio Format 1.0"; Sony's Wave64; Creative's VOC; Sun's AU; NIST SPHERE's headers;
Microsoft's "Advanced Systems Format 01.20.03"; RFC 3533 (Ogg).
"""

from __future__ import annotations

import io
import os
import re
import struct
from typing import BinaryIO, NamedTuple

_OPEN_32 = 0x7F000000  # what programs write that cannot go back is above it
_OPEN_64 = 1 << 60
_MOST_CHUNKS = 1000
_START_BYTES = 4096
_PADDING_BYTES = 8
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_SIZE, _ASF_FLAGS, _BROADCAST = 40, 88, 1
_W64_DATA = b"data" + bytes.fromhex("f3acd3118cd100c04f8edb8a")
_PAGE_HEADER, _LONGEST_PAGE = 27, 27 + 255 + 255 * 255
_VOC_SOUNDS, _VOC_TYPES = (1, 2, 9), 9


class SoundBytes(NamedTuple):
    """The place of the sound in a file, by its header: offsets in bytes, the second behind its last byte."""

    start: int
    end: int


def sound_bytes(file: BinaryIO | io.FileIO, kind_name: str) -> SoundBytes | None:
    """Return where the sound of an open file should be, or None if its header leaves that open.

    Args:
        file: seekable binary file; its position is changed.
        kind_name: what it is, in the words of `irmas_tf.kinds.file_kinds`: AIFF, IFF, CAF, W64, AU, VOC, NIST SPHERE.
    """
    if kind_name.startswith(("AIFF", "IFF")):
        return _chunk(file, 12, struct.Struct(">4sI"), (b"SSND", b"BODY"), 2)
    if kind_name.startswith("CAF"):
        return _chunk(file, 8, struct.Struct(">4sQ"), (b"data",), 1)
    if kind_name == "W64":
        return _chunk(file, 40, struct.Struct("<16sQ"), (_W64_DATA,), 8, counts_head=True)
    read = {"AU": _au, "VOC": _voc, "NIST SPHERE": _sphere}.get(kind_name)
    return read(file) if read else None


def is_followed_by_another(file: BinaryIO | io.FileIO, kind_name: str, place: SoundBytes) -> bool:
    """Return whether behind the sound of an open file another of its kind begins, which no decoder reads.

    Of NIST, W64 and VOC decoders read on by themselves. The file's position is changed.
    """
    if not kind_name.startswith(("AIFF", "IFF", "CAF", "AU")):
        return False
    file.seek(0)
    magic = file.read(4) or b""
    file.seek(place.end)
    return magic in (file.read(_PADDING_BYTES + len(magic)) or b"") if magic else False


def asf_bytes(file: BinaryIO | io.FileIO) -> int:
    """Return the length that a WMA, WMV or other ASF file gives itself, or 0; its position is changed."""
    file.seek(0)
    start = file.read(_START_BYTES) or b""
    place = start.find(_ASF_PROPERTIES)
    if place < 0 or len(start) < place + _ASF_FLAGS + 4:
        return 0
    (size,) = struct.unpack_from("<Q", start, place + _ASF_SIZE)
    (flags,) = struct.unpack_from("<I", start, place + _ASF_FLAGS)
    return 0 if flags & _BROADCAST or size >= _OPEN_64 else size


def cut_page_bytes(file: BinaryIO | io.FileIO) -> int:
    """Return the length of the last page of an Ogg file if the file ends within it, else 0.

    No decoder hears anything of such a page, as its checksum is wrong.
    """
    size = os.fstat(file.fileno()).st_size
    first = max(0, size - _LONGEST_PAGE)
    file.seek(first)
    tail = file.read(_LONGEST_PAGE) or b""
    page = tail[max(0, tail.rfind(b"OggS\0")) :]
    if not page.startswith(b"OggS") or len(page) < _PAGE_HEADER:
        return 0
    segments = page[_PAGE_HEADER : _PAGE_HEADER + page[26]]
    length = _PAGE_HEADER + page[26] + sum(segments)
    return length if length > len(page) else 0


def _chunk(
    file: BinaryIO | io.FileIO,
    position: int,
    head: struct.Struct,
    names: tuple[bytes, ...],
    align: int,
    counts_head: bool = False,
) -> SoundBytes | None:
    """Return the place of the first chunk of one of these names."""
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        data = file.read(head.size) or b""
        if len(data) < head.size:
            return None
        name, size = head.unpack(data)
        body = position + head.size
        end = (position if counts_head else body) + size
        if size >= (_OPEN_64 if head.size > 8 else _OPEN_32) or end < body:
            return None
        if name in names:
            return SoundBytes(body, end)
        position = end + -size % align
    return None


def _au(file: BinaryIO | io.FileIO) -> SoundBytes | None:
    file.seek(0)
    start = file.read(12) or b""
    if len(start) < 12:
        return None
    offset, size = struct.unpack(">II" if start[:4] == b".snd" else "<II", start[4:])
    return None if size >= _OPEN_32 else SoundBytes(offset, offset + size)


def _voc(file: BinaryIO | io.FileIO) -> SoundBytes | None:
    """Follow blocks up to the last of sound."""
    file.seek(20)
    position = int.from_bytes(file.read(2) or b"", "little")
    first = last = 0
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        head = file.read(4) or b""
        if len(head) < 4 or not 0 < head[0] <= _VOC_TYPES:
            break
        body = position + 4
        position = body + int.from_bytes(head[1:], "little")
        if head[0] in _VOC_SOUNDS:
            first, last = first or body, position
    return SoundBytes(first, last) if last else None


def _sphere(file: BinaryIO | io.FileIO) -> SoundBytes | None:
    file.seek(0)
    start = file.read(_START_BYTES) or b""
    numbers = {name: int(value) for name, value in re.findall(rb"^(\w+) -i (\d+)\s*$", start, re.MULTILINE)}
    length = re.match(rb"NIST_1A\n *(\d+)\n", start)
    values = [numbers.get(name, 0) for name in (b"sample_count", b"channel_count", b"sample_n_bytes")]
    if length is None or not all(values) or b"shorten" in start:
        return None
    return SoundBytes(int(length[1]), int(length[1]) + values[0] * values[1] * values[2])
