"""Reading audio files: any libsndfile format, any channel count, 8 to 192 kHz -> mono float32 at the wanted rate.

16-bit PCM WAV, which IRMAS consists of, takes a short cut past libsndfile; everything else is decoded
by libsndfile: WAV of 8, 24 and 32 bits and float, FLAC, Ogg Vorbis, MP3, AIFF and more. Both ways give the same bits.
Mono is the mean of the channels. Full scale is 1.0; float files and the resampler's overshoot may pass it and are not
clipped.

What is wrong with a file is an `AudioError` that names it. Data that stops before the header says so is only an
`AudioWarning`, and what is there is used.
"""

from __future__ import annotations

import dataclasses
import io
import os
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from irmas_tf.audio.heard import Heard
from irmas_tf.audio.mono import mean_of_channels, pcm16_to_mono
from irmas_tf.audio.sound_file import (
    UNKNOWN_FRAMES,
    AudioError,
    AudioWarning,
    PathLike,
    block_frames,
    check_rate,
    no_samples,
    open_raw,
    open_sound,
    read_blocks,
)
from irmas_tf.audio.wav_header import WavHeader, read_wav_header
from irmas_tf.dsp.resample import StreamingResampler, design_resampler, resample_padded
from irmas_tf.dsp.scratch import scratch

Truncated = Callable[[PathLike, float, float], None]

_SHORT_VALUES = 1 << 22  # files of up to this many 16-bit values are read in one go: 47 seconds of CD audio
_MAX_ABSOLUTE = 2.0**32  # floats on the scale of 32-bit integers are odd but usable; beyond, spectra would overflow


@dataclasses.dataclass(frozen=True)
class AudioInfo:
    """What a file's header says.

    Attributes:
        duration_seconds: length; exact except for some MP3 files, whose header only allows an estimate.
        sample_rate_hz: stored rate.
        channels: number of channels.
        subtype: libsndfile's name of the encoding ("PCM_16", "FLOAT", "VORBIS", ...).
        format: libsndfile's name of the container ("WAV", "FLAC", "OGG", ...).
        frames: length in samples a channel.
    """

    duration_seconds: float
    sample_rate_hz: int
    channels: int
    subtype: str
    format: str
    frames: int


