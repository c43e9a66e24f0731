"""Reading audio files: any kind of sound or video, any channel count, 8 to 192 kHz -> mono float32 at the wanted rate.

`irmas_tf.audio.channel_blocks` says which decoder reads what; a short 16-bit PCM WAV file, as IRMAS consists of, takes
a short cut here, with the same bits. Mono is the mean of the channels. Full scale is 1.0; float files and the
resampler's overshoot may pass it and are not clipped.

What is wrong with a file is an `AudioError` that names it. Of sound that is missing, or that cannot be decoded, an
`AudioWarning` tells both lengths, and what is there is used.
"""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Iterator

import numpy as np

from irmas_tf.audio.channel_blocks import (
    Truncated,
    check_length,
    corrected,
    cut_words,
    iter_channel_blocks,
    look_into,
    try_libsndfile,
    warn_truncated,
)
from irmas_tf.audio.heard import Heard
from irmas_tf.audio.mono import pcm16_to_mono, to_mono
from irmas_tf.audio.sound_file import (
    UNKNOWN_FRAMES,
    AudioError,
    AudioWarning,
    PathLike,
    block_frames,
    check_rate,
    no_samples,
    open_raw,
    read_blocks,
)
from irmas_tf.audio.wav_header import WavHeader, is_read_here, read_wav_header, subtype, true_frames
from irmas_tf.dsp.resample import StreamingResampler, design_resampler, resample, resample_padded
from irmas_tf.dsp.scratch import scratch

__all__ = ["AudioError", "AudioInfo", "AudioWarning", "PathLike", "audio_info", "decode_file", "iter_blocks"]

_SHORT_VALUES = 1 << 22  # files of up to this many 16-bit values are read in one go: 47 seconds of CD audio
_BLOCK_SECONDS = 20.0
_MAX_ABSOLUTE = 2.0**32  # floats on the scale of 32-bit integers are odd but usable; beyond, spectra would overflow


@dataclasses.dataclass(frozen=True)
class AudioInfo:
    """What a file is, as far as it can be told without decoding it.

    Attributes:
        duration_seconds: length of the first part's rate and all parts.
        sample_rate_hz: stored rate, of the first part.
        channels: number of channels, of the first part.
        subtype: libsndfile's name of the encoding ("PCM_16", "FLOAT", "VORBIS", ...), or FFmpeg's.
        format: libsndfile's name of the container ("WAV", "FLAC", "OGG", ...), or FFmpeg's.
        frames: length in samples per channel.
        is_counted: the length is counted, from the data's size or packet by packet; False if only the header says so.
    """

    duration_seconds: float
    sample_rate_hz: int
    channels: int
    subtype: str
    format: str
    frames: int
    is_counted: bool = True


def audio_info(path: PathLike) -> AudioInfo:
    """Return what a file is, without decoding it.

    Of WAV and its kin, MP4, Matroska and the like only headers are read. The length of MP3, Ogg and FLAC, whose headers
    are not to be believed, is counted packet by packet, in some hundredths of the time that decoding takes.

    Raises:
        AudioError: the file cannot be opened, is not audio, is empty, or has a rate that is not supported.
    """
    with open_raw(path) as raw:
        header = read_wav_header(raw)
        if is_read_here(header):  # as `iter_blocks` reads it
            frames, rate = header.present_frames, header.sample_rate_hz
            if frames == 0:
                raise no_samples(path)
            check_rate(path, rate)
            return AudioInfo(frames / rate, rate, header.channels, subtype(header), "WAV", frames)
        kind, parts = look_into(path, raw)
        file = try_libsndfile(path, kind, corrected(raw, header))
        if file is None:
            from irmas_tf.audio.av_file import count_av

            info = AudioInfo(*count_av(path, kind, parts))
            return info if info.frames else _counted_by_decoding(path, info)
        with file:
            frames, rate = true_frames(file.frames, header), file.samplerate
            if not 0 <= frames < UNKNOWN_FRAMES:
                frames = sum(len(block) for block in read_blocks(path, file, block_frames(file.channels)))
            if frames == 0:
                raise no_samples(path)
            return AudioInfo(frames / rate, rate, file.channels, file.subtype, file.format, frames)


def _counted_by_decoding(path: PathLike, info: AudioInfo) -> AudioInfo:
    """Return what is known of a file, with the length that it has when all of it is decoded."""
    seconds, rate, channels = 0.0, 0, 0
    for samples, rate_hz in iter_channel_blocks(path):
        if not rate:
            rate, channels = rate_hz, samples.shape[1]
        seconds += len(samples) / rate_hz
    return AudioInfo(seconds, rate, channels, info.subtype, info.format, round(seconds * rate))


def decode_file(path: PathLike, target_hz: int, *, fast: bool = True) -> np.ndarray:
    """Decode a whole file to mono at the wanted rate.

    Args:
        path: file of any supported format.
        target_hz: wanted rate, 8,000 to 192,000 Hz.
        fast: read 16-bit PCM WAV without libsndfile; the result is the same.

    Returns:
        float32 [ceil(frames * target_hz / source_hz)], full scale 1.0, at least one sample.

    Raises:
        AudioError: not a readable file, not audio, no samples, an unsupported rate, NaN or infinity in it.
    """
    if fast:
        with open_raw(path) as raw:
            header = read_wav_header(raw)
            if header and header.is_pcm16 and 0 < header.present_frames * header.channels <= _SHORT_VALUES:
                check_rate(path, header.sample_rate_hz)
                return _decode_pcm16(path, raw, header, target_hz)
    pieces = _iter_mono(path, _BLOCK_SECONDS, fast, None, None)
    first, second = next(pieces, None), next(pieces, None)
    if first is None:
        raise no_samples(path)
    if second is None:  # short: with fewer copies, and the same bits
        return resample(first[1], first[0], target_hz)
    return np.concatenate(list(_resampled(itertools.chain((first, second), pieces), target_hz)))


