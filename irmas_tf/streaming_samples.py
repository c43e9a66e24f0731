"""Samples of WAV files as floats, with NumPy alone: integers, floats, mu-law, A-law and ADPCM.

Imports nothing of the package but its neighbour ``streaming_wav.py``, with which it may be copied to a device. A block
of ADPCM depends on none before it: sample by sample, many blocks are decoded at once.

Sources: ITU-T G.711 (mu-law, A-law); Microsoft, "New Multimedia Data Types and Data Techniques" (both kinds of ADPCM).
"""

from __future__ import annotations

import functools
import importlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if __package__ or TYPE_CHECKING:
    from . import streaming_wav
    from .streaming_wav import WavHeader
else:  # copied to a folder of its own
    streaming_wav = importlib.import_module("streaming_wav")

_LEAST_BLOCKS = 64  # of ADPCM, decoded at once
_STEPS = np.array(
    [
        7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80,
        88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598,
        658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327,
        3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289,
        16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
    ],
    np.int32,
)  # fmt: skip
_STEP_CHANGES = np.array([-1, -1, -1, -1, 2, 4, 6, 8] * 2, np.int32)
_DELTA_FACTORS = np.array([230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230], np.int32)
_COEFFICIENTS = ((256, 0), (512, -256), (0, 0), (192, 64), (240, 0), (460, -208), (392, -232))


