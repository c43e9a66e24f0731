"""Sound and video files opened by FFmpeg, through PyAV.

FFmpeg only gets demuxers of media files. Playlists and the like, which make it open other files and addresses, are not
among them.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
from collections.abc import Iterator
from typing import Any

from irmas_tf.audio.joined_files import Part, is_whole
from irmas_tf.audio.sound_file import AudioError, PathLike, check_rate, no_samples
from irmas_tf.kinds.file_kinds import FileKind

_DEMUXERS = (
    "aac,ac3,ac4,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,iff,ircam,live_flv,loas,matroska,"
    "mlp,mov,mp3,mpc,mpc8,mpeg,mpegts,mxf,nsv,nut,ogg,oma,qcp,rm,shn,sox,tak,truehd,tta,voc,w64,wav,wtv,wv,xwma"
)
LOSSLESS_FILES = ("ape", "flac", "tak", "tta", "wv")
"""Names of FFmpeg's demuxers for files whose announced lengths are exact."""
ANNOUNCING_STREAMS = (*LOSSLESS_FILES, "avi", "caf", "mov,mp4", "mpc", "ogg")
"""Demuxers that know the length of each stream; others estimate it from the bit rate."""
_ANNOUNCING_FILES = ("asf", "flv", "matroska")
_COUNTED = ("mp3", "ogg", "flac")  # packets give the exact length; headers are not to be believed
_MOST_ERRORS = 64  # of a file's structure in a row; beyond, the rest is given up
_FORMATS = {"matroska,webm": "MATROSKA", "mov,mp4,m4a,3gp,3g2,mj2": "MP4"}
_SUBTYPES = {"mp3": "MPEG_LAYER_III", "mp2": "MPEG_LAYER_II", "mp1": "MPEG_LAYER_I"}  # as libsndfile has them


@functools.cache
def import_av() -> Any:
    """Return the module av; it is imported where a file needs it."""
    import av
    import av.codec.context

    return av


def has_av() -> bool:
    """Return whether the package av is there."""
    with contextlib.suppress(ImportError):
        return import_av() is not None
    return False


def require_av(path: PathLike, kind: FileKind) -> Any:
    """Return the module av.

    Raises:
        AudioError: it is not installed; the message says how to install it, or to convert the file.
    """
    try:
        return import_av()
    except ImportError as error:
        name = os.fspath(path)
        problem = (
            f"is {kind.described}, which only the package av can read ({error}): pip install av, or ffmpeg -i"
            f" {shlex.quote(name)} {shlex.quote(os.path.splitext(name)[0] + '.converted.wav')}"
        )
        raise AudioError(path, problem) from error


