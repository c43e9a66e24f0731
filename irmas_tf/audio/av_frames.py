"""Frames that FFmpeg has decoded, joined to blocks of samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from irmas_tf.audio.joined_files import Part
from irmas_tf.audio.sound_file import Block, block_frames
from irmas_tf.dsp.scratch import scratch

# FFmpeg's sample formats, without the "p" of those in planes: NumPy's type and the factor to full scale 1.0.
_SAMPLE_TYPES = {
    "u8": ("u1", 2.0**-7), "s16": ("i2", 2.0**-15), "s32": ("i4", 2.0**-31), "s64": ("i8", 2.0**-63),
    "flt": ("f4", 1.0), "dbl": ("f8", 1.0),
}  # fmt: skip

_MOST_PADDING = 8192  # the longest block of Vorbis


def gather(frames: Iterator[Any], block_seconds: float) -> Iterator[Block]:
    """Join FFmpeg's `AudioFrame`s to blocks of about ``block_seconds``, each of one rate and channel count.

    A block is gone with the next.
    """
    gathered: _Gathered | None = None
    layout: tuple[str, int, int] | None = None
    for frame in frames:
        present = (frame.format.name, frame.sample_rate, frame.layout.nb_channels)
        if gathered is None or present != layout or gathered.count + frame.samples > gathered.capacity:
            if gathered is not None:
                yield gathered.block()
            layout = present
            gathered = _Gathered(*present, frame.samples, block_seconds)
        gathered.add(frame)
    if gathered is not None:
        yield gathered.block()


class _Gathered:
    """Frames of one kind on their way to a block.

    16-bit samples of interleaved channels stay as they are; all others become float32 in planes, without scaling.
    """

    def __init__(self, name: str, rate: int, channels: int, samples: int, block_seconds: float) -> None:
        self._rate, self._channels = rate, channels
        type_name, self._factor = _SAMPLE_TYPES[name.removesuffix("p")]
        self._dtype = np.dtype(type_name)
        self._is_packed16 = name == "s16"
        self.capacity = max(samples, block_frames(channels, int(rate * block_seconds)))
        self.count = 0
        if self._is_packed16:
            self._buffer = scratch("audio.packed", (self.capacity, channels), np.int16)
            self._packed = self._buffer
        else:
            self._buffer = scratch("audio.planes", (channels, self.capacity), np.float32)
            self._packed = self._buffer.T
        self._rows = list(self._buffer) if name.endswith("p") else []

    def add(self, frame: Any) -> None:
        """Copy the samples of a frame behind those that are there."""
        samples, start, dtype = frame.samples, self.count, self._dtype
        self.count = end = start + samples
        planes = frame.planes
        if not self._rows:
            packed = np.frombuffer(planes[0], dtype, samples * self._channels)
            self._packed[start:end] = packed.reshape(samples, self._channels)
            return
        for row, plane in zip(self._rows, planes, strict=False):  # damaged packets may leave more planes than channels
            row[start:end] = np.frombuffer(plane, dtype, samples)

    def block(self) -> Block:
        """Return what has been added."""
        if self._is_packed16:
            return Block(self._buffer[: self.count], self._rate)
        planes = self._buffer[:, : self.count]
        if self._dtype == np.uint8:
            planes -= np.float32(128)  # 8 bits are unsigned
        if self._factor != 1.0:
            planes *= np.float32(self._factor)
        return Block(planes.T, self._rate)


def without_padding(blocks: Iterator[Block], part: Part) -> Iterator[Block]:
    """Take the part's delay and padding off; the padding stays if the file was cut before it."""
    skip, received = part.delay, -part.delay
    held: Block | None = None  # the latest frames, as many as the padding has
    for samples, rate in blocks:
        received += len(samples)
        samples, skip = samples[skip:], max(0, skip - len(samples))
        if part.padding:
            if held is not None and _are_alike(held, samples, rate) and len(samples) < part.padding:
                samples = np.concatenate([held.samples, samples])
            elif held is not None and len(held.samples):
                yield held
            held = Block(samples[-part.padding :].copy(), rate)
            samples = samples[: -part.padding]
        if len(samples):
            yield Block(samples, rate)
    has_end = part.has_end
    if has_end is None:
        has_end = part.samples is None or received >= part.samples
    if held is not None and len(held.samples) and not has_end:
        yield held


def _are_alike(held: Block, samples: np.ndarray, rate: int) -> bool:
    """Return whether samples follow those held without a change of rate, channels or kind, as damage may feign one."""
    before = held.samples
    return held.rate_hz == rate and before.shape[1] == samples.shape[1] and before.dtype == samples.dtype


def up_to(blocks: Iterator[Block], frames: int | None) -> Iterator[Block]:
    """Stop after that many frames, if no more follow than a codec's last block may hold; else the number is wrong."""
    received = 0
    held: list[Block] = []
    for samples, rate in blocks:
        received += len(samples)
        beyond = len(samples) if held else min(len(samples), max(0, received - frames if frames is not None else 0))
        if beyond < len(samples):
            yield Block(samples[: len(samples) - beyond], rate)
        if beyond:
            held.append(Block(samples[len(samples) - beyond :].copy(), rate))
        if frames is not None and received > frames + _MOST_PADDING:
            yield from held
            held.clear()
            frames = None