def audio_info(path: PathLike) -> AudioInfo:
    """Return what the header of a file says, without decoding it.

    Raises:
        AudioError: the file cannot be opened, is not audio, is empty, or has a rate that is not supported.
    """
    with open_raw(path) as raw:
        header = read_wav_header(raw)
    if header and header.is_pcm16 and header.present_frames:  # as `iter_blocks` reads it
        frames, rate = header.present_frames, header.sample_rate_hz
        check_rate(path, rate)
        return AudioInfo(frames / rate, rate, header.channels, "PCM_16", "WAV", frames)
    with open_sound(path) as file:
        frames = file.frames
        if not 0 <= frames < UNKNOWN_FRAMES:
            frames = sum(len(block) for block in read_blocks(path, file, block_frames(file.channels)))
        if frames == 0:
            raise no_samples(path)
        return AudioInfo(frames / file.samplerate, file.samplerate, file.channels, file.subtype, file.format, frames)


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
    blocks = list(iter_blocks(path, target_hz, fast=fast))
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _decode_pcm16(path: PathLike, raw: io.FileIO, header: WavHeader, target_hz: int) -> np.ndarray:
    """Decode a short 16-bit PCM WAV file with as few passes over memory as possible."""
    frames, channels = header.present_frames, header.channels
    values = scratch("audio.values", frames * channels, "<i2")
    raw.seek(header.data_offset)
    frames = min(frames, raw.readinto(values.data.cast("B")) // header.frame_bytes)  # less if the file shrank
    if frames == 0:
        raise no_samples(path)
    if header.promised_frames is not None and frames < header.promised_frames:
        _warn_truncated(path, frames / header.sample_rate_hz, header.promised_frames / header.sample_rate_hz)
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
    block_seconds: float = 20.0,
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
    resampler: StreamingResampler | None = None
    for source_hz, block in _iter_mono(path, block_seconds, fast, on_truncated or _warn_truncated, heard):
        if resampler is None:
            resampler = StreamingResampler(design_resampler(source_hz, target_hz))
        if len(output := resampler.push(block)):
            yield output
    if resampler is None:
        raise no_samples(path)
    if len(output := resampler.flush()):
        yield output


def _iter_mono(
    path: PathLike, block_seconds: float, fast: bool, on_truncated: Truncated, heard: Heard | None
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (source rate, mono float32 block at that rate), blocks never empty."""
    with open_raw(path) as raw:
        header = read_wav_header(raw)
        if fast and header and header.is_pcm16 and header.present_frames:
            check_rate(path, header.sample_rate_hz)
            yield from _iter_pcm16(path, raw, header, block_seconds, on_truncated, heard)
            return
    with open_sound(path) as file:
        rate, promised = file.samplerate, file.frames
        if header is not None and header.promised_frames is not None:
            promised = header.promised_frames
        is_integer = file.subtype.startswith("PCM") or file.format == "FLAC"
        received = 0
        for block in read_blocks(path, file, block_frames(file.channels, int(rate * block_seconds))):
            mono = mean_of_channels(block)
            if not is_integer:
                _check_values(path, block, received, rate)
            received += len(block)
            if heard is not None:
                heard.add(rate, block, mono)
            yield rate, mono
        tolerance = 0 if file.format != "MP3" else max(4 * 1152, promised // 100)  # MP3 lengths may be estimates
        if received and promised < UNKNOWN_FRAMES and received < promised - tolerance:
            on_truncated(path, received / rate, promised / rate)


def _iter_pcm16(
    path: PathLike,
    raw: io.FileIO,
    header: WavHeader,
    block_seconds: float,
    on_truncated: Truncated,
    heard: Heard | None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (source rate, mono float32 block) of a 16-bit PCM WAV file."""
    rate, channels, frames = header.sample_rate_hz, header.channels, header.present_frames
    size = block_frames(channels, int(rate * block_seconds))
    raw.seek(header.data_offset)
    values = scratch("audio.values", size * channels, "<i2")
    for first in range(0, frames, size):
        count = min(size, frames - first)
        count = (raw.readinto(values[: count * channels].data.cast("B")) or 0) // header.frame_bytes
        if count == 0:
            break  # the file shrank meanwhile
        mono = np.empty(count, np.float32)
        mono *= pcm16_to_mono(values[: count * channels], channels, mono)
        if heard is not None:
            heard.add(rate, values[: count * channels].reshape(-1, channels), mono)
        yield rate, mono
    if header.promised_frames is not None and frames < header.promised_frames:
        on_truncated(path, frames / rate, header.promised_frames / rate)


def _check_values(path: PathLike, block: np.ndarray, first: int, rate: int) -> None:
    """Refuse NaN, infinity and values that no audio has. A sum is finite only if every term is, and far cheaper."""
    samples = block.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):  # NumPy 2 warns about what is looked for here
        energy = np.dot(samples, samples)
    if np.isfinite(energy) and np.abs(samples).max(initial=0) <= _MAX_ABSOLUTE:
        return
    bad = ~np.isfinite(block)
    what = "NaN or infinity"
    if not bad.any():
        bad = np.abs(block) > _MAX_ABSOLUTE
        what = f"a value of {np.abs(block).max():.2g} (full scale is 1.0)"
        if not bad.any():
            return
    second = (first + int(np.argmax(bad.any(axis=1)))) / rate
    problem = f"holds {what} at {second:.3f} s; export it again from its source, or remove the file"
    raise AudioError(path, problem, "non_finite")


def _warn_truncated(path: PathLike, present: float, promised: float) -> None:
    warnings.warn(
        f"{os.fspath(path)}: the data stops after {present:.3f} s of the {promised:.3f} s that its header announces;"
        " what is there is used",
        AudioWarning,
        stacklevel=2,
    )
