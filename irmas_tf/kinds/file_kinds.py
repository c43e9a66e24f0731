"""What a file is, from its first bytes: every kind of sound and video, and what is mistaken for them.

Names alone mislead: a song called .mp3 may be an M4A, an error page or the pointer that git-lfs leaves. General
libraries of such marks stop at the container and at ID3 tags; here the codec inside is named too (Opus in Ogg, MP3 in
WAV), since that decides who can read it, and an MPEG stream must hold several frames in a row before it is believed.
"""

from __future__ import annotations

import dataclasses
import io
import os
import re
import struct
from typing import BinaryIO

from irmas_tf.kinds.mpeg_frames import find_mpeg_audio, is_free_format

START_BYTES = 8192
"""Read of a file at most, after its tags."""
_MOST_TAGS = 8


@dataclasses.dataclass(frozen=True)
class FileKind:
    """What a file is.

    Attributes:
        name: for people: "M4A/MP4", "HTML page", "Ogg with Opus".
        content: "audio"; "video", a container that may hold pictures beside the sound, or sound alone; "other", known
            and no sound; "unknown".
        remedy: what to do about a file that is no sound ("git lfs pull"), or "".
    """

    name: str
    content: str
    remedy: str = ""

    @property
    def has_sound(self) -> bool:
        """Return whether it may hold sound."""
        return self.content in ("audio", "video")

    @property
    def noun(self) -> str:
        """Return "MP3 file", "HTML page"."""
        if self.content == "unknown":
            return "file of an unknown kind"
        if self.name.endswith(_NOUNS) or re.search(r"\bfile\b", self.name):
            return self.name
        container, inside, codec = self.name.partition(" with ")
        return f"{container} file{inside}{codec}"

    @property
    def described(self) -> str:
        """Return the noun with its article: "an MP3 file"."""
        vowel = self.noun[0] in "AEIOaeio" or self.noun.startswith(_SPELLED)
        return f"{'an' if vowel else 'a'} {self.noun}"

    @property
    def plural(self) -> str:
        """Return "MP3 files", "HTML pages", "Ogg files with Opus"."""
        return plural_of(self.noun)


def plural_of(noun: str) -> str:
    """Return the plural of the noun of a kind: "files of an unknown kind"."""
    return re.sub(r"\bfile\b", "files", noun, count=1) if " file" in f" {noun}" else f"{noun}s"


def counted(count: int, noun: str) -> str:
    """Return "1 picture", "3 HTML pages"."""
    return f"{count} {noun if count == 1 else plural_of(noun)}"


_NOUNS = ("page", "picture", "archive", "pointer", "playlist", "sheet", "document", "database", "program")
_SPELLED = ("HTML", "HDF5", "XML", "XI", "xz", "MP", "M4", "MOV", "MPEG", "RF64")  # and begin with a vowel's sound
UNKNOWN = FileKind("unknown", "unknown")
EMPTY = FileKind("empty file", "other", "replace or remove it")
ZEROS = FileKind("file of zeros", "other", "it was never copied or downloaded whole; fetch it again")
_UNPACK, _AGAIN = "unpack it", "a page was saved in place of the sound; download it again"


def _audio(name: str) -> FileKind:
    return FileKind(name, "audio")


def _video(name: str) -> FileKind:
    return FileKind(name, "video")


def _other(name: str, remedy: str = "") -> FileKind:
    return FileKind(name, "other", remedy)


_MIDI = _other("MIDI file", "it holds notes, no sound; render it to a WAV file (fluidsynth, timidity)")
_MODULE = _other("tracker module file", "render it to a WAV file (openmpt123 --render)")
_PICTURE = _other("picture")
_MP4, _M4A, _MOV = _video("MP4"), _audio("M4A/MP4"), _video("MOV (QuickTime)")