@contextlib.contextmanager
def open_av(path: PathLike, kind: FileKind, part: Part, whole: bool) -> Iterator[tuple[Any, Any]]:
    """Open a part of a file and yield (container, its audio stream).

    Raises:
        AudioError: FFmpeg cannot read it, or there is no sound in it.
    """
    av = require_av(path, kind)
    name, protocols = f"file:{os.fspath(path)}", "file"
    if not whole:
        name, protocols = f"subfile,,start,{part.start},end,{part.end},,:{name}", "subfile,file"
    options = {"format_whitelist": _DEMUXERS, "protocol_whitelist": protocols}
    try:
        container = av.open(name, container_options=options, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        raise AudioError(path, _not_readable(kind, error)) from error
    with container:
        yield container, _audio_stream(path, kind, container)


def _not_readable(kind: FileKind, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    if kind.has_sound:
        return f"cannot be decoded: it is {kind.described}, but damaged or incomplete ({reason}); replace the file"
    return f"is not audio that can be read ({reason}); replace it or convert it"


def _audio_stream(path: PathLike, kind: FileKind, container: Any) -> Any:
    """Return the default audio stream, or the first one, ready to be decoded; the others are left out."""
    streams = container.streams.audio
    if not streams:
        what = kind.described if kind.has_sound else "not audio"
        tail = "without sound" if container.streams.video else "but holds no sound"
        raise AudioError(path, f"is {what} {tail}; name a file that has some")
    defaults = [stream for stream in streams if stream.disposition & 1]
    stream = (defaults or streams)[0]
    if stream.codec_context is None:
        raise AudioError(path, f"is {kind.described} in a codec that FFmpeg cannot decode; convert it")
    return stream


def count_av(path: PathLike, kind: FileKind, parts: list[Part]) -> tuple[float, int, int, str, str, int, bool]:
    """Return the fields of `irmas_tf.audio.decode.AudioInfo`, from headers and packets; nothing is decoded.

    A length of 0 means that neither headers nor packets say how much sound there is, or at which rate.

    Raises:
        AudioError: no part holds sound, or the first one has an unsupported rate.
    """
    seconds, first, errors = 0.0, None, []
    for part in parts:
        try:
            with open_av(path, kind, part, is_whole(parts)) as (container, stream):
                length, is_counted = _count_seconds(container, stream, part)
                codec = stream.codec_context
                if first is None or (length > 0 and seconds == 0):  # a part without sound speaks only if all are
                    name = container.format.name
                    subtype = f"PCM_{_flac_bits(codec)}" if codec.name == "flac" else codec.name.upper()
                    subtype = _SUBTYPES.get(codec.name.removesuffix("float"), subtype)
                    first = (codec.sample_rate, codec.channels, subtype, _FORMATS.get(name, name.upper()), is_counted)
                seconds += max(0.0, length)
        except AudioError as error:
            errors.append((part.size, error))
    if first is None:
        raise max(errors, key=lambda failed: failed[0])[1] if errors else no_samples(path)
    rate, channels, subtype, name, is_counted = first
    if rate:
        check_rate(path, rate)
    return seconds, rate, channels, subtype, name, round(seconds * rate), is_counted


def iter_packets(container: Any, streams: list[Any]) -> Iterator[Any]:
    """Yield the packets of streams; behind an error in the file's structure the demuxer goes on."""
    # IndexError: a packet of a stream that the header knows nothing of.
    broken, errors = (import_av().error.FFmpegError, IndexError), 0
    while errors < _MOST_ERRORS:
        try:
            for packet in container.demux(streams):
                errors = 0
                yield packet
            return
        except broken:
            errors += 1


def _flac_bits(codec: Any) -> int:
    """Return bits per sample from FLAC's STREAMINFO."""
    info = codec.extradata or b""
    return 1 + ((info[12] & 1) << 4 | info[13] >> 4) if len(info) >= 14 else 16


def _count_seconds(container: Any, stream: Any, part: Part) -> tuple[float, bool]:
    """Return the length of the sound and whether it was counted packet by packet."""
    name = container.format.name
    if not name.startswith(_COUNTED):
        if name.startswith(ANNOUNCING_STREAMS) and stream.duration:
            return float(stream.duration * stream.time_base), False
        if announces_file(container) and container.duration:
            return container.duration / 1e6, False
    if is_ogg_vorbis(container, stream) and stream.duration:  # of a single page the last packet's length wraps around
        return float(stream.duration * stream.time_base), True
    unit, total = stream.time_base, 0
    start: int | None = None
    end: int | None = None
    for packet in iter_packets(container, [stream]):
        total += packet.duration or 0
        if packet.pts is not None:
            start = packet.pts if start is None else start
            end = packet.pts + (packet.duration or 0)
    if name.startswith("ogg") and start is not None and end is not None:  # the first packets only set the decoder up
        total = end - max(0, start)
    seconds = float(total * unit)
    if part.delay or part.padding:
        seconds -= (part.delay + part.padding) / stream.codec_context.sample_rate
    return seconds, name.startswith(_COUNTED)


def is_ogg_vorbis(container: Any, stream: Any) -> bool:
    """Return whether a stream is Vorbis in Ogg, whose packets FFmpeg does not count right in every file."""
    return bool(stream.codec_context.name == "vorbis" and container.format.name == "ogg")


def announces_file(container: Any) -> bool:
    """Return whether the length that a file announces is that of its longest stream."""
    return container.format.name.startswith(_ANNOUNCING_FILES)
