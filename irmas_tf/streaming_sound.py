"""Sound from WAV files and pipes for `irmas_tf.streaming`, mono at the model's rate, with NumPy alone.

Imports nothing of the package but its neighbours ``streaming_wav.py`` and ``streaming_samples.py``: copy them to a
device beside ``streaming.py``.
"""

from __future__ import annotations

import importlib
import io
import math
import os
import shlex
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if __package__ or TYPE_CHECKING:
    from . import streaming_samples, streaming_wav
else:  # copied to a folder of its own
    streaming_samples = importlib.import_module("streaming_samples")
    streaming_wav = importlib.import_module("streaming_wav")

MIN_RATE_HZ, MAX_RATE_HZ = 8000, 192000
_BLOCK_FRAMES = 4096
_MOST_BYTES = 1 << 20  # read at once
_PIPED_HEADER_BYTES = 1 << 16


class SoundError(ValueError):
    """A sound cannot be used; the message says why and the remedy."""


class SoundWarning(UserWarning):
    """A sound is used, but something about it is not as it should be."""


def wav_blocks(path: str | os.PathLike[str], rate_hz: int) -> Iterator[np.ndarray]:
    """Yield the samples of a WAV file as mono float32 [n] at ``rate_hz``, a block at a time.

    Integers of 8 to 32 bits, floats of 32 and 64, mu-law, A-law and ADPCM, any channels, 8 to 192 kHz. What of a cut
    file is there is used, with a `SoundWarning`.

    Raises:
        SoundError: it is no such file.
        OSError: it cannot be read.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        header = _usable(streaming_wav.read_wav_header(file), name, rate_hz)
        frames = 0
        resampler = Resampler(header.sample_rate_hz, rate_hz)
        count = min(_BLOCK_FRAMES, _MOST_BYTES // header.frame_bytes * header.block_samples)
        for block in streaming_samples.read_frames(file, header, count):
            frames += len(block)
            if len(samples := resampler.push(_mono(block))):
                yield samples
        if not frames:
            raise SoundError(f"{name}: holds no samples; replace or remove the file")
        if len(samples := resampler.flush()):
            yield samples
    seconds = frames / header.sample_rate_hz
    if header.promised_frames is not None and frames < (promised := header.samples_of(header.promised_frames)):
        announced = promised / header.sample_rate_hz
        _warn(f"{name}: the data stops after {seconds:.3f} s of the {announced:.3f} s that its header announces")
    if header.unread_bytes:
        _warn(f"{name}: behind the {seconds:.3f} s that its header announces are {header.unread_bytes} unread bytes")


def piped_wav_blocks(stream: BinaryIO, start: bytes, rate_hz: int) -> Iterator[np.ndarray]:
    """Yield a WAV file that comes through a pipe as mono float32 [n] at ``rate_hz``, as soon as there is any of it.

    Args:
        stream: the pipe.
        start: what was read of it, of `read_start`.
        rate_hz: wanted rate.

    Raises:
        SoundError: as for `wav_blocks`.
    """
    read = _as_it_comes(stream)
    name = "standard input"
    header = _usable(streaming_wav.read_wav_header(io.BytesIO(start)), name, rate_hz)
    blocks = math.inf if header.promised_frames is None else header.promised_frames
    promised = math.inf if header.promised_frames is None else header.samples_of(header.promised_frames)
    resampler, data, frames = Resampler(header.sample_rate_hz, rate_hz), start[header.data_offset :], 0
    while blocks > 0:
        count = int(min(len(data) // header.frame_bytes, blocks))
        blocks -= count
        if count:
            size = count * header.frame_bytes
            block = streaming_samples.decode_samples(data[:size], header)
            data, block = data[size:], block[: int(min(len(block), promised - frames))]
            frames += len(block)
            if len(samples := resampler.push(_mono(block))):
                yield samples
        if not (more := read(min(_BLOCK_FRAMES * header.frame_bytes, _MOST_BYTES))):
            break
        data += more
    if len(samples := resampler.flush()):
        yield samples
    while read(1 << 16):  # chunks behind the data; the writer shall not fail for want of a reader
        pass
    if frames < promised < math.inf:
        rate = header.sample_rate_hz
        _warn(f"{name}: ends after {frames / rate:.3f} s of the {promised / rate:.3f} s that its header announces")


def read_start(stream: BinaryIO) -> bytes:
    """Return the first bytes of a pipe, of a WAV file as many as hold its header."""
    read = _as_it_comes(stream)
    start = more = read(2 * _BLOCK_FRAMES)
    while more and len(start) < _PIPED_HEADER_BYTES and _is_incomplete(start):
        start += (more := read(2 * _BLOCK_FRAMES))
    return start


def is_wav(start: bytes) -> bool:
    """Return whether a file or pipe that begins with these bytes is a WAV file."""
    return start[:4] in streaming_wav.MAGIC and start[8:12] == b"WAVE"


def _as_it_comes(stream: BinaryIO) -> Callable[[int], bytes]:
    # Of a buffered reader read() would wait for all, read1() takes what has come.
    return getattr(stream, "read1", stream.read)  # type: ignore[no-any-return]


def _is_incomplete(start: bytes) -> bool:
    """Return whether the bytes may be the beginning of a WAV file's header, and not all of it."""
    if len(start) < 12:
        return any(magic.startswith(start[:4]) for magic in streaming_wav.MAGIC)
    return is_wav(start) and streaming_wav.read_wav_header(io.BytesIO(start)) is None