# (offset, bytes, kind); the first that fits. What needs a second look (RIFF, Ogg, MP4, text ...) has a function below.
_MARKS = (
    (0, b"fLaC", _audio("FLAC")),
    (0, b"caff", _audio("CAF")),
    (0, b".snd", _audio("AU")),
    (0, b"dns.", _audio("AU")),
    (0, b"Creative Voice File\x1a", _audio("VOC")),
    (0, b"wvpk", _audio("WavPack")),
    (0, b"TTA1", _audio("TTA")),
    (0, b"TTA2", _audio("TTA")),
    (0, b"MAC ", _audio("Monkey's Audio (APE)")),
    (0, b"MP+", _audio("Musepack")),
    (0, b"MPCK", _audio("Musepack")),
    (0, b"OFR ", _audio("OptimFROG")),
    (0, b"ajkg", _audio("Shorten")),
    (0, b"qoaf", _audio("QOA")),
    (0, b"#!AMR", _audio("AMR")),
    (0, b"#!SILK", _audio("SILK")),
    (1, b"#!SILK", _audio("SILK")),
    (0, b"\x7f\xfe\x80\x01", _audio("DTS")),
    (0, b"\xfe\x7f\x01\x80", _audio("DTS")),
    (0, b"\x1f\xff\xe8\x00", _audio("DTS")),
    (0, b"\xff\x1f\x00\xe8", _audio("DTS")),
    (0, b"DTSHDHDR", _audio("DTS-HD")),
    (4, b"\xf8\x72\x6f\xba", _audio("TrueHD")),
    (4, b"\xf8\x72\x6f\xbb", _audio("MLP")),
    (0, b"tBaK", _audio("TAK")),
    (0, b"EA3", _audio("ATRAC (OMA)")),
    (0, b"ea3", _audio("ATRAC (OMA)")),
    (0, b".SoX", _audio("SoX")),
    (0, b"XoS.", _audio("SoX")),
    (0, b"DSD ", _audio("DSD (DSF)")),
    (0, b"FRM8", _audio("DSD (DSDIFF)")),
    (0, b".ra\xfd", _audio("RealAudio")),
    (0, b"ADIF", _audio("AAC (ADIF)")),
    (0, b"NIST_1A\n", _audio("NIST SPHERE")),
    (0, b"ALawSoundFile**", _audio("Psion WVE")),
    (0, b"Extended Instrument: ", _audio("XI")),
    (0, b" paf", _audio("PAF")),
    (0, b"fap ", _audio("PAF")),
    (0, b"PVF1\n", _audio("PVF")),
    (0, b"2BIT", _audio("AVR")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", _audio("WMA/ASF")),
    (0, b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", _audio("W64")),
    (0, b".RMF", _video("RealMedia")),
    (0, b"FLV\x01", _video("Flash video")),
    (0, b"nut/multimedia container\0", _video("NUT")),
    (0, b"NSVf", _video("NSV")),
    (0, b"NSVs", _video("NSV")),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", _video("MXF")),
    (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d", _video("WTV")),
    (0, b"\x00\x00\x01\xba", _video("MPEG programme stream")),
    (0, b"\x00\x00\x01\xb3", _other("MPEG video file", "it holds no sound")),
    (0, b"MThd", _MIDI),
    (0, b"IMPM", _MODULE),
    (0, b"Extended Module: ", _MODULE),
    (44, b"SCRM", _MODULE),
    (1080, b"M.K.", _MODULE),
    (0, b"\x00\x05\x16\x07", _other("macOS attribute file", "remove it; the sound is in the file without ._")),
    (0, b"\x00\x05\x16\x00", _other("AppleSingle file", _UNPACK)),
    (0, b"\x1f\x8b", _other("gzip archive", _UNPACK)),
    (0, b"PK\x03\x04", _other("zip archive", _UNPACK)),
    (0, b"PK\x05\x06", _other("zip archive", _UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", _other("7z archive", _UNPACK)),
    (0, b"Rar!\x1a\x07", _other("RAR archive", _UNPACK)),
    (0, b"\xfd7zXZ\x00", _other("xz archive", _UNPACK)),
    (0, b"BZh", _other("bzip2 archive", _UNPACK)),
    (0, b"\x28\xb5\x2f\xfd", _other("zstd archive", _UNPACK)),
    (257, b"ustar", _other("tar archive", _UNPACK)),
    (0, b"%PDF-", _other("PDF document")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _other("Office document")),
    (0, b"\x89PNG\r\n\x1a\n", _PICTURE),
    (0, b"\xff\xd8\xff", _PICTURE),
    (0, b"GIF8", _PICTURE),
    (0, b"II*\x00", _PICTURE),
    (0, b"MM\x00*", _PICTURE),
    (0, b"8BPS", _PICTURE),
    (4, b"jP  \r\n", _PICTURE),
    (0, b"\x89HDF\r\n\x1a\n", _other("HDF5 file")),
    (0, b"\x93NUMPY", _other("NumPy array file")),
    (0, b"SQLite format 3\x00", _other("SQLite database")),
    (0, b"\x7fELF", _other("program")),
    (0, b"bplist00", _other("property list file")),
    (4, b"TFL3", _other("TFLite file")),
)  # fmt: skip

# Short marks, with what must follow them.
_PATTERNS = (
    (re.compile(rb"\x0b\x77..[\x00-\xbf][\x00-\x87]", re.DOTALL), _audio("AC-3")),
    (re.compile(rb"\x64\xa3[\x01-\x04]\0|\0[\x01-\x04]\xa3\x64"), _audio("IRCAM")),
    (re.compile(rb"\xf0\x7e[\0-\x7f]\x01", re.DOTALL), _audio("MIDI sample dump")),
)

_RIFF_FORMS = {
    b"AVI ": _video("AVI"),
    b"XWMA": _audio("xWMA"),
    b"QLCM": _audio("QCP"),
    b"RMID": _MIDI,
    b"WEBP": _PICTURE,
    b"sfbk": _other("SoundFont file"),
    b"DLS ": _other("DLS instrument file"),
    b"CDDA": _other("CD track pointer", "it holds no sound; rip the CD"),
}
_WAV_CODECS = {
    0x02: "Microsoft ADPCM", 0x06: "A-law", 0x07: "mu-law", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x50: "MP2",
    0x55: "MP3", 0xFF: "AAC", 0x1600: "AAC", 0x1610: "AAC", 0x160: "WMA", 0x161: "WMA", 0x162: "WMA", 0x163: "WMA",
    0x2000: "AC-3", 0x2001: "DTS", 0x674F: "Vorbis", 0x6750: "Vorbis", 0x6751: "Vorbis", 0xF1AC: "FLAC", 0x704F: "Opus",
}  # fmt: skip
_IFF_FORMS = {b"AIFF": _audio("AIFF"), b"AIFC": _audio("AIFF-C"), b"8SVX": _audio("IFF 8SVX"), b"16SV": _audio("IFF")}
_OGG_CODECS = (
    (b"\x01vorbis", _audio("Ogg with Vorbis")),
    (b"OpusHead", _audio("Ogg with Opus")),
    (b"\x7fFLAC", _audio("Ogg with FLAC")),
    (b"Speex   ", _audio("Ogg with Speex")),
    (b"\x80theora", _video("Ogg with Theora video")),
)
_MP4_BRANDS = {
    b"M4A ": _M4A, b"M4B ": _M4A, b"F4A ": _M4A, b"qt  ": _MOV,
    b"M4P ": _other("protected M4P file", "its copy protection lets only its shop's player read it"),
    b"heic": _PICTURE, b"heix": _PICTURE, b"mif1": _PICTURE, b"msf1": _PICTURE, b"avif": _PICTURE, b"crx ": _PICTURE,
}  # fmt: skip
_MOV_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_CAF_CODECS = {b"alac": "ALAC", b"aac ": "AAC", b"opus": "Opus", b".mp3": "MP3", b"ima4": "IMA ADPCM", b"flac": "FLAC"}


def kind_of_file(path: str | os.PathLike[str]) -> FileKind:
    """Return what a file is; at most `START_BYTES` are read beside its tags.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        return kind_of_open_file(file)


def kind_of_open_file(file: BinaryIO | io.FileIO) -> FileKind:
    """Return what an open, seekable binary file is; its position is changed."""
    offset, tags = 0, 0
    while True:
        file.seek(offset)
        start = file.read(START_BYTES) or b""
        if tags == 0 and not start:
            return EMPTY
        length = _id3_bytes(start)
        if not length or tags == _MOST_TAGS:
            break
        offset, tags = offset + length, tags + 1
    if tags and not start:
        return _other("ID3 tag without a sound file", "it was not downloaded whole; fetch it again")
    if not any(start) and _is_zeros(file, offset):
        return ZEROS
    kind = kind_of_bytes(start)
    return _audio("MP3") if tags and kind is UNKNOWN else kind  # tags are MP3's; its frames begin further on


def kind_of_bytes(start: bytes) -> FileKind:
    """Return what a file is that begins with these bytes; some thousand tell best, and an ID3v2 tag must be off."""
    if not start:
        return EMPTY
    for look in (_riff, _ogg, _mp4, _iff, _matroska, _caf):
        if kind := look(start):
            return kind
    for offset, mark, kind in _MARKS:
        if start.startswith(mark, offset):
            return kind
    if kind := _text(start):
        return kind
    if (start[:1] == b"G" and _repeats(start, 0, 188)) or _repeats(start, 4, 192):
        return _video("MPEG transport stream")
    for pattern, kind in _PATTERNS:
        if pattern.match(start):
            return kind
    if _is_latm(start):
        return _audio("AAC (LATM)")
    if name := find_mpeg_audio(start):
        return _audio(name)
    if is_free_format(start):
        return _audio("free-format MP3")
    if start[:2] == b"BM" and start[6:10] == bytes(4):
        return _PICTURE
    if start[:2] == b"MZ":
        return _other("program")
    return UNKNOWN


def _id3_bytes(start: bytes) -> int:
    """Return the length of an ID3v2 tag that the bytes begin with, or 0."""
    if len(start) < 10 or start[:3] != b"ID3" or start[3] == 0xFF or start[4] == 0xFF or max(start[6:10]) > 127:
        return 0
    size = sum(value << shift for value, shift in zip(start[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size + (10 if start[5] & 0x10 else 0)  # the flag: a footer


def _is_zeros(file: BinaryIO | io.FileIO, offset: int) -> bool:
    """Return whether the file is zeros as far as can be told from places in it."""
    size = file.seek(0, os.SEEK_END)
    for place in range(1, 17):
        file.seek(offset + (size - offset) * place // 17)
        if any(file.read(START_BYTES) or b""):
            return False
    file.seek(max(0, size - START_BYTES))
    return not any(file.read(START_BYTES) or b"")


def _riff(start: bytes) -> FileKind | None:
    if start[:4] not in (b"RIFF", b"RIFX", b"RF64", b"BW64") or len(start) < 12:
        return None
    if start[8:12] != b"WAVE":
        return _RIFF_FORMS.get(start[8:12])
    name = "RF64" if start[:4] in (b"RF64", b"BW64") else "WAV"
    position, order = 12, ">" if start[:4] == b"RIFX" else "<"
    while position + 10 <= len(start):
        size, tag = struct.unpack(f"{order}IH", start[position + 4 : position + 10])
        if start[position : position + 4] == b"fmt ":
            if tag == 0xFFFE and len(start) >= position + 34:
                tag = struct.unpack(f"{order}H", start[position + 32 : position + 34])[0]
            return _audio(f"{name} with {_WAV_CODECS[tag]}" if tag in _WAV_CODECS else name)
        position += 8 + size + size % 2
    return _audio(name)


def _iff(start: bytes) -> FileKind | None:
    return _IFF_FORMS.get(start[8:12], _other("IFF file")) if start[:4] == b"FORM" else None


def _ogg(start: bytes) -> FileKind | None:
    """Look at the first packet of each stream: a film lists its pictures first, its sound after."""
    if start[:4] != b"OggS":
        return None
    inside = []
    for page in re.finditer(rb"OggS\0[\x02\x03]", start):  # first pages of streams
        packet = page.start() + 27 + (start[page.start() + 26] if page.start() + 26 < len(start) else 0)
        inside += [kind for mark, kind in _OGG_CODECS if start.startswith(mark, packet)]
    return max(inside, key=lambda kind: kind.content) if inside else _audio("Ogg")


def _mp4(start: bytes) -> FileKind | None:
    if start[4:8] in _MOV_ATOMS and start[:1] == b"\0":
        return _MOV
    if start[4:8] != b"ftyp":
        return None
    brand = start[8:12]
    if brand in _MP4_BRANDS:
        return _MP4_BRANDS[brand]
    return _video("3GP") if brand[:2] == b"3g" else _MP4


def _matroska(start: bytes) -> FileKind | None:
    if start[:4] != b"\x1a\x45\xdf\xa3":
        return None
    return _video("WebM" if b"webm" in start[:64] else "Matroska")


def _caf(start: bytes) -> FileKind | None:
    codec = _CAF_CODECS.get(start[28:32]) if start[:4] == b"caff" else None
    return _audio(f"CAF with {codec}") if codec else None


def _is_latm(start: bytes) -> bool:
    """Return whether two frames of AAC in LATM follow each other; each states its length in 13 bits."""
    if len(start) < 3 or start[0] != 0x56 or start[1] & 0xE0 != 0xE0:
        return False
    following = 3 + ((start[1] & 0x1F) << 8 | start[2])
    return start[following : following + 1] == b"\x56"


def _repeats(start: bytes, first: int, step: int) -> bool:
    """Return whether packets of a transport stream begin at every ``step``."""
    return len(start) >= first + 4 * step and set(start[first::step]) == {0x47}


_CONTROL_BYTES = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def _text(start: bytes) -> FileKind | None:
    """Tell kinds of text apart, in UTF-8, UTF-16 with a byte-order mark, or an old 8-bit encoding."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        start = start[: len(start) // 2 * 2].decode("utf-16", "replace").encode()
    if _CONTROL_BYTES.search(start):
        return None
    text = start.decode("utf-8-sig", "replace")
    if text.count("\ufffd") > 1:  # one may be a letter cut in two at the end
        text = start.decode("latin-1")
    head = text.lstrip().lower()
    if head.startswith("version https://git-lfs"):
        return _other("git-lfs pointer", "git lfs pull")
    if re.match(r"<!doctype html|<html|<head|<body|<script|<!--", head) or "<html" in head[:2000]:
        return _other("HTML page", _AGAIN)
    if head.startswith(("<?xml", "<svg", "<error")):
        return _other("XML document", _AGAIN)
    if head.startswith("{\\rtf"):
        return _other("RTF document")
    if re.match(r'[{\[]\s*["{\[\]}]', head):
        return _other("JSON document", "a server's answer was saved in place of the sound; download it again")
    if head.startswith(("#extm3u", "[playlist]")):
        return _other("playlist", "name the files that it lists")
    if "track 01" in head and re.search(r'^\s*file\s+".*"\s+\w+\s*$', head, re.MULTILINE):
        return _other("cue sheet", "name the sound file beside it")
    return _other("text file") if text.strip() else _other("file of blanks", "replace or remove it")
