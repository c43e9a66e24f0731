"""`irmas_tf.dsp.resample` as a TensorFlow graph, for rates known when the graph is built.

`resample_waveform` is one strided convolution; `resample_rows`, for signals that can be laid out in rows on their way
from the file, saves the copies that this makes.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import tensorflow as tf

from irmas_tf.dsp.resample import ResamplerDesign, design_resampler


def resample_waveform(waveform: tf.Tensor, source_hz: int, target_hz: int) -> tf.Tensor:
    """Resample mono signals; the same filters and conventions as `irmas_tf.dsp.resample.resample`.

    Args:
        waveform: float32 [batch, samples] or [samples]; the number of samples may be dynamic.
        source_hz, target_hz: Python integers from 8,000 to 192,000 Hz.

    Returns:
        float32 [batch, ceil(samples * target_hz / source_hz)] or without the batch axis, as the input.

    Raises:
        ValueError: a rate is out of range.
    """
    design = design_resampler(source_hz, target_hz)
    waveform = tf.convert_to_tensor(waveform, tf.float32)
    if source_hz == target_hz:
        return waveform
    if waveform.shape.rank == 1:
        return resample_waveform(waveform[None], source_hz, target_hz)[0]
    static_samples = waveform.shape[1]
    samples = tf.shape(waveform, tf.int64)[1] if static_samples is None else static_samples
    length = -(-samples * target_hz // source_hz)
    blocks = -(-length // design.block_outputs)
    outputs = (
        _strided(waveform, design, samples, blocks)
        if design.degree == 0
        else _fractional(waveform, design, samples, blocks)
    )
    outputs = tf.reshape(outputs, [tf.shape(waveform, tf.int64)[0], -1])[:, :length]
    return tf.ensure_shape(outputs, [waveform.shape[0], None if static_samples is None else length])


def _strided(waveform: tf.Tensor, design: ResamplerDesign, samples: Any, blocks: Any) -> tf.Tensor:
    """Blocks that start on input samples: [batch, blocks, block_outputs]."""
    needed = (blocks - 1) * design.block_inputs + design.span - design.left
    needed = tf.maximum(needed, 0)
    right = tf.maximum(needed - samples, 0)
    padded = tf.pad(waveform, [[0, 0], [design.left, right]])[:, : design.left + needed]
    return tf.nn.conv1d(padded[:, :, None], design.matrix[:, None, :], design.block_inputs, "VALID")


def _fractional(waveform: tf.Tensor, design: ResamplerDesign, samples: Any, blocks: Any) -> tf.Tensor:
    """Blocks that start between input samples: [batch, blocks, block_outputs]."""
    # Splitting B * M = whole * L + rest keeps the products small: exact in int64 for days of audio.
    whole_step, rest_step = divmod(design.block_outputs * design.down, design.up)
    block = tf.range(tf.cast(blocks, tf.int64))
    rest = block * rest_step
    starts = block * whole_step + rest // design.up
    fractions = tf.cast(rest % design.up, tf.float64) / design.up
    needed = tf.reduce_max(tf.concat([starts, tf.zeros([1], tf.int64)], 0)) + design.span - design.left
    padded = tf.pad(waveform, [[0, 0], [design.left, tf.maximum(needed - samples, 0)]])
    rows = tf.gather(padded, starts[:, None] + np.arange(design.span)[None, :], axis=1)
    shape = [tf.shape(waveform)[0], tf.cast(blocks, tf.int32), design.degree + 1, design.block_outputs]
    terms = tf.reshape(tf.tensordot(rows, design.matrix, axes=1), shape)
    position = 2.0 * fractions - 1.0
    weights = [tf.ones_like(position), position]
    while len(weights) <= design.degree:
        weights.append(2.0 * position * weights[-1] - weights[-2])
    return tf.einsum("bnds,nd->bns", terms, tf.cast(tf.stack(weights, axis=1), tf.float32))


@dataclasses.dataclass(frozen=True)
class RowFilters:
    """A filter bank for a signal that lies in rows, so that no row has to be copied for another's sake.

    Attributes:
        filters: float32 [rows, row, outputs]: what each of the rows around a block adds to its outputs.
        before: how many of the rows come before the block's own.
    """

    filters: np.ndarray
    before: int

    @property
    def row(self) -> int:
        """Samples in a row: those from one block to the next."""
        return self.filters.shape[1]

    @property
    def outputs(self) -> int:
        """Outputs of a block."""
        return self.filters.shape[2]

    @property
    def after(self) -> int:
        """How many of the rows come after the block's own."""
        return len(self.filters) - 1 - self.before


@functools.lru_cache(maxsize=32)
def design_row_filters(source_hz: int, target_hz: int) -> RowFilters | None:
    """Return the filters of `irmas_tf.dsp.resample` for `resample_rows`; None where blocks begin between samples.

    Raises:
        ValueError: a rate is out of range, or both are the same.
    """
    design = design_resampler(source_hz, target_hz)
    if design.is_identity:
        raise ValueError(f"source_hz={source_hz}: is target_hz, and there is nothing to filter")
    if design.degree:
        return None
    row = design.block_inputs
    before = -(-design.left // row)
    start = before * row - design.left
    rows = -(-(start + design.span) // row)
    filters = np.zeros((rows * row, design.block_outputs), np.float32)
    filters[start : start + design.span] = design.matrix
    return RowFilters(filters.reshape(rows, row, -1), before)


def resample_rows(signal: tf.Tensor, blocks: tf.Tensor, filters: RowFilters) -> tf.Tensor:
    """Resample a mono signal by one matrix product for each of the rows that a block of outputs depends on.

    The same sums as `irmas_tf.dsp.resample.resample`, added up in another order: within 1e-6 of the peak.

    Args:
        signal: float32 [blocks + ``filters.after``, ``filters.row``]: the signal, and zeros behind it.
        blocks: int32 scalar, blocks of outputs that the signal has.
        filters: of `design_row_filters`.

    Returns:
        float32 [blocks * outputs per block]; what comes behind the outputs of the signal is its echo in silence.
    """
    rows = tf.stack([blocks, filters.row])
    total = None
    for number, matrix in enumerate(filters.filters):
        later = filters.before - number
        if later > 0:  # what a row adds to a later block: moved there, as the signal would have to be otherwise
            products = tf.pad(tf.matmul(signal, matrix), [[later, 0], [0, 0]])
            products = tf.slice(products, [0, 0], tf.stack([blocks, filters.outputs]))
        else:
            products = tf.matmul(tf.slice(signal, [-later, 0], rows), matrix)
        total = products if total is None else total + products
    return tf.reshape(total, [-1])