def _usable(header: streaming_wav.WavHeader | None, name: str, rate_hz: int) -> streaming_wav.WavHeader:
    """Return the header, or refuse what is not read here."""
    remedy = f"convert it: ffmpeg -i {shlex.quote(name)} -ac 1 -ar {rate_hz} -c:a pcm_s16le OUT.wav"
    if header is None:
        raise SoundError(f"{name}: is not a WAV file; {remedy}")
    if not header.block_samples:
        encoding = f"format {header.tag:#x} with {header.bits} bits and {header.channels} channels"
        raise SoundError(f"{name}: holds {encoding}, which is not read here; {remedy}")
    if not MIN_RATE_HZ <= header.sample_rate_hz <= MAX_RATE_HZ:
        supported = f"{MIN_RATE_HZ:,} to {MAX_RATE_HZ:,} Hz"
        raise SoundError(f"{name}: has a sample rate of {header.sample_rate_hz:,} Hz; supported are {supported}")
    return header


def _mono(block: np.ndarray) -> np.ndarray:
    return block[:, 0] if block.shape[1] == 1 else block.mean(axis=1)


def _warn(message: str) -> None:
    warnings.warn(f"{message}; what is there is used", SoundWarning, stacklevel=3)


class Resampler:
    """Converts the sample rate of a mono signal that arrives in pieces: a polyphase Kaiser-windowed sinc.

    It is the filter of `irmas_tf.dsp.resample`, with which models are trained: linear phase, no delay, pass-band to
    0.9 of half the lower rate, stop-band from half the lower rate on, more than 82 dB down. n samples become
    ceil(n * target_hz / source_hz).

    Args:
        source_hz, target_hz: the rates, integers.
    """

    _MOST_PHASES = 1024  # beyond, filters between two phases are interpolated; the error stays below -100 dB
    _TILE = 1 << 18  # values at work at once

    def __init__(self, source_hz: int, target_hz: int) -> None:
        divisor = math.gcd(source_hz, target_hz)
        self._up, self._down = target_hz // divisor, source_hz // divisor
        nyquist = 0.5 * min(1.0, target_hz / source_hz)  # cycles per input
        transition = 0.1 / 0.88
        self._cutoff = (1.0 - 0.5 * transition) * nyquist
        self._half_width = 0.5 * (83.0 - 7.95) / (2.285 * 2.0 * math.pi * nyquist * transition)
        self._left = math.ceil(self._half_width)
        self._span = 2 * self._left + 2
        self._is_exact = self._up <= self._MOST_PHASES
        self._filters = self._design(self._up if self._is_exact else self._MOST_PHASES)
        self._pending = np.zeros(self._left, np.float32)  # silence before the first sample
        self._start = -self._left  # input index of the first pending sample
        self._received = self._answered = 0

    def _design(self, phases: int) -> np.ndarray:
        """Return the filters [phases + 1, span] for outputs at fractions of an input, from 0 to 1."""
        times = np.arange(self._span) - self._left - np.arange(phases + 1)[:, None] / phases
        inside = np.sqrt(np.clip(1.0 - (times / self._half_width) ** 2, 0.0, 1.0))
        beta = 0.1102 * (83.0 - 8.7)
        window = np.where(np.abs(times) <= self._half_width, np.i0(beta * inside), 0.0)
        filters = np.sinc(2.0 * self._cutoff * times) * window
        return (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Take the next float32 [n] and return the samples that are now complete."""
        self._received += len(samples)
        if self._up == self._down:
            return samples
        self._pending = np.concatenate([self._pending, samples])
        # Output n needs the inputs up to (n * down) // up - left + span.
        last = self._start + len(self._pending) + self._left - self._span
        return self._outputs((last + 1) * self._up // self._down + 1 if last >= 0 else 0, last)

    def flush(self) -> np.ndarray:
        """Return the samples that were waiting for more; the signal is over."""
        if self._up == self._down:
            return np.zeros(0, np.float32)
        self._pending = np.concatenate([self._pending, np.zeros(self._span, np.float32)])
        return self._outputs(-(-self._received * self._up // self._down), self._received)

    def _outputs(self, end: int, last: int) -> np.ndarray:
        """Return outputs up to number ``end`` that begin at input ``last`` at most, and drop what none will need."""
        if end <= self._answered or len(self._pending) < self._span:
            return np.zeros(0, np.float32)
        pieces = []
        rows = np.lib.stride_tricks.sliding_window_view(self._pending, self._span)
        while self._answered < end:
            numbers = np.arange(self._answered, min(end, self._answered + max(1, self._TILE // self._span)))
            whole, phase = np.divmod(numbers * self._down, self._up)
            whole, phase = whole[whole <= last], phase[whole <= last]
            if not len(whole):
                break
            pieces.append(self._filtered(rows[whole - self._left - self._start], phase))
            self._answered += len(whole)
        drop = self._answered * self._down // self._up - self._left - self._start
        self._pending, self._start = self._pending[drop:], self._start + drop
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def _filtered(self, rows: np.ndarray, phase: np.ndarray) -> np.ndarray:
        """Return the dot product of each row [outputs, span] with the filter for its phase."""
        if self._up == 1:
            return rows @ self._filters[0]
        if self._is_exact:
            return np.einsum("ot,ot->o", rows, self._filters[phase])
        place, weight = np.divmod(phase * (self._MOST_PHASES / self._up), 1.0)
        index, weight = place.astype(np.int64), weight.astype(np.float32)
        lower = np.einsum("ot,ot->o", rows, self._filters[index])
        return lower + weight * (np.einsum("ot,ot->o", rows, self._filters[index + 1]) - lower)
