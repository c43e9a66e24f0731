"""Any sound file as blocks of its channels: the one place that decides which decoder reads which kind of file.

| kind | decoder | because |
|---|---|---|
| WAV of 16-bit PCM | the reader here | several times as fast as libsndfile, bit for bit the same |
| other PCM and what else stands in WAV, AIFF, AU, CAF, W64, RF64, VOC ... | libsndfile | exact and fast |
| MP3, Ogg, FLAC, MP4, WebM ..., what libsndfile refuses | FFmpeg (PyAV) | reads to the end, whatever headers say |
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from irmas_tf.audio.av_decode import Lengths, iter_av
from irmas_tf.audio.av_file import has_av, require_av
from irmas_tf.audio.joined_files import Part, find_parts, is_whole, later_frames
from irmas_tf.audio.sound_file import (
    UNKNOWN_FRAMES,
    AudioError,
    AudioWarning,
    Block,
    ForwardReader,
    PathLike,
    block_frames,
    check_rate,
    no_samples,
    open_raw,
    open_sound,
    read_blocks,
)
from irmas_tf.audio.wav_header import WavHeader, read_wav_header
from irmas_tf.dsp.scratch import scratch
from irmas_tf.kinds.file_kinds import EMPTY, UNKNOWN, FileKind, kind_of_open_file

Truncated = Callable[[PathLike, float, float], None]

# Kinds that libsndfile reads, by the first words of their names.
_LIBSNDFILE = (
    "WAV", "RF64", "W64", "AIFF", "AU", "CAF", "VOC", "IFF", "IRCAM", "NIST", "PAF", "PVF", "AVR", "XI",
    "Psion", "MIDI sample",
)  # fmt: skip
_LIBSNDFILE_CODECS = ("", "A-law", "mu-law", "Microsoft ADPCM", "IMA ADPCM", "GSM 6.10")
_MPEG_SUFFIXES = (".mp1", ".mp2", ".mp3")
_BLOCK_SECONDS = 20.0


def iter_channel_blocks(
    path: PathLike,
    block_seconds: float = _BLOCK_SECONDS,
    *,
    fast: bool = True,
    on_truncated: Truncated | None = None,
) -> Iterator[Block]:
    """Yield the sound of a file, channel by channel, as far as it can be decoded; a block is gone with the next.

    Rate and channel count may change between blocks: files that were joined are read part by part.

    Args:
        path: file of any kind.
        block_seconds: length of a block at most, about.
        fast: read 16-bit PCM WAV without libsndfile; the samples are the same.
        on_truncated: called with path and seconds there are and there should be, in place of an `AudioWarning`.

    Raises:
        AudioError: not a readable file, not audio, no samples, or an unsupported rate. Samples are not judged.
    """
    on_truncated = on_truncated or warn_truncated
    with open_raw(path) as raw:
        header = read_wav_header(raw)
        if fast and header and header.is_pcm16 and header.present_frames:
            check_rate(path, header.sample_rate_hz)
            yield from _iter_pcm16(path, raw, header, block_seconds, on_truncated)
            return
        kind, parts = look_into(path, raw)
        later = 0 if header is None else later_frames(raw, header)
    file = try_libsndfile(path, kind)
    if file is None:
        yield from _iter_parts(path, kind, parts, block_seconds, on_truncated)
        return
    with file:
        yield from _iter_sound_file(path, file, header, later, block_seconds, on_truncated)


def iter_channels(path: PathLike) -> Iterator[np.ndarray]:
    """Yield what can be decoded of a file, float32 [frames, channels] at its rate, without warnings."""
    for samples, _ in iter_channel_blocks(path, on_truncated=lambda path, present, promised: None):
        yield samples * np.float32(2.0**-15) if samples.dtype == np.int16 else samples


def look_into(path: PathLike, raw: io.FileIO) -> tuple[FileKind, list[Part]]:
    """Return what an open file is, and its parts.

    Raises:
        AudioError: it is empty, or something that is known and no sound.
    """
    kind = kind_of_open_file(raw)
    if kind is EMPTY:
        raise AudioError(path, "is empty (0 bytes); replace or remove the file", "empty")
    if kind.content == "other":
        raise AudioError(path, f"is not audio but {kind.described}; {kind.remedy or 'replace or remove it'}")
    return kind, find_parts(raw, kind.name)


def try_libsndfile(path: PathLike, kind: FileKind) -> ForwardReader | None:
    """Return the file opened by libsndfile, or None if FFmpeg shall read it.

    Raises:
        AudioError: libsndfile refuses it and it is not for FFmpeg, or its rate is not supported.
    """
    container, _, codec = kind.name.partition(" with ")
    is_known = container.startswith(_LIBSNDFILE)
    if codec not in _LIBSNDFILE_CODECS or not (is_known or kind is UNKNOWN):
        return None
    if kind is UNKNOWN and (has_av() or os.fspath(path).lower().endswith(_MPEG_SUFFIXES)):
        return None  # libsndfile goes by the name, and libmpg123 writes to the terminal
    try:
        return open_sound(path)
    except AudioError as error:
        if error.kind != "unreadable" or not has_av():
            raise
        return None


def _iter_parts(
    path: PathLike, kind: FileKind, parts: list[Part], block_seconds: float, on_truncated: Truncated
) -> Iterator[Block]:
    """Yield what FFmpeg decodes of the parts of a file; a part without any sound is passed over."""
    require_av(path, kind)
    lengths, errors = Lengths(), []
    for part in parts:
        try:
            yield from iter_av(path, kind, part, block_seconds, lengths, whole=is_whole(parts))
        except AudioError as error:
            if error.kind != "unreadable":
                raise
            errors.append((part, error))
    if lengths.decoded == 0:
        raise max(errors, key=lambda failed: failed[0].size)[1] if errors else no_samples(path)
    # Of MP3 files, what holds no sound may be tags or padding; only a header says that there should be some.
    silent = sum(part.size for part, _ in errors if part.samples is not None or kind.name != "MP3")
    lengths.missing += lengths.decoded * silent / max(1, sum(part.size for part in parts) - silent)
    if lengths.missing:
        on_truncated(path, lengths.decoded, lengths.decoded + lengths.missing)


def _iter_sound_file(
    path: PathLike,
    file: ForwardReader,
    header: WavHeader | None,
    later: int,
    block_seconds: float,
    on_truncated: Truncated,
) -> Iterator[Block]:
    """Yield what libsndfile decodes of an open file; ``later`` frames behind its data are not read."""
    rate, promised, received = file.samplerate, file.frames, 0
    if header is not None and header.promised_frames is not None:
        promised = header.promised_frames
    for samples in read_blocks(path, file, block_frames(file.channels, int(rate * block_seconds))):
        received += len(samples)
        yield Block(samples, rate)
    promised = max(received, promised if promised < UNKNOWN_FRAMES else 0) + later
    if received and received < promised:
        on_truncated(path, received / rate, promised / rate)


def _iter_pcm16(
    path: PathLike, raw: io.FileIO, header: WavHeader, block_seconds: float, on_truncated: Truncated
) -> Iterator[Block]:
    """Yield the int16 blocks of a 16-bit PCM WAV file."""
    rate, channels, frames = header.sample_rate_hz, header.channels, header.present_frames
    size = block_frames(channels, int(rate * block_seconds))
    raw.seek(header.data_offset)
    values = scratch("audio.values", size * channels, "<i2")
    for first in range(0, frames, size):
        count = min(size, frames - first)
        count = (raw.readinto(values[: count * channels].data.cast("B")) or 0) // header.frame_bytes
        if count == 0:
            break  # the file shrank meanwhile
        yield Block(values[: count * channels].reshape(count, channels), rate)
    check_length(path, raw, header, frames, on_truncated)


def check_length(
    path: PathLike, raw: io.FileIO, header: WavHeader, frames: int, on_truncated: Truncated | None = None
) -> None:
    """Tell if a WAV file has fewer frames than it announces, or more data behind those that are read."""
    promised = max(frames, header.promised_frames or 0) + later_frames(raw, header)
    if frames < promised:
        rate = header.sample_rate_hz
        (on_truncated or warn_truncated)(path, frames / rate, promised / rate)


def cut_words(present: float, promised: float) -> str:
    """Return what is said of seconds that are missing."""
    return f"{present:.3f} s of the {promised:.3f} s that it announces can be decoded; what is there is used"


def warn_truncated(path: PathLike, present: float, promised: float) -> None:
    """Warn of seconds that are missing."""
    warnings.warn(f"{os.fspath(path)}: {cut_words(present, promised)}", AudioWarning, stacklevel=2)