def read_frames(file: BinaryIO | io.FileIO, header: WavHeader, count: int) -> Iterator[np.ndarray]:
    """Yield the samples of a WAV file as float32 [samples, channels], full scale 1.0, ``count`` or fewer at a time.

    Args:
        file: the open file; its position is changed.
        header: of that file; its ``block_samples`` must not be 0.
        count: samples per channel; of ADPCM at least some blocks.
    """
    frames = max(count // header.block_samples, 1 if header.sample_bytes else _LEAST_BLOCKS)
    wanted, rest, left = frames * header.frame_bytes, b"", header.present_frames * header.frame_bytes
    samples = header.samples_of(header.present_frames)
    for offset, size in header.parts:
        file.seek(offset)
        while size and left and (data := file.read(min(size, wanted - len(rest), left - len(rest)))):
            size -= len(data)
            data = rest + data
            whole = len(data) // header.frame_bytes * header.frame_bytes
            rest = data[whole:]
            left -= whole
            if whole:
                block = decode_samples(data[:whole], header)[:samples]
                samples -= len(block)
                yield block


def decode_samples(data: bytes, header: WavHeader) -> np.ndarray:
    """Return the samples in bytes, whole frames or blocks, as float32 [samples, channels], full scale 1.0."""
    if header.sample_bytes:
        return _decode_values(data, header).reshape(-1, header.channels)
    decode = _decode_ima if header.tag == streaming_wav.IMA_ADPCM else _decode_ms
    values = decode(
        np.frombuffer(data, np.uint8).reshape(-1, header.frame_bytes), header
    )  # [samples, blocks, channels]
    return values.swapaxes(0, 1).reshape(-1, header.channels).astype(np.float32) / np.float32(32768.0)


def _decode_values(data: bytes, header: WavHeader) -> np.ndarray:
    width, order = header.sample_bytes, ">" if header.big_endian else "<"
    if header.tag in (streaming_wav.A_LAW, streaming_wav.MU_LAW):
        return _companding_table(header.tag)[np.frombuffer(data, np.uint8)]
    if header.tag == streaming_wav.FLOAT:
        with np.errstate(over="ignore"):  # of 64 bits, beyond what 32 hold
            return np.frombuffer(data, f"{order}f{width}").astype(np.float32)
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128.0)) / np.float32(128.0)
    if width == 3:
        words = np.zeros([len(data) // 3, 4], np.uint8)
        columns = words[:, :0:-1] if header.big_endian else words[:, 1:]
        columns[:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        integers = words.view("<i4")[:, 0]
    else:
        integers = np.frombuffer(data, f"{order}i{width}")
    scale = np.float32(1 / 32768 if width == 2 else 2.0**-31)
    return integers.astype(np.float32) * scale


@functools.cache
def _companding_table(tag: int) -> np.ndarray:
    """Return the sample, float32 with full scale 1.0, of each of the 256 bytes of mu-law or A-law."""
    codes = np.arange(256)
    flipped = codes ^ (0x55 if tag == streaming_wav.A_LAW else 0xFF)
    exponent, mantissa = flipped >> 4 & 7, flipped & 15
    if tag == streaming_wav.A_LAW:
        values = np.where(exponent == 0, 16 * mantissa + 8, (16 * mantissa + 264) << np.maximum(exponent, 1) - 1)
        sign = np.where(flipped & 128, 1, -1)
    else:
        values = ((mantissa << 3) + 132 << exponent) - 132
        sign = np.where(flipped & 128, -1, 1)
    return (sign * values / 32768).astype(np.float32)


def _words(block_bytes: np.ndarray, order: str = "<") -> np.ndarray:
    """Return 16-bit integers [..., n] of bytes [..., 2 n]; blocks of ADPCM are little-endian in RIFX as well."""
    return np.ascontiguousarray(block_bytes).view(f"{order}i2").astype(np.int32)


def _decode_ima(blocks: np.ndarray, header: WavHeader) -> np.ndarray:
    """Return the samples [samples, blocks, channels] of IMA ADPCM, bytes [blocks, bytes]."""
    channels = header.channels
    words = blocks.reshape(len(blocks), -1, channels, 4).transpose(1, 0, 2, 3)  # [words, blocks, channels, bytes]
    value = _words(words[0, :, :, :2])[..., 0]
    index = np.minimum(words[0, :, :, 2].astype(np.int32), 88)
    codes = np.stack([words[1:] & 15, words[1:] >> 4], axis=-1)  # the lower half of a byte comes first
    codes = codes.reshape(len(words) - 1, len(blocks), channels, 8).transpose(0, 3, 1, 2).reshape(-1, *value.shape)
    outputs = np.empty((1 + len(codes), *value.shape), np.int32)
    outputs[0] = value
    for number, code in enumerate(codes.astype(np.int32), 1):
        step = _STEPS[index]
        change = (step >> 3) + (code & 1) * (step >> 2) + (code >> 1 & 1) * (step >> 1) + (code >> 2 & 1) * step
        value = np.clip(value + np.where(code & 8, -change, change), -32768, 32767)
        index = np.clip(index + _STEP_CHANGES[code], 0, 88)
        outputs[number] = value
    return outputs


def _decode_ms(blocks: np.ndarray, header: WavHeader) -> np.ndarray:
    """Return the samples [samples, blocks, channels] of Microsoft ADPCM, bytes [blocks, bytes]."""
    channels = header.channels
    table = np.array(_coefficients(header), np.int32)
    first, second = table[np.minimum(blocks[:, :channels], len(table) - 1)].transpose(2, 0, 1)
    delta, newer, older = (_words(blocks[:, start * channels : (start + 2) * channels]) for start in (1, 3, 5))
    packed = blocks[:, 7 * channels :]
    codes = np.stack([packed >> 4, packed & 15], axis=-1).reshape(len(blocks), -1)  # the upper half comes first
    codes = codes[:, : codes.shape[1] // channels * channels].reshape(len(blocks), -1, channels).transpose(1, 0, 2)
    outputs = np.empty((2 + len(codes), *newer.shape), np.int32)
    outputs[0], outputs[1] = older, newer
    for number, code in enumerate(codes.astype(np.int32), 2):
        predicted = newer * first + older * second >> 8
        older = newer
        newer = np.clip(predicted + (code - (code >> 3 << 4)) * delta, -32768, 32767)
        delta = np.maximum(_DELTA_FACTORS[code] * delta >> 8, 16)
        outputs[number] = newer
    return outputs


def _coefficients(header: WavHeader) -> list[tuple[int, int]]:
    """Return the predictors in the header of Microsoft ADPCM, or the usual ones."""
    order = ">" if header.big_endian else "<"
    words = _words(np.frombuffer(header.fmt[20 : len(header.fmt) // 2 * 2], np.uint8), order).tolist()
    count = words[0] if words else 0
    if 0 < count <= 256 and len(words) > 2 * count:
        return list(zip(words[1 : 2 * count + 1 : 2], words[2 : 2 * count + 1 : 2], strict=True))
    return list(_COEFFICIENTS)
