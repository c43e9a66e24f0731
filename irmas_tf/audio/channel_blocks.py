"""Any sound file as blocks of its channels: the one place that decides which decoder reads which kind of file.

| kind | decoder | because |
|---|---|---|
| WAV of 16-bit PCM | the reader here | several times as fast as libsndfile, bit for bit the same |
| WAV with an odd header | `irmas_tf.streaming_wav` | open and wrong sizes, several chunks of data, unpadded chunks |
| other PCM and what else stands in WAV, AIFF, AU, CAF, W64, RF64, VOC ... | libsndfile | exact and fast |
| MP3 in free format | libsndfile | FFmpeg does not know it |
| MP3, Ogg, FLAC, MP4, WebM ..., what libsndfile refuses | FFmpeg (PyAV) | reads to the end, whatever headers say |
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from irmas_tf.audio.sound_file import (
    UNKNOWN_FRAMES,
    AudioError,
    AudioWarning,
    Block,
    PathLike,
    block_frames,
    check_rate,
    no_samples,
    open_raw,
    open_sound,
    read_blocks,
)
from irmas_tf.audio.wav_header import CorrectedWav, WavHeader, is_read_here, read_frames, read_wav_header, true_frames
from irmas_tf.dsp.scratch import scratch
from irmas_tf.kinds.announced_size import is_followed_by_another, sound_bytes
from irmas_tf.kinds.file_kinds import EMPTY, UNKNOWN, FileKind, kind_of_open_file

if TYPE_CHECKING:
    import soundfile

    from irmas_tf.audio.joined_files import Part

Truncated = Callable[[PathLike, float, float], None]

# Kinds that libsndfile reads, by the first words of their names.
_LIBSNDFILE = (
    "WAV", "RF64", "W64", "AIFF", "AU", "CAF", "VOC", "IFF", "IRCAM", "NIST", "PAF", "PVF", "AVR", "XI",
    "Psion", "MIDI sample", "free-format MP3",
)  # fmt: skip
_LIBSNDFILE_CODECS = ("", "A-law", "mu-law", "Microsoft ADPCM", "IMA ADPCM", "GSM 6.10")
_MPEG_SUFFIXES = (".mp1", ".mp2", ".mp3")
_BLOCK_SECONDS = 20.0
_SLACK_BYTES = 64  # of a chunk's header or padding, which some writers count in


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
        if is_read_here(header, fast):
            yield from _iter_wav(path, raw, header, block_seconds, on_truncated)
            return
        kind, parts = look_into(path, raw)
        file = try_libsndfile(path, kind, corrected(raw, header))
        if file is not None:
            longer = _part_announced(raw, kind)
            with file:
                yield from _iter_sound_file(path, file, header, block_seconds, on_truncated, longer)
            return
    counted = header.fact_frames / header.sample_rate_hz if header and header.sample_rate_hz else 0.0
    yield from _iter_parts(path, kind, parts, block_seconds, on_truncated, counted)


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
    from irmas_tf.audio.joined_files import find_parts  # here, so that a plain WAV file is answered sooner

    return kind, find_parts(raw, kind.name)


def corrected(raw: io.FileIO, header: WavHeader | None) -> CorrectedWav | None:
    """Return what libsndfile shall read in place of a WAV file, if that is not as it should be."""
    return None if header is None or header.is_plain else CorrectedWav(raw, header)


def try_libsndfile(path: PathLike, kind: FileKind, source: CorrectedWav | None = None) -> soundfile.SoundFile | None:
    """Return the file, or what ``source`` makes of it, opened by libsndfile, or None if FFmpeg shall read it.

    Raises:
        AudioError: libsndfile refuses it and it is not for FFmpeg, or its rate is not supported.
    """
    from irmas_tf.audio.av_file import has_av

    container, _, codec = kind.name.partition(" with ")
    is_known = container.startswith(_LIBSNDFILE)
    if codec not in _LIBSNDFILE_CODECS or not (is_known or kind is UNKNOWN):
        return None
    if kind is UNKNOWN and (has_av() or os.fspath(path).lower().endswith(_MPEG_SUFFIXES)):
        return None  # libsndfile goes by the name, and libmpg123 writes to the terminal
    try:
        return open_sound(path, source)
    except AudioError as error:
        if error.kind != "unreadable" or not has_av():
            raise
        return None


def _iter_parts(
    path: PathLike,
    kind: FileKind,
    parts: list[Part],
    block_seconds: float,
    on_truncated: Truncated,
    counted: float,
) -> Iterator[Block]:
    """Yield what FFmpeg decodes of the parts of a file; a part without any sound is passed over.

    A WAV file counts its samples, ``counted`` seconds, where FFmpeg itself cannot tell how much there should be.
    """
    from irmas_tf.audio.av_decode import TOLERANCE_SECONDS, Lengths, iter_av
    from irmas_tf.audio.av_file import require_av
    from irmas_tf.audio.joined_files import is_whole

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
    cut = parts[-1].cut_bytes / max(1, parts[-1].size)
    lengths.missing = max(lengths.missing, lengths.decoded * cut)
    if lengths.decoded < counted - TOLERANCE_SECONDS:
        lengths.missing = max(lengths.missing, counted - lengths.decoded)
    if lengths.missing:
        on_truncated(path, lengths.decoded, lengths.decoded + lengths.missing)


def _iter_sound_file(
    path: PathLike,
    file: soundfile.SoundFile,
    header: WavHeader | None,
    block_seconds: float,
    on_truncated: Truncated,
    longer: float,
) -> Iterator[Block]:
    """Yield what libsndfile decodes of an open file, which should hold ``longer`` times as much."""
    rate, promised, received = file.samplerate, true_frames(file.frames, header), 0
    for samples in read_blocks(path, file, block_frames(file.channels, int(rate * block_seconds))):
        if promised < file.frames and len(samples) >= promised - received:
            samples = samples[: promised - received]  # behind them is the padding of the last block
        received += len(samples)
        if len(samples):
            yield Block(samples, rate)
    promised = max(round(received * longer), promised if promised < UNKNOWN_FRAMES else 0)
    if header is not None and header.present_frames:  # which counts blocks of compressed samples
        promised = max(promised, round(received * _announced(header) / header.present_frames))
    if received and received < promised:
        on_truncated(path, received / rate, promised / rate)


def _part_announced(raw: io.FileIO, kind: FileKind) -> float:
    """Return how many times as much a file holds or announces as is heard: it is cut, or another is joined to it."""
    place = sound_bytes(raw, kind.name)
    size = os.fstat(raw.fileno()).st_size
    if place is None or not place.start < min(size, place.end):
        return 1.0
    if is_followed_by_another(raw, kind.name, place):
        return (size - place.start) / (place.end - place.start)
    return (place.end - place.start) / (size - place.start) if size < place.end - _SLACK_BYTES else 1.0


def _iter_wav(
    path: PathLike, raw: io.FileIO, header: WavHeader, block_seconds: float, on_truncated: Truncated
) -> Iterator[Block]:
    """Yield the blocks of a WAV file that is read here: int16 as they lie in the file, or float32."""
    rate, channels, frames = header.sample_rate_hz, header.channels, header.present_frames
    if not frames:
        raise no_samples(path)
    check_rate(path, rate)
    size = block_frames(channels, int(rate * block_seconds))
    if header.is_pcm16:
        raw.seek(header.data_offset)
        values = scratch("audio.values", size * channels, "<i2")
        for first in range(0, frames, size):
            count = min(size, frames - first)
            count = (raw.readinto(values[: count * channels].data.cast("B")) or 0) // header.frame_bytes
            if count == 0:
                break  # the file shrank meanwhile
            yield Block(values[: count * channels].reshape(count, channels), rate)
    else:
        for samples in read_frames(raw, header, size):
            yield Block(samples, rate)
    check_length(path, header, frames, on_truncated)


def check_length(path: PathLike, header: WavHeader, frames: int, on_truncated: Truncated | None = None) -> None:
    """Tell if a WAV file has fewer frames than it announces, or more sound behind those that are read."""
    if frames < (promised := _announced(header)):
        rate = header.sample_rate_hz
        (on_truncated or warn_truncated)(path, frames / rate, promised / rate)


def _announced(header: WavHeader) -> int:
    """Return the frames that a WAV file announces or seems to hold, of a size that is open those in it."""
    promised = header.present_frames if header.promised_frames is None else header.promised_frames
    return promised + header.unread_bytes // header.frame_bytes


def cut_words(present: float, promised: float) -> str:
    """Return what is said of seconds that are missing."""
    return f"{present:.3f} s of the {promised:.3f} s that it announces can be decoded; what is there is used"


def warn_truncated(path: PathLike, present: float, promised: float) -> None:
    """Warn of seconds that are missing."""
    warnings.warn(f"{os.fspath(path)}: {cut_words(present, promised)}", AudioWarning, stacklevel=2)
