"""`irmas_tf.dsp.resample` as a TensorFlow graph: one strided convolution, for rates known when the graph is built."""

from __future__ import annotations

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
