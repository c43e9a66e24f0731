"""The sound of media files: packets decoded by FFmpeg one after the other, and what is missing between them.

A packet that cannot be decoded is left out and the next one is tried, as ffmpeg does; what is missing is told at the
end. The delay of codecs is taken off where the file states it: Opus' pre-skip, MP4's edit list, LAME's tag in MP3.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

from irmas_tf.audio.av_file import (
    ANNOUNCING_STREAMS,
    LOSSLESS_FILES,
    announces_file,
    import_av,
    is_ogg_vorbis,
    iter_packets,
    open_av,
)
from irmas_tf.audio.av_flac import whole_flac_frames
from irmas_tf.audio.av_frames import gather, up_to, without_padding
from irmas_tf.audio.joined_files import Part
from irmas_tf.audio.sound_file import AudioError, Block, PathLike, check_rate
from irmas_tf.kinds.file_kinds import FileKind

TOLERANCE_SECONDS = 0.1  # codecs' delays, which not every writer counts alike
# Streams whose time stamps come from the file; FFmpeg makes up those of others.
_STAMPED = ("asf", "flac", "flv", "matroska", "mov,mp4", "mpeg", "ogg", "wv")
_STAMPED_TOLERANCE_SECONDS = 0.03
_PICTURE_SECONDS = 0.5  # a file ends at most so long behind its last picture or sound
_STAMP_SECONDS = 0.02  # time stamps that go back by more begin another stretch of time
_SHORT_PACKETS = ("aac", "mp3", "mp3float", "vorbis")
_DECODING = threading.Lock()


@dataclasses.dataclass
class Lengths:
    """How much of a file has been decoded: frames by their rate; and seconds that are missing, by header and stamps."""

    frames: dict[int, int] = dataclasses.field(default_factory=dict)
    missing: float = 0.0

    @property
    def decoded(self) -> float:
        """Seconds decoded; the same number whatever the size of blocks."""
        return sum(frames / rate for rate, frames in self.frames.items())


def iter_av(
    path: PathLike, kind: FileKind, part: Part, block_seconds: float, lengths: Lengths, *, whole: bool = True
) -> Iterator[Block]:
    """Yield the sound of a part of a file, as far as it can be decoded; a block is gone with the next.

    Args:
        path: the file.
        kind: what it is, for messages.
        part: bytes to decode, and the delay and padding to take off.
        block_seconds: length of a block, about.
        lengths: is added to.
        whole: the part is the whole file.

    Raises:
        AudioError: as `open_av`; an unsupported rate; of a whole stream nothing can be decoded.
    """
    with open_av(path, kind, part, whole) as (container, stream):
        before, rate = lengths.decoded, 0
        _prepare(container, stream)
        tally = _Tally()
        frames = _iter_frames(container, stream, tally)
        if is_ogg_vorbis(container, stream):
            next(frames, None)  # the first only sets the decoder up
            blocks = up_to(gather(frames, block_seconds), _frames_of_vorbis(stream))
        else:
            blocks = gather(frames, block_seconds)
        if stream.codec_context.name in _SHORT_PACKETS:
            blocks = _in_turn(blocks)
        for block in without_padding(blocks, part):
            if block.rate_hz != rate:
                rate = block.rate_hz
                check_rate(path, rate)
            lengths.frames[rate] = lengths.frames.get(rate, 0) + len(block.samples)
            yield block
        if not rate and tally.is_undecodable:
            problem = (
                f"cannot be decoded: it is {kind.described}, but damaged or in an encoding that FFmpeg does not know"
            )
            raise AudioError(path, f"{problem}; replace it or convert it")
        if rate:
            lengths.missing += _missing_seconds(container, stream, part, tally, lengths.decoded - before, rate)


def _in_turn(blocks: Iterator[Block]) -> Iterator[Block]:
    """Decode a block at a time among all threads.

    For packets that are decoded in some microseconds, threads side by side spend more time on passing Python's lock to
    each other than they gain, being slower than one alone. Resampling, which takes as long, runs beside the turns.
    """
    while True:
        with _DECODING:
            block = next(blocks, None)
        if block is None:
            return
        yield block


def _prepare(container: Any, stream: Any) -> None:
    """Set the decoder up before its first packet."""
    codec = stream.codec_context
    codec.thread_count = 1  # files are decoded side by side
    if codec.name == "flac":  # a damaged frame would be noise
        codec.options = {"err_detect": "crccheck+explode"}
    # FFmpeg takes too much or too little off the end of an Ogg Vorbis file whose sound is in a single page, as it is in
    # clips of some seconds, and the padding of ALAC in CAF twice.
    if is_ogg_vorbis(container, stream) or (codec.name == "alac" and container.format.name == "caf"):
        codec.flags2 |= import_av().codec.context.Flags2.skip_manual


def _frames_of_vorbis(stream: Any) -> int | None:
    """Return how many frames an Ogg Vorbis stream has by its last page."""
    length = (stream.duration or 0) * stream.time_base * stream.codec_context.sample_rate
    return round(length) or None


@dataclasses.dataclass
class _Tally:
    """What is noticed while packets are decoded, in seconds.

    Attributes:
        spanned: from the first sample to the last by the time stamps, over all stretches in which they rise.
        failed: packets that could not be decoded, between others that could.
        end: of the last packet of any stream.
        is_undecodable: there were packets, and none could be decoded.
    """

    spanned: float = 0.0
    failed: float = 0.0
    end: float = 0.0
    is_undecodable: bool = False


def _iter_frames(container: Any, stream: Any, tally: _Tally) -> Iterator[Any]:
    """Yield the decoded frames of a stream, FFmpeg's `AudioFrame`."""
    ffmpeg_error = import_av().error.FFmpegError
    # Whether a film's sound ends early because its file does can only be told from its pictures.
    watched = list(container.streams) if announces_file(container) else [stream]
    index, unit = stream.index, float(stream.time_base)
    start = end = 0.0  # of the present stretch of time stamps
    first: float | None = None  # time stamp of the first packet that could not be decoded, before any that could
    failing = 0.0  # packets since the last that could be decoded; at the very end they are tags or padding
    has_begun = False
    for packet in iter_packets(container, watched):
        if packet.stream.index != index:  # stream_index is 0 in the last, empty packets
            tally.end = max(tally.end, float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base))
            continue
        try:
            frames = packet.decode()
        except ffmpeg_error:
            frames = whole_flac_frames(stream.codec_context, packet)
            failing += 0.0 if frames else (packet.duration or 0) * unit
            tally.is_undecodable = not has_begun
            if first is None and not has_begun and packet.pts is not None:
                first = max(0.0, packet.pts * unit)
        for frame in frames:
            if has_begun:
                tally.failed += failing
            has_begun, failing, tally.is_undecodable = True, 0.0, False
            pts = frame.pts
            if pts is not None:
                pts *= unit
                if pts < end - _STAMP_SECONDS or end == start:
                    tally.spanned += end - start
                    start = max(0.0, pts)  # what is before 0 only sets the decoder up
                    start = start if first is None else min(start, first)
                    first = None
                end = pts + frame.samples / frame.sample_rate
            yield frame
    tally.spanned += end - start
    tally.end = max(tally.end, end)


