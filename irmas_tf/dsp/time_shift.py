"""Moving a waveform in time, and replacing a stretch of it by silence."""

from __future__ import annotations

import tensorflow as tf

FADE_SAMPLES = 64  # either side of a silence, so that its edges are no clicks


def shift_in_time(waveform: tf.Tensor, offset: tf.Tensor, *, circular: bool) -> tf.Tensor:
    """Return every waveform moved by its own offset: output sample t is the waveform at ``t - offset``.

    Args:
        waveform: [batch, samples] float32, fewer than 2^22 samples.
        offset: [batch] float32, whole samples, later where positive; not further than ``samples``.
        circular: what leaves at one end comes in at the other; otherwise silence comes in.

    Returns:
        [batch, samples] float32.
    """
    samples = int(waveform.shape[1])
    if circular:
        longer = tf.concat([waveform, waveform], axis=1)
        first = tf.where(offset > 0.0, samples - offset, -offset)
    else:
        longer = tf.pad(waveform, [[0, 0], [samples, samples]])
        first = samples - offset
    place = first[:, tf.newaxis] + tf.range(samples, dtype=tf.float32)
    return tf.gather(longer, tf.cast(place, tf.int32), axis=1, batch_dims=1)


def insert_silence(waveform: tf.Tensor, start: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Return every waveform with zeros for ``length`` samples from ``start`` on, faded out before and in after.

    Args:
        waveform: [batch, samples] float32.
        start: [batch] float32, first silent sample.
        length: [batch] float32, silent samples; 0 leaves the waveform as it is.

    Returns:
        [batch, samples] float32.
    """
    place = tf.range(float(waveform.shape[1]), dtype=tf.float32)
    start = tf.where(length > 0.0, start, -2.0 * FADE_SAMPLES)[:, tf.newaxis]  # no silence is one that is far away
    length = length[:, tf.newaxis]
    distance = tf.maximum(start - place, place - (start + length - 1.0))  # 0 or less inside
    return tf.clip_by_value(distance / FADE_SAMPLES, 0.0, 1.0) * waveform