def _decode_pcm16(path: PathLike, raw: io.FileIO, header: WavHeader, target_hz: int) -> np.ndarray:
    """Decode a short 16-bit PCM WAV file with as few passes over memory as possible."""
    frames, channels = header.present_frames, header.channels
    values = scratch("audio.values", frames * channels, "<i2")
    raw.seek(header.data_offset)
    frames = min(frames, raw.readinto(values.data.cast("B")) // header.frame_bytes)  # less if the file shrank
    if frames == 0:
        raise no_samples(path)
    check_length(path, header, frames)
    design = design_resampler(header.sample_rate_hz, target_hz)
    padded = scratch("audio.padded", design.padded_length(frames), np.float32)
    mono = padded[design.left : design.left + frames]
    scale = pcm16_to_mono(values[: frames * channels], channels, mono)
    if design.is_identity:
        return mono * scale
    padded[: design.left] = 0.0
    padded[design.left + frames :] = 0.0
    outputs = resample_padded(padded, frames, design)
    outputs *= scale  # a power of two: not a bit different from scaling the input
    return outputs


def iter_blocks(
    path: PathLike,
    target_hz: int,
    block_seconds: float = _BLOCK_SECONDS,
    *,
    fast: bool = True,
    on_truncated: Truncated | None = None,
    heard: Heard | None = None,
) -> Iterator[np.ndarray]:
    """Decode a file piece by piece; the pieces joined are bit for bit what `decode_file` returns.

    Args:
        path, target_hz, fast: as for `decode_file`.
        block_seconds: audio read at once; memory is a few times this, whatever the length of the file.
        on_truncated: called with path and seconds there are and there should be, in place of an `AudioWarning`.
        heard: gathers what is odd about the file, as far as it has been read.

    Yields:
        float32 [samples], never empty, about ``block_seconds`` long.

    Raises:
        AudioError: as for `decode_file`; for bad data in mid-file, after the pieces before it.
    """
    is_empty = True
    for output in _resampled(_iter_mono(path, block_seconds, fast, on_truncated, heard), target_hz):
        is_empty = False
        yield output
    if is_empty:
        raise no_samples(path)


def _resampled(pieces: Iterator[tuple[int, np.ndarray]], target_hz: int) -> Iterator[np.ndarray]:
    """Yield (rate, mono samples) at the wanted rate; parts of another rate are resampled by themselves."""
    source_hz, resampler = 0, None
    for rate, mono in pieces:
        if rate != source_hz:  # the first piece, or a part of another rate
            if resampler is not None and len(output := resampler.flush()):
                yield output
            source_hz, resampler = rate, StreamingResampler(design_resampler(rate, target_hz))
        if resampler is not None and len(output := resampler.push(mono)):
            yield output
    if resampler is not None and len(output := resampler.flush()):
        yield output


def _iter_mono(
    path: PathLike, block_seconds: float, fast: bool, on_truncated: Truncated | None, heard: Heard | None
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (source rate, mono float32 block at that rate), blocks never empty; all channels come by here."""
    if heard is not None:
        on_truncated = _also_noted(heard, on_truncated or warn_truncated)
    seconds = 0.0
    for samples, rate in iter_channel_blocks(path, block_seconds, fast=fast, on_truncated=on_truncated):
        mono = to_mono(samples)
        if samples.dtype != np.int16:
            _check_values(path, samples, seconds, rate)
        seconds += len(samples) / rate
        if heard is not None:
            heard.add(rate, samples, mono)
        yield rate, mono


def _also_noted(heard: Heard, on_truncated: Truncated) -> Truncated:
    """Return ``on_truncated`` that leaves a word in ``heard``, too."""

    def note(path: PathLike, present: float, promised: float) -> None:
        heard.problems.append(cut_words(present, promised))
        on_truncated(path, present, promised)

    return note


def _check_values(path: PathLike, block: np.ndarray, start: float, rate: int) -> None:
    """Refuse NaN, infinity and values that no audio has, in float32 [frames, channels] from second ``start`` on."""
    rows = block.reshape(1, -1) if block.flags.c_contiguous else block.T  # planes are not copied
    with np.errstate(over="ignore", invalid="ignore"):  # NumPy 2 warns about what is looked for here
        energy = sum(float(np.dot(row, row)) for row in rows)  # finite only if every term is; cheap
    if energy <= _MAX_ABSOLUTE**2:
        return
    bad = ~np.isfinite(block)
    what = "NaN or infinity"
    if not bad.any():
        bad = np.abs(block) > _MAX_ABSOLUTE
        what = f"a value of {np.abs(block).max():.2g} (full scale is 1.0)"
        if not bad.any():
            return
    second = start + int(np.argmax(bad.any(axis=1))) / rate
    problem = f"holds {what} at {second:.3f} s; export it again from its source, or remove the file"
    raise AudioError(path, problem, "non_finite")