def _missing_seconds(container: Any, stream: Any, part: Part, tally: _Tally, seconds: float, rate: int) -> float:
    """Return how much sound there should be beyond what has been decoded, by header, time stamps and failed packets."""
    name = container.format.name
    exact, announced, tolerance = 0.5 / rate, 0.0, TOLERANCE_SECONDS
    if part.samples is not None:
        announced, tolerance = part.samples / rate, exact
    elif name.startswith(ANNOUNCING_STREAMS):
        announced = float((stream.duration or 0) * stream.time_base)
        tolerance = exact if name.startswith(LOSSLESS_FILES) else tolerance
    elif announces_file(container):
        length = (container.duration or 0) / 1e6
        only_sound = all(other.type == "audio" for other in container.streams)
        announced = length if only_sound or tally.end < length - _PICTURE_SECONDS else 0.0
    spanned = tally.spanned if name.startswith(_STAMPED) else 0.0
    if is_ogg_vorbis(container, stream):
        spanned = (_frames_of_vorbis(stream) or 0) / rate  # time stamps of a single page are wrong, too
    span_tolerance = exact if name.startswith(LOSSLESS_FILES) else _STAMPED_TOLERANCE_SECONDS
    gaps = ((announced - seconds, tolerance), (spanned - seconds, span_tolerance))
    return max(tally.failed, *(gap for gap, tolerance in gaps if gap > tolerance), 0.0)
